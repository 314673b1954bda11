/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strbuf.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/utf8.h"

static void
s_reserve (strbuf_t *self, size_t more)
{
    assert (self);
    assert (more < SIZE_MAX / 4 && self->length < SIZE_MAX / 4);
    size_t need = self->length + more + 1;
    if (need <= self->capacity)
        return;
    size_t capacity = self->capacity ? self->capacity * 2 : 64;
    if (capacity < need)
        capacity = need;
    self->data = realloc (self->data, capacity);
    assert (self->data);
    self->capacity = capacity;
    self->data[self->length] = '\0';
}

void
strbuf_free (strbuf_t *self)
{
    assert (self);
    free (self->data);
    *self = (strbuf_t)STRBUF_EMPTY;
}

void
strbuf_clear (strbuf_t *self)
{
    assert (self);
    self->length = 0;
    if (self->data)
        self->data[0] = '\0';
}

char *
strbuf_take (strbuf_t *self)
{
    s_reserve (self, 0);
    char *data = self->data;
    *self = (strbuf_t)STRBUF_EMPTY;
    return data;
}

void
strbuf_add (strbuf_t *self, const char *text)
{
    assert (text);
    strbuf_add_bytes (self, text, strlen (text));
}

void
strbuf_add_bytes (strbuf_t *self, const void *bytes, size_t length)
{
    s_reserve (self, length);
    if (length > 0)
        memcpy (self->data + self->length, bytes, length);
    self->length += length;
    self->data[self->length] = '\0';
}

void
strbuf_addf (strbuf_t *self, const char *format, ...)
{
    va_list args, again;
    va_start (args, format);
    va_copy (again, args);
    s_reserve (self, 32);
    size_t room = self->capacity - self->length;
    int length = vsnprintf (self->data + self->length, room, format, args);
    assert (length >= 0);
    if ((size_t)length >= room) {
        s_reserve (self, (size_t)length);
        vsnprintf (self->data + self->length, (size_t)length + 1, format, again);
    }
    self->length += (size_t)length;
    va_end (again);
    va_end (args);
}

static void
s_add_escape (strbuf_t *self, unsigned code)
{
    switch (code) {
    case '"':
        strbuf_add_bytes (self, "\\\"", 2);
        return;
    case '\\':
        strbuf_add_bytes (self, "\\\\", 2);
        return;
    case '\n':
        strbuf_add_bytes (self, "\\n", 2);
        return;
    case '\t':
        strbuf_add_bytes (self, "\\t", 2);
        return;
    default:
        strbuf_addf (self, "\\u%04x", code);
    }
}

void
strbuf_add_json_string (strbuf_t *self, const char *text)
{
    assert (text);
    strbuf_add_bytes (self, "\"", 1);
    for (size_t step; *text; text += step ? step : 1) {
        step = utf8_length (text);
        if (step == 0)
            strbuf_add_bytes (self, "\xef\xbf\xbd", 3);
        else if (utf8_is_control (text) || *text == '"' || *text == '\\')
            s_add_escape (self, (unsigned char)text[step - 1]);
        else
            strbuf_add_bytes (self, text, step);
    }
    strbuf_add_bytes (self, "\"", 1);
}

void
strbuf_add_json_int (strbuf_t *self, int64_t value)
{
    s_reserve (self, DECIMAL_SIZE);
    self->length += decimal_int (value, self->data + self->length);
}

void
strbuf_add_json_float (strbuf_t *self, float value)
{
    if (value == 0 && signbit (value)) {
        strbuf_add (self, "-0.0"); /* "-0" is read as an integer, which has no sign */
    } else if (isfinite (value)) {
        s_reserve (self, DECIMAL_SIZE);
        self->length += decimal_float (value, self->data + self->length);
    } else {
        strbuf_add (self, "null");
    }
}

void
strbuf_add_json_int_array (strbuf_t *self, const int64_t *values, size_t count)
{
    strbuf_add_bytes (self, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add_bytes (self, ",", 1);
        strbuf_add_json_int (self, values[i]);
    }
    strbuf_add_bytes (self, "]", 1);
}

void
strbuf_add_json_float_array (strbuf_t *self, const float *values, size_t count)
{
    strbuf_add_bytes (self, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add_bytes (self, ",", 1);
        strbuf_add_json_float (self, values[i]);
    }
    strbuf_add_bytes (self, "]", 1);
}
