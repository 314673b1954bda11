/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/item_list.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL: it is none. */
static const char *
s_key (const json_t *value)
{
    const char *text = json_string_value (value);
    bool good = text && strlen (text) == json_string_length (value);
    return good && item_key_valid (text) ? text : NULL;
}

int
item_list_read_one (const json_t *value, int64_t *item_id, char key[ITEM_KEY_SIZE])
{
    if (json_integral (value, 0, JSON_INTEGER_MAX, item_id))
        return 0;
    const char *text = s_key (value);
    if (!text)
        return -1;
    memcpy (key, text, strlen (text) + 1);
    return 0;
}

static int
s_fail (json_fault_t *fault, const char *field, size_t place)
{
    char pointer[sizeof fault->pointer], detail[sizeof fault->detail];
    snprintf (pointer, sizeof pointer, "/%s/%zu", field, place);
    snprintf (detail, sizeof detail, "%.20s[%zu] " ITEM_LIST_MUST_BE, field, place);
    return json_fail (fault, pointer, detail);
}

static int
s_fail_array (json_fault_t *fault, const char *field, const char *at_most)
{
    char pointer[sizeof fault->pointer], detail[sizeof fault->detail];
    snprintf (pointer, sizeof pointer, "/%s", field);
    snprintf (detail, sizeof detail, "%.20s must be an array of %sintegers and keys",
        field, at_most);
    return json_fail (fault, pointer, detail);
}

static bool
s_take (const json_t *value, int64_t *item, strbuf_t *texts)
{
    if (json_integral (value, 0, JSON_INTEGER_MAX, item))
        return true;
    const char *text = s_key (value);
    if (!text)
        return false;
    *item = item_key_reference (texts->length);
    strbuf_add_bytes (texts, text, strlen (text) + 1);
    return true;
}

int
item_list_read (const json_t *object, const char *field, size_t most, int64_t **items,
    size_t *count, strbuf_t *texts, json_fault_t *fault)
{
    const json_t *array = json_object_get (object, field);
    size_t size = json_array_size (array);
    *items = NULL;
    *count = 0;
    if (!json_is_array (array))
        return s_fail_array (fault, field, "");
    if (size > most) {
        char at_most[40];
        snprintf (at_most, sizeof at_most, "at most %zu ", most);
        return s_fail_array (fault, field, at_most);
    }
    if (size == 0)
        return 0;
    *items = malloc (size * sizeof **items);
    assert (*items);
    for (size_t i = 0; i < size; i++) {
        if (s_take (json_array_get (array, i), &(*items)[i], texts))
            continue;
        free (*items);
        *items = NULL;
        return s_fail (fault, field, i);
    }
    *count = size;
    return 0;
}

void
item_list_to_json (strbuf_t *out, const int64_t *items, size_t count, const char *texts)
{
    strbuf_add_bytes (out, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add_bytes (out, ",", 1);
        if (items[i] < 0)
            strbuf_add_json_string (out, item_key_referred (items[i], texts));
        else
            strbuf_add_json_int (out, items[i]);
    }
    strbuf_add_bytes (out, "]", 1);
}

void
item_list_add_keys (strbuf_t *out, const char *texts, size_t count)
{
    if (!texts)
        return;
    strbuf_add (out, ",\"item_keys\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add_bytes (out, ",", 1);
        if (*texts)
            strbuf_add_json_string (out, texts);
        else
            strbuf_add (out, "null");
        texts += strlen (texts) + 1;
    }
    strbuf_add_bytes (out, "]", 1);
}
