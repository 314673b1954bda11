/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fact.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/actor/wire.h"
#include "base/timestamp.h"

#define FIRST_MS INT64_C (-62135596800000) /* 0001-01-01 */
#define LAST_MS  INT64_C (253402300799999) /* 9999-12-31 */

void
fact_settle_times (fact_t *self)
{
    self->hidden = self->hidden || self->from_ms > LAST_MS || self->until_ms < FIRST_MS;
    if (self->from_ms < FIRST_MS || self->from_ms > LAST_MS)
        self->from_ms = FACT_ALWAYS;
    if (self->until_ms < FIRST_MS || self->until_ms > LAST_MS)
        self->until_ms = FACT_NEVER;
}

static fact_message_t *
s_new (const char *categories)
{
    fact_message_t *self = calloc (1, sizeof *self);
    assert (self);
    self->fact.categories = strdup (categories);
    assert (self->fact.categories);
    return self;
}

fact_message_t *
fact_message_new (const fact_t *fact)
{
    fact_message_t *self = s_new (fact->categories);
    const char *categories = self->fact.categories;
    self->fact = *fact;
    self->fact.categories = categories;
    self->about_item = true;
    snprintf (self->key, sizeof self->key, "%" PRId64, fact->item_id);
    return self;
}

fact_message_t *
fact_message_new_complete (bool complete)
{
    fact_message_t *self = s_new ("");
    self->complete = complete;
    snprintf (self->key, sizeof self->key, "%s", complete ? "complete" : "alive");
    return self;
}

/* As we write keys; -1: of no item. */
static int64_t
s_item_of_key (const char *key, size_t length)
{
    char text[24], again[24];
    if (!key || length == 0 || length > 16)
        return -1;
    memcpy (text, key, length);
    text[length] = '\0';
    int64_t item_id = strtoll (text, NULL, 10);
    snprintf (again, sizeof again, "%" PRId64, item_id);
    bool same = strlen (text) == length && strcmp (again, text) == 0;
    return same && item_id >= 0 && item_id <= JSON_INTEGER_MAX ? item_id : -1;
}

fact_message_t *
fact_message_new_unreadable (const char *key, size_t length)
{
    const fact_t fact = {
        s_item_of_key (key, length), false, FACT_ALWAYS, FACT_NEVER, ""};
    fact_message_t *self =
        fact.item_id < 0 ? fact_message_new_complete (false) : fact_message_new (&fact);
    self->unreadable = true;
    return self;
}

void
fact_message_destroy (fact_message_t **self_p)
{
    if (*self_p)
        free ((char *)(uintptr_t)(*self_p)->fact.categories);
    free (*self_p);
    *self_p = NULL;
}

int
fact_message_send (fact_message_t **self_p, zsock_t *socket)
{
    if (wire_send (socket, FACT_TAG, *self_p))
        return -1;
    *self_p = NULL;
    return 0;
}

fact_message_t *
fact_message_recv (zsock_t *socket)
{
    return wire_recv (socket, FACT_TAG);
}

/* Writing */

static void
s_add_time (strbuf_t *out, const char *key, int64_t unix_ms)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format (unix_ms * 1000, text);
    strbuf_addf (out, ",\"%s\":\"%s\"", key, text);
}

static void
s_add_categories (strbuf_t *out, const char *names)
{
    char *copy = strdup (names), *rest = copy;
    const char *before = ",\"categories\":[";
    assert (copy);
    for (char *name; (name = strsep (&rest, "\x1f")); before = ",") {
        strbuf_add (out, before);
        strbuf_add_json_string (out, name);
    }
    strbuf_add (out, "]");
    free (copy);
}

void
fact_message_to_json (const fact_message_t *self, strbuf_t *out)
{
    const fact_t *fact = &self->fact;
    if (!self->about_item) {
        strbuf_addf (out, "{\"complete\":%s}", self->complete ? "true" : "false");
        return;
    }
    strbuf_add (out, "{\"item_id\":");
    strbuf_add_json_int (out, fact->item_id);
    if (fact->hidden)
        strbuf_add (out, ",\"hidden\":true");
    if (fact->from_ms != FACT_ALWAYS)
        s_add_time (out, "available_from", fact->from_ms);
    if (fact->until_ms != FACT_NEVER)
        s_add_time (out, "expires_at", fact->until_ms);
    if (*fact->categories)
        s_add_categories (out, fact->categories);
    strbuf_add (out, "}");
}

/* Reading */

static int
s_read_time (
    const json_t *object, const char *key, int64_t *unix_ms, json_fault_t *fault)
{
    const char *text = NULL;
    char pointer[32], detail[80];
    int64_t unix_us;
    timestamp_kind_t kind;
    if (json_read_string (object, key, 1, 64, &text, fault))
        return -1;
    if (!text)
        return 0;
    if (timestamp_read (text, TIMESTAMP_AUTO, &unix_us, &kind) == 0 &&
        kind == TIMESTAMP_TEXT) {
        *unix_ms = (unix_us - (unix_us < 0 ? 999 : 0)) / 1000;
        return 0;
    }
    snprintf (pointer, sizeof pointer, "/%s", key);
    snprintf (detail, sizeof detail, "%s must be a time as in RFC 3339", key);
    return json_fail (fault, pointer, detail);
}

/* names: joined, for the fact to borrow. A name that is odd is no reason to lose that the
 * item is hidden. */
static void
s_read_categories (const json_t *object, strbuf_t *names)
{
    size_t i;
    json_t *value;
    json_array_foreach (json_object_get (object, "categories"), i, value)
    {
        const char *name = json_string_value (value);
        if (!name || !*name)
            continue;
        if (names->length > 0)
            strbuf_add_bytes (names, &(char){FACT_SEPARATOR}, 1);
        strbuf_add (names, name);
    }
}

static int
s_read (const json_t *object, fact_t *fact, strbuf_t *names, json_fault_t *fault)
{
    *fact = (fact_t){.item_id = -1, .from_ms = FACT_ALWAYS, .until_ms = FACT_NEVER};
    if (json_read_integer (
            object, "item_id", 0, JSON_INTEGER_MAX, &fact->item_id, fault) ||
        json_read_bool (object, "hidden", &fact->hidden, fault) ||
        s_read_time (object, "available_from", &fact->from_ms, fault) ||
        s_read_time (object, "expires_at", &fact->until_ms, fault))
        return -1;
    s_read_categories (object, names);
    fact->categories = names->data ? names->data : "";
    return fact->item_id < 0 ? json_fail (fault, "/item_id", "item_id is required") : 0;
}

static fact_message_t *
s_from_object (const json_t *object, json_fault_t *fault)
{
    fact_t fact;
    bool complete = false;
    if (json_read_given (object, "complete"))
        return json_read_bool (object, "complete", &complete, fault)
                   ? NULL
                   : fact_message_new_complete (complete);
    strbuf_t names = STRBUF_EMPTY;
    int rc = s_read (object, &fact, &names, fault);
    fact_message_t *self = rc == 0 ? fact_message_new (&fact) : NULL;
    strbuf_free (&names);
    return self;
}

fact_message_t *
fact_message_from_json (const char *text, size_t length, json_fault_t *fault)
{
    json_t *object = json_read_object (text, length, fault);
    fact_message_t *self = object ? s_from_object (object, fault) : NULL;
    json_decref (object);
    return self;
}
