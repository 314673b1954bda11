/* /items/{item_id}: reads, puts, patches and deletes one item. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>

#include "actors/http/items.h"
#include "actors/http/routes.h"
#include "proto/item.h"

static void
s_reply (
    http_context_t *context, exchange_t *exchange, int status, const items_t *found)
{
    if (found->count == 0) {
        exchange_problem (exchange, PROBLEM_NO_ITEM,
            "Nothing has been put under this id, or it was deleted.");
        return;
    }
    strbuf_t body = STRBUF_EMPTY;
    model_ref_t *model = http_context_model (context);
    items_add_one (&found->items[0], model, &body);
    model_ref_release (&model);
    if (exchange->warnings.length > 0) {
        body.data[--body.length] = '\0'; /* the last brace comes after them */
        exchange_add_warnings (exchange, &body);
        strbuf_add (&body, "}");
    }
    exchange_reply_json (exchange, status, &body);
}

void
item_get (http_context_t *context, exchange_t *exchange)
{
    int64_t item_id;
    if (!exchange_read_item (exchange, &item_id))
        return;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return;
    items_t found;
    db_status_t status = items_find (db, &item_id, 1, &found);
    if (http_context_give_db (context, &db, status, exchange))
        s_reply (context, exchange, 200, &found);
    items_free (&found);
}

static int
s_read_fields (exchange_t *exchange, const json_t *object, int64_t item_id, bool patch,
    strbuf_t *json, json_fault_t *fault)
{
    int64_t named = item_id;
    if (exchange_check_fields (exchange, object, item_fields, "", fault) ||
        item_read_id (object, &named, fault))
        return -1;
    if (named != item_id)
        return json_fail (fault, "/item_id",
            "item_id is another than that of the path: leave it out");
    return item_read (object, item_id, patch, json, fault);
}

/* The body as the store takes it; false: the problem has been replied. */
static bool
s_read (exchange_t *exchange, int64_t item_id, bool patch, strbuf_t *json)
{
    json_fault_t fault;
    json_t *object = exchange_read_json (exchange);
    if (!object)
        return false;
    int rc = s_read_fields (exchange, object, item_id, patch, json, &fault);
    if (rc)
        exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
    json_decref (object);
    return rc == 0;
}

static db_status_t
s_put (db_t *db, int64_t item_id, const strbuf_t *json, size_t *created, items_t *found)
{
    strbuf_t array = STRBUF_EMPTY;
    strbuf_addf (&array, "[%s]", json->data);
    db_status_t status = items_put (db, array.data, created);
    strbuf_free (&array);
    return status == DB_OK ? items_find (db, &item_id, 1, found) : status;
}

void
item_put (http_context_t *context, exchange_t *exchange)
{
    int64_t item_id;
    strbuf_t json = STRBUF_EMPTY;
    db_t *db = NULL;
    if (exchange_read_item (exchange, &item_id) &&
        s_read (exchange, item_id, false, &json))
        db = http_context_take_db (context, exchange);
    if (db) {
        items_t found = {0};
        size_t created;
        db_status_t status = s_put (db, item_id, &json, &created, &found);
        if (items_give_db (context, &db, status, exchange))
            s_reply (context, exchange, created ? 201 : 200, &found);
        items_free (&found);
    }
    strbuf_free (&json);
}

void
item_patch (http_context_t *context, exchange_t *exchange)
{
    int64_t item_id;
    strbuf_t json = STRBUF_EMPTY;
    db_t *db = NULL;
    if (exchange_read_item (exchange, &item_id) &&
        s_read (exchange, item_id, true, &json))
        db = http_context_take_db (context, exchange);
    if (db) {
        items_t found;
        db_status_t status = items_patch (db, item_id, json.data, &found);
        if (items_give_db (context, &db, status, exchange))
            s_reply (context, exchange, 200, &found);
        items_free (&found);
    }
    strbuf_free (&json);
}

void
item_delete (http_context_t *context, exchange_t *exchange)
{
    int64_t item_id;
    if (!exchange_read_item (exchange, &item_id))
        return;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return;
    size_t deleted;
    db_status_t status = items_delete (db, item_id, &deleted);
    if (!items_give_db (context, &db, status, exchange))
        return;
    if (deleted > 0)
        exchange_reply_empty (exchange, 204);
    else
        s_reply (context, exchange, 404, &(items_t){0});
}
