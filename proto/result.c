/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/result.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/actor/wire.h"
#include "base/utf8.h"
#include "proto/item_list.h"

result_t *
result_new (void)
{
    result_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
result_destroy (result_t **self_p)
{
    result_t *self = *self_p;
    if (!self)
        return;
    free (self->item_ids);
    free (self->scores);
    free (self->item_keys);
    free (self);
    *self_p = NULL;
}

static void *
s_copy (const void *bytes, size_t size)
{
    void *copy = NULL;
    if (size > 0) {
        copy = malloc (size);
        assert (copy);
        memcpy (copy, bytes, size);
    }
    return copy;
}

static size_t
s_keys_size (const result_t *self)
{
    size_t size = 0;
    for (size_t i = 0; self->item_keys && i < self->count; i++)
        size += strlen (self->item_keys + size) + 1;
    return size;
}

result_t *
result_copy (const result_t *self)
{
    result_t *copy = s_copy (self, sizeof *self);
    copy->item_ids = s_copy (self->item_ids, self->count * sizeof *self->item_ids);
    copy->scores = s_copy (self->scores, self->count * sizeof *self->scores);
    copy->item_keys = s_copy (self->item_keys, s_keys_size (self));
    copy->receipt = (receipt_t){0};
    return copy;
}

static void
s_free (void *answer)
{
    result_t *self = answer;
    result_destroy (&self);
}

void
result_answer (result_t **self_p, ticket_t *ticket)
{
    ticket_answer_with (ticket, *self_p, s_free);
    *self_p = NULL;
}

int
result_send (result_t **self_p, zsock_t *socket)
{
    if (wire_send (socket, RESULT_TAG, *self_p))
        return -1;
    *self_p = NULL;
    return 0;
}

result_t *
result_recv (zsock_t *socket)
{
    return wire_recv (socket, RESULT_TAG);
}

const char *
result_source_word (result_source_t source)
{
    static const char *const words[] = {
        [RESULT_FROM_MODEL] = "model", [RESULT_FROM_POPULAR] = "popular"};
    return source == RESULT_FROM_UNKNOWN ? NULL : words[source];
}

static void
s_add_items (const result_t *self, strbuf_t *out)
{
    strbuf_add (out, "{\"item_ids\":");
    strbuf_add_json_int_array (out, self->item_ids, self->count);
    item_list_add_keys (out, self->item_keys, self->count);
    strbuf_add (out, ",\"scores\":");
    strbuf_add_json_float_array (out, self->scores, self->count);
}

static const char *const s_removed_by[REMOVED_BY_COUNT] = {
    [REMOVED_BY_SEEN] = "seen",
    [REMOVED_BY_EXCLUDE] = "exclude",
    [REMOVED_BY_ALLOW] = "allow",
    [REMOVED_BY_CATEGORIES] = "categories",
    [REMOVED_BY_HIDDEN] = "hidden",
    [REMOVED_BY_MIN_SCORE] = "min_score",
};

/* Most rules of most requests removed nothing, and a row keeps what is written. */
static void
s_add_removed (const result_t *self, strbuf_t *out)
{
    const char *comma = "\"";
    strbuf_add (out, ",\"removed\":{");
    for (size_t i = 0; i < REMOVED_BY_COUNT; i++) {
        if (self->removed[i] == 0)
            continue;
        strbuf_add (out, comma);
        comma = ",\"";
        strbuf_add (out, s_removed_by[i]);
        strbuf_add (out, "\":");
        strbuf_add_json_int (out, (int64_t)self->removed[i]);
    }
    strbuf_add (out, "}");
}

/* What the result does not say is not made up. */
static void
s_add_provenance (const result_t *self, strbuf_t *out)
{
    if (self->model_version[0]) {
        strbuf_add (out, ",\"model_version\":");
        strbuf_add_json_string (out, self->model_version);
    }
    if (self->source != RESULT_FROM_UNKNOWN)
        strbuf_addf (out,
            ",\"source\":\"%s\",\"history_used\":%zu,\"unknown_dropped\":%zu",
            result_source_word (self->source), self->history_used,
            self->unknown_dropped);
    if (self->counts_removed)
        s_add_removed (self, out);
    strbuf_add (out, "}");
}

void
result_payload_to_json (const result_t *self, strbuf_t *out)
{
    s_add_items (self, out);
    s_add_provenance (self, out);
}

void
result_to_json (const result_t *self, strbuf_t *out)
{
    strbuf_add (out, "{\"request_id\":");
    strbuf_add_json_string (out, self->request_id);
    if (self->user_id[0]) {
        strbuf_add (out, ",\"user_id\":");
        strbuf_add_json_string (out, self->user_id);
    }
    strbuf_add (out, ",\"result\":");
    if (self->status == RESULT_COMPLETED) {
        s_add_items (self, out);
        strbuf_add (out, "},\"error\":null");
    } else {
        strbuf_add (out, "null,\"error\":");
        strbuf_add_json_string (out, self->error);
    }
    s_add_provenance (self, out);
}

static int
s_fault (json_fault_t *fault, const char *pointer, const char *detail)
{
    *fault = (json_fault_t){0};
    snprintf (fault->pointer, sizeof fault->pointer, "%s", pointer);
    snprintf (fault->detail, sizeof fault->detail, "%s", detail);
    return -1;
}

static int
s_read_scores (result_t *self, const json_t *items, json_fault_t *fault)
{
    const json_t *scores = json_object_get (items, "scores");
    if (json_array_size (scores) != self->count || !json_is_array (scores))
        return s_fault (fault, "/result/scores",
            "result.scores must be an array as long as result.item_ids");
    self->scores = calloc (self->count ? self->count : 1, sizeof *self->scores);
    assert (self->scores);
    for (size_t i = 0; i < self->count; i++) {
        const json_t *score = json_array_get (scores, i);
        self->scores[i] = (float)json_number_value (score);
        if (!json_is_number (score) || !isfinite (self->scores[i]))
            return s_fault (
                fault, "/result/scores", "result.scores must be finite numbers");
    }
    return 0;
}

/* Beside the item_ids, when it is there. */
static int
s_read_keys (result_t *self, const json_t *items, json_fault_t *fault)
{
    const json_t *keys = json_object_get (items, "item_keys");
    strbuf_t texts = STRBUF_EMPTY;
    bool good = json_is_array (keys) && json_array_size (keys) == self->count;
    if (!json_read_given (items, "item_keys"))
        return 0;
    for (size_t i = 0; good && i < self->count; i++) {
        const json_t *key = json_array_get (keys, i);
        const char *text = json_is_null (key) ? "" : json_string_value (key);
        good = text && (!*text || item_key_valid (text));
        if (good)
            strbuf_add_bytes (&texts, text, strlen (text) + 1);
    }
    if (good)
        self->item_keys = strbuf_take (&texts);
    strbuf_free (&texts);
    return good ? 0
                : s_fault (fault, "/result/item_keys",
                      "result.item_keys must be an array of keys and nulls, as long as "
                      "result.item_ids");
}

/* "result" as an object, or "error" as a text: one of them must be there. */
static int
s_read_outcome (result_t *self, const json_t *object, json_fault_t *fault)
{
    const json_t *items = json_object_get (object, "result");
    if (json_is_object (items)) {
        self->status = RESULT_COMPLETED;
        if (json_read_integers (items, "item_ids", PROTO_K_LIMIT, 0, JSON_INTEGER_MAX,
                &self->item_ids, &self->count, fault) ||
            s_read_keys (self, items, fault))
            return -1;
        return s_read_scores (self, items, fault);
    }
    const char *text = json_string_value (json_object_get (object, "error"));
    if (!text)
        return s_fault (fault, "/result", "result must be an object, or error a text");
    self->status = RESULT_FAILED;
    utf8_copy (self->error, sizeof self->error, text);
    return 0;
}

static int
s_read_text (const json_t *object, const char *key, size_t least, char *text,
    size_t size, json_fault_t *fault)
{
    const char *value = NULL;
    if (json_read_string (object, key, least, size - 1, &value, fault))
        return -1;
    if (value)
        snprintf (text, size, "%s", value);
    return 0;
}

/* Counts that are missing are 0: of rules that were not known where it was made. */
static int
s_read_removed (result_t *self, const json_t *object, json_fault_t *fault)
{
    const json_t *removed = json_object_get (object, "removed");
    self->counts_removed = json_is_object (removed);
    for (size_t i = 0; i < REMOVED_BY_COUNT && self->counts_removed; i++) {
        int64_t items = 0;
        if (json_read_integer (
                removed, s_removed_by[i], 0, JSON_INTEGER_MAX, &items, fault))
            return s_fault (fault, "/removed", "removed must hold numbers of items");
        self->removed[i] = (size_t)items;
    }
    return 0;
}

static int
s_read_members (result_t *self, const json_t *object, json_fault_t *fault)
{
    int64_t used = 0, dropped = 0;
    const char *source = NULL;
    if (s_read_text (object, "request_id", 1, self->request_id, sizeof self->request_id,
            fault) ||
        s_read_text (
            object, "user_id", 1, self->user_id, sizeof self->user_id, fault) ||
        s_read_text (object, "model_version", 0, self->model_version,
            sizeof self->model_version, fault) ||
        json_read_string (object, "source", 0, 64, &source, fault) ||
        json_read_integer (
            object, "history_used", 0, PROTO_HISTORY_LIMIT, &used, fault) ||
        json_read_integer (
            object, "unknown_dropped", 0, PROTO_HISTORY_LIMIT, &dropped, fault) ||
        s_read_removed (self, object, fault))
        return -1;
    if (!self->request_id[0])
        return s_fault (fault, "/request_id", "request_id is required");
    self->source = !source                           ? RESULT_FROM_UNKNOWN
                   : strcmp (source, "popular") == 0 ? RESULT_FROM_POPULAR
                                                     : RESULT_FROM_MODEL;
    self->history_used = (size_t)used;
    self->unknown_dropped = (size_t)dropped;
    return 0;
}

result_t *
result_from_json (const char *text, size_t length, json_fault_t *fault)
{
    json_t *object = json_read_object (text, length, fault);
    if (!object)
        return NULL;
    result_t *self = result_new ();
    self->job = true;
    if (s_read_members (self, object, fault) || s_read_outcome (self, object, fault))
        result_destroy (&self);
    json_decref (object);
    return self;
}
