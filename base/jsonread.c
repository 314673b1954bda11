/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonread.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonplain.h"
#include "base/strbuf.h"
#include "base/utf8.h"

/* A text with U+0000 is one for its reader to refuse, by name. */
#define FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL)

/* Always -1. pointer is "" for the whole text. */
__attribute__ ((format (printf, 3, 4))) static int
s_fail (json_fault_t *fault, const char *pointer, const char *format, ...)
{
    memset (fault, 0, sizeof *fault);
    snprintf (fault->pointer, sizeof fault->pointer, "%s", pointer);
    va_list args;
    va_start (args, format);
    vsnprintf (fault->detail, sizeof fault->detail, format, args);
    va_end (args);
    return -1;
}

bool
json_has_nul (const json_t *value)
{
    size_t i;
    const char *key;
    json_t *member, *root = (json_t *)(uintptr_t)value;
    json_array_foreach (root, i, member) if (json_has_nul (member)) return true;
    json_object_foreach (root, key, member) if (json_has_nul (member)) return true;
    return json_is_string (root) &&
           strlen (json_string_value (root)) != json_string_length (root);
}

int
json_fail (json_fault_t *fault, const char *pointer, const char *detail)
{
    return s_fail (fault, pointer, "%s", detail);
}

static int
s_fail_key (json_fault_t *fault, const char *key, const char *must_be)
{
    char pointer[96];
    snprintf (pointer, sizeof pointer, "/%s", key);
    return s_fail (fault, pointer, "%s must be %s", key, must_be);
}

/* Finds the bracket that opens one level too many. Text inside strings is skipped;
 * whatever else is wrong is left to the parser. */
static int
s_check_depth (const char *text, size_t length, json_fault_t *fault)
{
    size_t depth = 0, line_start = 0;
    int line = 1;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '\n') {
            line++;
            line_start = i + 1;
        }
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if (c == ']' || c == '}')
            depth -= depth > 0;
        else if ((c == '[' || c == '{') && ++depth > JSON_DEPTH_LIMIT) {
            s_fail (fault, "", "nested deeper than %d levels", JSON_DEPTH_LIMIT);
            fault->line = line;
            fault->column = (int)(i - line_start) + 1;
            return -1;
        }
    }
    return 0;
}

static void
s_fail_syntax (json_fault_t *fault, const json_error_t *error)
{
    s_fail (fault, "", "not valid JSON: %.120s", error->text);
    /* The parser quotes what it stumbled over: strangers' bytes. */
    for (char *at = fault->detail; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
    fault->line = error->line > 0 ? error->line : 1;
    fault->column = error->column > 0 ? error->column : 1;
}

/* U+0000 in a name becomes U+0001, since no name of ours has a control character. */
static void
s_rename (char *text, size_t length)
{
    for (size_t i = 0; i + 6 <= length; i++) {
        if (text[i] == '\\' && memcmp (text + i, "\\u0000", 6) == 0)
            text[i + 5] = '1';
        i += text[i] == '\\'; /* what is escaped escapes nothing */
    }
}

/* The string that begins here, with both quotes. */
static size_t
s_string_length (const char *text, size_t length)
{
    size_t at = 1;
    while (at < length && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at < length ? at + 1 : length;
}

/* Text that stays as it is; a number that no double holds becomes "\u0000", which whoever
 * reads the field refuses. text ends with a NUL. */
static size_t
s_copy_piece (const char *text, size_t length, strbuf_t *copy)
{
    size_t digits = strspn (text, "+-.0123456789Ee");
    size_t taken = *text == '"' ? s_string_length (text, length)
                   : digits > 0 ? digits
                                : 1;
    if (digits > 0 && isinf (strtod (text, NULL)))
        strbuf_add (copy, "\"\\u0000\"");
    else
        strbuf_add_bytes (copy, text, taken);
    return taken;
}

/* What jansson cannot keep: names with U+0000, and numbers, of which integers beyond 64 bits
 * become reals. */
static json_t *
s_load_odd (const char *text, size_t length, json_error_t *error)
{
    strbuf_t renamed = STRBUF_EMPTY, copy = STRBUF_EMPTY;
    strbuf_add_bytes (&renamed, text, length);
    s_rename (renamed.data, length);
    for (size_t at = 0; at < length;)
        at += s_copy_piece (renamed.data + at, length - at, &copy);
    json_t *root =
        json_loadb (copy.data, copy.length, FLAGS | JSON_DECODE_INT_AS_REAL, error);
    strbuf_free (&renamed);
    strbuf_free (&copy);
    return root;
}

static json_t *
s_load (const char *text, size_t length, json_error_t *error)
{
    json_t *root = json_loadb (text, length, FLAGS, error);
    bool odd = !root && (json_error_code (error) == json_error_null_byte_in_key ||
                            json_error_code (error) == json_error_numeric_overflow);
    return odd ? s_load_odd (text, length, error) : root;
}

json_t *
json_read_value (const char *text, size_t length, json_fault_t *fault)
{
    assert ((text || length == 0) && fault);
    if (!text)
        text = "";
    json_t *root = jsonplain_read (text, length);
    if (root)
        return root;
    if (s_check_depth (text, length, fault) != 0)
        return NULL;
    json_error_t error;
    root = s_load (text, length, &error);
    if (!root)
        s_fail_syntax (fault, &error);
    return root;
}

json_t *
json_read_object (const char *text, size_t length, json_fault_t *fault)
{
    json_t *root = json_read_value (text, length, fault);
    if (!root || json_is_object (root))
        return root;
    s_fail (fault, "", "the JSON text must be an object");
    json_decref (root);
    return NULL;
}

/* NULL when absent or null. */
static const json_t *
s_get (const json_t *object, const char *key)
{
    assert (json_is_object (object) && key);
    const json_t *value = json_object_get (object, key);
    return json_is_null (value) ? NULL : value;
}

bool
json_read_given (const json_t *object, const char *key)
{
    return s_get (object, key) != NULL;
}

/* The integer of a number that has no fraction. */
static bool
s_whole (const json_t *value, int64_t *integer)
{
    double real = json_real_value (value);
    if (json_is_integer (value)) {
        *integer = json_integer_value (value);
        return true;
    }
    if (!json_is_real (value) || real < (double)INT64_MIN || real >= -(double)INT64_MIN)
        return false;
    *integer = (int64_t)real;
    return (double)*integer == real;
}

bool
json_integral (const json_t *value, int64_t low, int64_t high, int64_t *integer)
{
    int64_t found;
    if (!s_whole (value, &found) || found < low || found > high)
        return false;
    *integer = found;
    return true;
}

int
json_read_integer (const json_t *object, const char *key, int64_t low, int64_t high,
    int64_t *value, json_fault_t *fault)
{
    const json_t *found = s_get (object, key);
    if (!found)
        return 0;
    if (json_integral (found, low, high, value))
        return 0;
    char must_be[80];
    snprintf (
        must_be, sizeof must_be, "an integer from %" PRId64 " to %" PRId64, low, high);
    return s_fail_key (fault, key, must_be);
}

int
json_read_number (
    const json_t *object, const char *key, double *value, json_fault_t *fault)
{
    const json_t *found = s_get (object, key);
    if (!found)
        return 0;
    if (!json_is_number (found))
        return s_fail_key (fault, key, "a number");
    *value = json_number_value (found);
    return 0;
}

int
json_read_within (const json_t *object, const char *key, double low, double high,
    double *value, json_fault_t *fault)
{
    const json_t *found = s_get (object, key);
    if (!found)
        return 0;
    double number = json_number_value (found);
    if (!json_is_number (found) || !(number >= low && number <= high)) {
        char must_be[80];
        snprintf (must_be, sizeof must_be, "a number from %g to %g", low, high);
        return s_fail_key (fault, key, must_be);
    }
    *value = number;
    return 0;
}

int
json_read_bool (const json_t *object, const char *key, bool *value, json_fault_t *fault)
{
    const json_t *found = s_get (object, key);
    if (!found)
        return 0;
    if (!json_is_boolean (found))
        return s_fail_key (fault, key, "true or false");
    *value = json_is_true (found);
    return 0;
}

static bool
s_is_string (const json_t *value, size_t least, size_t most)
{
    const char *text = json_string_value (value);
    size_t length = json_string_length (value);
    return text && length >= least && length <= most && strlen (text) == length &&
           utf8_check (text) == UTF8_PLAIN;
}

int
json_read_string (const json_t *object, const char *key, size_t least, size_t most,
    const char **value, json_fault_t *fault)
{
    const json_t *found = s_get (object, key);
    if (!found)
        return 0;
    if (!s_is_string (found, least, most)) {
        char must_be[80];
        snprintf (must_be, sizeof must_be,
            "a string of %zu to %zu bytes without control characters", least, most);
        return s_fail_key (fault, key, must_be);
    }
    *value = json_string_value (found);
    return 0;
}

static int
s_fail_element (
    json_fault_t *fault, const char *key, size_t index, int64_t low, int64_t high)
{
    char pointer[96];
    snprintf (pointer, sizeof pointer, "/%s/%zu", key, index);
    return s_fail (fault, pointer,
        "%s[%zu] must be an integer from %" PRId64 " to %" PRId64, key, index, low,
        high);
}

int
json_read_integers (const json_t *object, const char *key, size_t most, int64_t low,
    int64_t high, int64_t **values, size_t *count, json_fault_t *fault)
{
    const json_t *found = s_get (object, key);
    if (!json_is_array (found))
        return s_fail_key (fault, key, "an array of integers");
    size_t size = json_array_size (found);
    if (size > most) {
        char must_be[80];
        snprintf (must_be, sizeof must_be, "an array of at most %zu integers", most);
        return s_fail_key (fault, key, must_be);
    }
    *count = size;
    *values = size > 0 ? malloc (size * sizeof **values) : NULL;
    assert (*values || size == 0);
    for (size_t i = 0; i < size; i++) {
        if (json_integral (json_array_get (found, i), low, high, &(*values)[i]))
            continue;
        free (*values);
        *values = NULL;
        *count = 0;
        return s_fail_element (fault, key, i, low, high);
    }
    return 0;
}

const json_t *
json_read_strings (const json_t *object, const char *key, size_t most, size_t shortest,
    size_t longest, json_fault_t *fault)
{
    const json_t *found = s_get (object, key);
    if (!json_is_array (found) || json_array_size (found) > most) {
        char must_be[80];
        snprintf (must_be, sizeof must_be, "an array of at most %zu strings", most);
        s_fail_key (fault, key, must_be);
        return NULL;
    }
    for (size_t i = 0; i < json_array_size (found); i++) {
        if (s_is_string (json_array_get (found, i), shortest, longest))
            continue;
        char pointer[96];
        snprintf (pointer, sizeof pointer, "/%s/%zu", key, i);
        s_fail (fault, pointer,
            "%s[%zu] must be a string of %zu to %zu bytes without control characters",
            key, i, shortest, longest);
        return NULL;
    }
    return found;
}
