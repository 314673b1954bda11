/* UTF-8, as strict as RFC 3629: nothing overlong, no surrogate, nothing past U+10FFFF.
 * Texts end with a NUL. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_UTF8_H
#define SASREC_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    UTF8_PLAIN,
    UTF8_CONTROL, /* a control character stands in it */
    UTF8_INVALID
} utf8_status_t;

/* The first thing that is wrong with the text. */
utf8_status_t utf8_check (const char *text);

/* Bytes of the character at text, 1 to 4; 0 when what stands there is none. Never passes
 * over the NUL. */
size_t utf8_length (const char *text);

/* The character at text is one of Unicode's Cc (U+0000 to U+001F, U+007F to U+009F), which
 * a terminal may obey. */
bool utf8_is_control (const char *text);

/* Puts '?' in place of what is a control character or no character: for a terminal. */
void utf8_plain (char *text);

/* Takes an unfinished character off the end: for behind a snprintf that may have cut. */
void utf8_trim (char *text);

/* Copies what fits into size bytes, the NUL among them, and never half a character. */
void utf8_copy (char *to, size_t size, const char *from);

#endif
