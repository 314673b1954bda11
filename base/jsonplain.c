/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonplain.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/jsonread.h"

#define INTEGER_DIGITS 18 /* always fit */
#define DECIMAL_DIGITS 15 /* are exact in a double, and so is the power of ten below */

typedef struct {
    const char *at;
    const char *end;
    size_t depth; /* brackets that are open */
} reader_t;

/* Reads one part of an array or object into it. */
typedef bool (part_fn) (reader_t *self, json_t *whole);

static json_t *s_value (reader_t *self);

/* The next character that is no blank; '\0' at the end. */
static char
s_peek (reader_t *self)
{
    while (self->at < self->end && (*self->at == ' ' || *self->at == '\n' ||
                                       *self->at == '\r' || *self->at == '\t'))
        self->at++;
    return self->at < self->end ? *self->at : '\0';
}

static bool
s_take (reader_t *self, char expected)
{
    if (s_peek (self) != expected)
        return false;
    self->at++;
    return true;
}

static bool
s_take_word (reader_t *self, const char *word)
{
    size_t length = strlen (word);
    if ((size_t)(self->end - self->at) < length || memcmp (self->at, word, length) != 0)
        return false;
    self->at += length;
    return true;
}

/* What stands between quotes, the first of which was taken. */
static const char *
s_take_text (reader_t *self, size_t *length)
{
    const char *begin = self->at;
    while (self->at < self->end && *self->at >= ' ' && *self->at < 0x7f &&
           *self->at != '"' && *self->at != '\\')
        self->at++;
    *length = (size_t)(self->at - begin);
    return self->at < self->end && *self->at++ == '"' ? begin : NULL;
}

/* How many, up to most; they are added to the value. */
static size_t
s_take_digits (reader_t *self, size_t most, int64_t *value)
{
    size_t count = 0;
    for (; count < most && self->at < self->end && *self->at >= '0' && *self->at <= '9';
         count++)
        *value = *value * 10 + (*self->at++ - '0');
    return count;
}

static json_t *
s_number (reader_t *self)
{
    static const double powers[DECIMAL_DIGITS] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
    int64_t value = 0;
    bool negative = s_take (self, '-');
    const char *begin = self->at;
    size_t digits = s_take_digits (self, INTEGER_DIGITS, &value), places = 0;
    bool decimal = digits > 0 && digits < DECIMAL_DIGITS && s_take_word (self, ".");
    if (decimal)
        places = s_take_digits (self, DECIMAL_DIGITS - digits, &value);
    bool goes_on = self->at < self->end && strchr ("0123456789.eE", *self->at);
    if (digits == 0 || (*begin == '0' && digits > 1) || (decimal && places == 0) ||
        goes_on)
        return NULL;
    if (!decimal)
        return json_integer (negative ? -value : value);
    double real = (double)value / powers[places];
    return json_real (negative ? -real : real);
}

static bool
s_take_member (reader_t *self, json_t *object)
{
    size_t length = 0;
    const char *name = s_take (self, '"') ? s_take_text (self, &length) : NULL;
    if (!name || json_object_getn (object, name, length) || !s_take (self, ':'))
        return false;
    json_t *value = s_value (self);
    return value && json_object_setn_new_nocheck (object, name, length, value) == 0;
}

static bool
s_take_element (reader_t *self, json_t *array)
{
    json_t *value = s_value (self);
    return value && json_array_append_new (array, value) == 0;
}

/* All that follows the opening bracket; the whole is taken. */
static json_t *
s_fill (reader_t *self, json_t *whole, part_fn *take_part, char closing)
{
    bool good = ++self->depth <= JSON_DEPTH_LIMIT;
    if (good && !s_take (self, closing)) {
        do
            good = take_part (self, whole);
        while (good && s_take (self, ','));
        good = good && s_take (self, closing);
    }
    self->depth--;
    if (good)
        return whole;
    json_decref (whole);
    return NULL;
}

static json_t *
s_string (reader_t *self)
{
    size_t length;
    const char *text = s_take_text (self, &length);
    return text ? json_stringn_nocheck (text, length) : NULL;
}

static json_t *
s_value (reader_t *self)
{
    switch (s_peek (self)) {
    case '{':
        self->at++;
        return s_fill (self, json_object (), s_take_member, '}');
    case '[':
        self->at++;
        return s_fill (self, json_array (), s_take_element, ']');
    case '"':
        self->at++;
        return s_string (self);
    case 't':
        return s_take_word (self, "true") ? json_true () : NULL;
    case 'f':
        return s_take_word (self, "false") ? json_false () : NULL;
    case 'n':
        return s_take_word (self, "null") ? json_null () : NULL;
    default:
        return s_number (self);
    }
}

json_t *
jsonplain_read (const char *text, size_t length)
{
    reader_t reader = {.at = text, .end = text + length};
    json_t *root = s_value (&reader);
    if (!root || (s_peek (&reader) == '\0' && reader.at == reader.end))
        return root;
    json_decref (root);
    return NULL;
}
