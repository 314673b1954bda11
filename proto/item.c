/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/item.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "proto/item_list.h"

const char *const item_fields[] = {"item_id", "item_key", "title", "category",
    "categories", "hidden", "available_from", "expires_at", "attributes", "image_url",
    "in_model", NULL};

/* One item on its way from a body to the store. */
typedef struct {
    const json_t *object;
    bool patch;
    json_t *out;
    json_fault_t *fault;
} reading_t;

/* The field is none of the answer: a patch says nothing of it. */
static bool
s_is_left (const reading_t *self, const char *key)
{
    return self->patch && !json_object_get (self->object, key);
}

static void
s_set (reading_t *self, const char *key, json_t *value)
{
    int rc = json_object_set_new (self->out, key, value ? value : json_null ());
    assert (rc == 0);
}

static int
s_text (reading_t *self, const char *key, size_t most, const char **text)
{
    *text = NULL;
    if (json_read_string (self->object, key, 0, most, text, self->fault))
        return -1;
    if (!s_is_left (self, key))
        s_set (self, key, *text ? json_string (*text) : NULL);
    return 0;
}

static int
s_time (reading_t *self, const char *key)
{
    const char *text = NULL;
    char fixed[TIMESTAMP_SIZE], pointer[32], detail[120];
    int64_t unix_us;
    timestamp_kind_t kind;
    if (json_read_string (self->object, key, 1, 64, &text, self->fault))
        return -1;
    if (text && (timestamp_read (text, TIMESTAMP_AUTO, &unix_us, &kind) ||
                    kind != TIMESTAMP_TEXT)) {
        snprintf (pointer, sizeof pointer, "/%s", key);
        snprintf (detail, sizeof detail,
            "%s must be a date, a time of day and a zone, as in RFC 3339", key);
        return json_fail (self->fault, pointer, detail);
    }
    if (text)
        timestamp_format (unix_us, fixed);
    if (!s_is_left (self, key))
        s_set (self, key, text ? json_string (fixed) : NULL);
    return 0;
}

static int
s_categories (reading_t *self)
{
    const char *category = NULL;
    json_t *all = NULL;
    if (json_read_string (
            self->object, "category", 1, ITEM_CATEGORY_LIMIT, &category, self->fault))
        return -1;
    if (json_read_given (self->object, "categories")) {
        const json_t *given = json_read_strings (self->object, "categories",
            ITEM_CATEGORY_MOST, 1, ITEM_CATEGORY_LIMIT, self->fault);
        if (!given)
            return -1;
        all = json_copy ((json_t *)(uintptr_t)given);
    } else if (category && !json_object_get (self->object, "categories"))
        all = json_pack ("[s]", category);
    if (!s_is_left (self, "categories") || !s_is_left (self, "category"))
        s_set (self, "categories", all ? all : json_array ());
    return 0;
}

static int
s_hidden (reading_t *self)
{
    bool hidden = false;
    if (json_read_bool (self->object, "hidden", &hidden, self->fault))
        return -1;
    if (!s_is_left (self, "hidden"))
        s_set (self, "hidden", json_boolean (hidden));
    return 0;
}

static int
s_attributes (reading_t *self)
{
    json_t *value = json_object_get (self->object, "attributes");
    if (value && !json_is_null (value) && !json_is_object (value))
        return json_fail (
            self->fault, "/attributes", "attributes must be an object, or null");
    if (json_has_nul (value))
        return json_fail (self->fault, "/attributes",
            "attributes must have neither U+0000 nor a number that no double holds");
    if (!s_is_left (self, "attributes"))
        s_set (self, "attributes", json_incref (value));
    return 0;
}

static int
s_image (reading_t *self)
{
    const char *url;
    if (s_text (self, "image_url", ITEM_URL_LIMIT, &url))
        return -1;
    bool good = !url || strncmp (url, "https://", 8) == 0 ||
                strncmp (url, "http://", 7) == 0 || (url[0] == '/' && url[1] != '/');
    return good ? 0
                : json_fail (self->fault, "/image_url",
                      "image_url must be an http or https URL, or a path from /");
}

static int
s_fields (reading_t *self)
{
    const char *title;
    return s_text (self, "title", ITEM_TITLE_LIMIT, &title) || s_categories (self) ||
                   s_hidden (self) || s_time (self, "available_from") ||
                   s_time (self, "expires_at") || s_attributes (self) || s_image (self)
               ? -1
               : 0;
}

int
item_read_name (const json_t *object, int64_t *item_id, char key[ITEM_KEY_SIZE],
    json_fault_t *fault)
{
    if (!json_read_given (object, "item_id") ||
        item_list_read_one (json_object_get (object, "item_id"), item_id, key) == 0)
        return 0;
    return json_fail (fault, "/item_id", "item_id " ITEM_LIST_MUST_BE);
}

int
item_read (const json_t *object, bool patch, strbuf_t *out, json_fault_t *fault)
{
    reading_t self = {object, patch, json_object (), fault};
    assert (self.out);
    int rc = s_fields (&self);
    if (rc == 0) {
        char *text = json_dumps (self.out, JSON_COMPACT);
        assert (text);
        strbuf_add (out, text);
        free (text);
    }
    json_decref (self.out);
    return rc;
}
