/* A quick reader for JSON as programs mostly write it: texts of printable ASCII without
 * escapes, integers of up to 18 digits, decimals of up to 15 without an exponent, no name
 * twice, no deeper than JSON_DEPTH_LIMIT. jansson looks at such a text character by character
 * several times. What is read is what jansson reads; everything else, errors too, is left
 * to it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_JSONPLAIN_H
#define SASREC_BASE_JSONPLAIN_H

#include <jansson.h>
#include <stddef.h>

/* A fresh reference; NULL: the text is not that plain. */
json_t *jsonplain_read (const char *text, size_t length);

#endif
