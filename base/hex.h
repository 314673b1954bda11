/* Bytes as hexadecimal text. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_HEX_H
#define SASREC_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 2 * count lower-case digits, without a NUL. */
void hex_print (const uint8_t *bytes, size_t count, char *text);

/* 2 * count digits, also upper case; false, with bytes partly written, when one is none. A NUL
 * is none either, so a text that is too short is not left. */
bool hex_read (const char *text, uint8_t *bytes, size_t count);

#endif
