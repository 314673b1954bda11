/* POST /items: a catalogue, or a part of one. All of a request or nothing of it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/http/faults.h"
#include "actors/http/items.h"
#include "actors/http/routes.h"
#include "proto/item.h"

#define TRIES 3 /* of what was rolled back: a deadlock with the same items */

typedef struct {
    item_draft_t *drafts;
    size_t count;
    faults_t faults;
} arrivals_t;

static void
s_free (arrivals_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->drafts[i].json);
    free (self->drafts);
}

static int
s_read_one (exchange_t *exchange, const json_t *element, const char *at,
    item_draft_t *draft, json_fault_t *fault)
{
    strbuf_t json = STRBUF_EMPTY;
    draft->item_id = -1;
    if (!json_is_object (element))
        return json_fail (fault, "", "an item must be an object");
    if (exchange_check_fields (exchange, element, item_fields, at, fault) ||
        item_read_name (element, &draft->item_id, draft->key, fault))
        return -1;
    if (draft->item_id < 0 && !draft->key[0])
        return json_fail (fault, "/item_id", "item_id is required");
    if (item_read (element, false, &json, fault))
        return -1;
    draft->json = strbuf_take (&json);
    return 0;
}

static void
s_read_all (arrivals_t *self, exchange_t *exchange, const json_t *elements, bool single)
{
    self->count = json_array_size (elements);
    self->drafts = calloc (self->count + 1, sizeof *self->drafts);
    assert (self->drafts);
    for (size_t i = 0; i < self->count; i++) {
        char at[24] = "";
        json_fault_t fault;
        if (!single)
            snprintf (at, sizeof at, "/%zu", i);
        if (s_read_one (
                exchange, json_array_get (elements, i), at, &self->drafts[i], &fault))
            faults_note (&self->faults, at, &fault);
    }
}

static bool
s_read (arrivals_t *self, exchange_t *exchange)
{
    bool single;
    json_t *elements = faults_read_elements (exchange, &single);
    if (!elements)
        return false;
    s_read_all (self, exchange, elements, single);
    json_decref (elements);
    return faults_none (&self->faults, exchange, self->count, "items");
}

static bool
s_write (http_context_t *context, exchange_t *exchange, const arrivals_t *self,
    size_t *created)
{
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = DB_RETRY;
    for (int i = 0; i < TRIES && status == DB_RETRY; i++)
        status = items_put (db, self->drafts, self->count, created);
    return items_give_db (context, &db, status, exchange);
}

void
items_post (http_context_t *context, exchange_t *exchange)
{
    arrivals_t arrivals = {0};
    size_t created = 0;
    if (s_read (&arrivals, exchange) &&
        s_write (context, exchange, &arrivals, &created)) {
        strbuf_t body = STRBUF_EMPTY;
        strbuf_addf (
            &body, "{\"received\":%zu,\"created\":%zu", arrivals.count, created);
        exchange_add_warnings (exchange, &body);
        strbuf_add (&body, "}");
        exchange_reply_json (exchange, 200, &body);
    }
    s_free (&arrivals);
}
