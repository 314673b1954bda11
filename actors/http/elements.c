/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/elements.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n"

static bool
s_is_blank (const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!strchr (BLANKS, text[i]) || !text[i])
            return false;
    return true;
}

static size_t
s_line_length (const char *text, size_t length)
{
    const char *end = length > 0 ? memchr (text, '\n', length) : NULL;
    return end ? (size_t)(end - text) : length;
}

static json_t *
s_read_lines (const char *text, size_t length, json_fault_t *fault)
{
    json_t *array = json_array ();
    int line = 1;
    assert (array);
    for (size_t at = 0; at < length; line++) {
        size_t taken = s_line_length (text + at, length - at);
        bool blank = s_is_blank (text + at, taken);
        json_t *element = blank ? NULL : json_read_value (text + at, taken, fault);
        if (!blank && !element) {
            fault->line = line;
            json_decref (array);
            return NULL;
        }
        if (element)
            json_array_append_new (array, element);
        at += taken + 1;
    }
    return array;
}

/* Its first line is an object by itself, and it is not the only one. */
static bool
s_look_like_lines (const char *text, size_t length)
{
    size_t taken = s_line_length (text, length);
    json_fault_t fault;
    if (s_is_blank (text + taken, length - taken))
        return false;
    json_t *first = json_read_object (text, taken, &fault);
    json_decref (first);
    return first != NULL;
}

json_t *
elements_read (
    const char *text, size_t length, bool lines, bool *single, json_fault_t *fault)
{
    *single = false;
    if (lines)
        return s_read_lines (text, length, fault);
    json_t *value = json_read_value (text, length, fault);
    if (!value && s_look_like_lines (text, length))
        return s_read_lines (text, length, fault);
    if (!value || json_is_array (value))
        return value;
    *single = true;
    json_t *array = json_array ();
    assert (array);
    json_array_append_new (array, value);
    return array;
}

bool
elements_are_lines (const char *content_type)
{
    static const char *const types[] = {
        "application/x-ndjson", "application/ndjson", "application/jsonl"};
    size_t length = content_type ? strcspn (content_type, "; \t") : 0;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (length == strlen (types[i]) &&
            !strncasecmp (content_type, types[i], length))
            return true;
    return false;
}
