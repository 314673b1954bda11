/* UUIDs: version 7 (RFC 9562), so that keys made one after another sort so.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_UUID_H
#define SASREC_BASE_UUID_H

#include <stdbool.h>

#define UUID_TEXT_SIZE 37 /* 36 characters and NUL */

/* Increasing within a process, random beyond the clock's milliseconds. Thread-safe. */
void uuid_make (char text[UUID_TEXT_SIZE]);

/* Version 5: the same name gives the same UUID. */
void uuid_derive (const char *name, char text[UUID_TEXT_SIZE]);

/* The 16 bytes of a valid UUID, as SQL's binary format has them. */
void uuid_bytes (const char *text, unsigned char bytes[16]);

/* Any version, either case; true when text is exactly one UUID. */
bool uuid_valid (const char *text);

#endif
