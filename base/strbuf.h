/* A growing byte buffer, and the writer of the JSON that is hot enough not to go
 * through a tree. No memory is an assertion. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_STRBUF_H
#define SASREC_BASE_STRBUF_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *data; /* always ended by a NUL that length does not count; NULL if empty */
    size_t length;
    size_t capacity;
} strbuf_t;

#define STRBUF_EMPTY                                                                   \
    {                                                                                  \
        0                                                                              \
    }

void strbuf_free (strbuf_t *self);  /* ready for use again */
void strbuf_clear (strbuf_t *self); /* keeps the memory */
char *strbuf_take (strbuf_t *self); /* the caller frees; never NULL */
void strbuf_add (strbuf_t *self, const char *text);
void strbuf_add_bytes (strbuf_t *self, const void *bytes, size_t length);
void strbuf_addf (strbuf_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* JSON values. Text is quoted and escaped (also '<', '>' and '&' are left as they
 * are); invalid UTF-8 becomes U+FFFD. A float is printed with 9 significant digits, so
 * that it reads back as the same float; not finite is null. */
void strbuf_add_json_string (strbuf_t *self, const char *text);
void strbuf_add_json_int (strbuf_t *self, int64_t value);
void strbuf_add_json_float (strbuf_t *self, float value);
void strbuf_add_json_int_array (strbuf_t *self, const int64_t *values, size_t count);
void strbuf_add_json_float_array (strbuf_t *self, const float *values, size_t count);

#endif
