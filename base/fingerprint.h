/* What stands for bytes that are too many to keep: two that differ have different ones, also
 * where somebody tries to make them alike (BLAKE2b, 128 bits).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_FINGERPRINT_H
#define SASREC_BASE_FINGERPRINT_H

#include <stddef.h>

#include "base/uuid.h"

#define FINGERPRINT_SIZE 33 /* 32 hexadecimal digits and NUL */

void fingerprint (const void *bytes, size_t length, char text[FINGERPRINT_SIZE]);

/* A UUID (version 8) of several texts: the same ones in the same order give the same. */
void fingerprint_uuid (
    const char *const *parts, size_t count, char text[UUID_TEXT_SIZE]);

#endif
