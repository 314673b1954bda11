/* /items/{item_id}: reads, puts, patches and deletes one item, by its integer or its key.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/items.h"
#include "actors/http/routes.h"
#include "proto/item.h"
#include "proto/item_list.h"
#include "store/item_names.h"

/* The path names an item; false: the problem has been replied. */
static bool
s_check_name (exchange_t *exchange)
{
    if (item_key_valid (exchange->parameter))
        return true;
    exchange_problem_parameter (exchange, "item_id", "item_id " ITEM_LIST_MUST_BE);
    return false;
}

/* -1: a key that is not there. */
static db_status_t
s_find_id (db_t *db, const exchange_t *exchange, int64_t *item_id)
{
    return item_names_resolve (db, &exchange->parameter, 1, item_id);
}

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
    db_t *db =
        s_check_name (exchange) ? http_context_take_db (context, exchange) : NULL;
    if (!db)
        return;
    items_t found = {0};
    db_status_t status = s_find_id (db, exchange, &item_id);
    if (status == DB_OK)
        status = items_find (db, &item_id, 1, &found);
    if (http_context_give_db (context, &db, status, exchange))
        s_reply (context, exchange, 200, &found);
    items_free (&found);
}

/* What a body says of the item. */
typedef struct {
    int64_t item_id; /* its name in the body, as everywhere; -1: it has none there */
    char key[ITEM_KEY_SIZE];
    strbuf_t json;
} said_t;

/* False: the problem has been replied. */
static bool
s_read (exchange_t *exchange, bool patch, said_t *said)
{
    json_fault_t fault;
    *said = (said_t){.item_id = -1};
    json_t *object = s_check_name (exchange) ? exchange_read_json (exchange) : NULL;
    if (!object)
        return false;
    bool good =
        exchange_check_fields (exchange, object, item_fields, "", &fault) == 0 &&
        item_read_name (object, &said->item_id, said->key, &fault) == 0 &&
        item_read (object, patch, &said->json, &fault) == 0;
    if (!good)
        exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
    json_decref (object);
    return good;
}

/* The name in the body is that of the path: an item that was read may be put back. */
static bool
s_agree (const exchange_t *exchange, const said_t *said, int64_t item_id)
{
    return (said->item_id < 0 || said->item_id == item_id) &&
           (!said->key[0] || strcmp (said->key, exchange->parameter) == 0);
}

static db_status_t
s_put (db_t *db, const exchange_t *exchange, int64_t item_id, const said_t *said,
    size_t *created)
{
    item_draft_t draft = {.item_id = item_id, .json = said->json.data};
    if (item_id < 0)
        memcpy (draft.key, exchange->parameter, strlen (exchange->parameter) + 1);
    return items_put (db, &draft, 1, created);
}

/* Writes what was said; DB_OK with *agreed false: nothing was written. */
static db_status_t
s_write (db_t *db, const exchange_t *exchange, const said_t *said, size_t *created,
    bool *agreed, items_t *found)
{
    int64_t item_id = -1;
    bool patch = created == NULL;
    db_status_t status = s_find_id (db, exchange, &item_id);
    *agreed = status != DB_OK || s_agree (exchange, said, item_id);
    if (status != DB_OK || !*agreed)
        return status;
    if (patch)
        return items_patch (db, item_id, said->json.data, found);
    status = s_put (db, exchange, item_id, said, created);
    if (status == DB_OK)
        status = s_find_id (db, exchange, &item_id);
    return status == DB_OK ? items_find (db, &item_id, 1, found) : status;
}

/* created: NULL for a patch. */
static void
s_change (http_context_t *context, exchange_t *exchange, size_t *created)
{
    said_t said;
    db_t *db = NULL;
    if (s_read (exchange, !created, &said))
        db = http_context_take_db (context, exchange);
    if (db) {
        bool agreed;
        json_fault_t fault;
        items_t found = {0};
        db_status_t status = s_write (db, exchange, &said, created, &agreed, &found);
        if (items_give_db (context, &db, status, exchange)) {
            if (agreed)
                s_reply (context, exchange, created && *created ? 201 : 200, &found);
            else {
                json_fail (&fault, "/item_id",
                    "item_id is another than that of the path: leave it out");
                exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
            }
        }
        items_free (&found);
    }
    strbuf_free (&said.json);
}

void
item_put (http_context_t *context, exchange_t *exchange)
{
    size_t created = 0;
    s_change (context, exchange, &created);
}

void
item_patch (http_context_t *context, exchange_t *exchange)
{
    s_change (context, exchange, NULL);
}

void
item_delete (http_context_t *context, exchange_t *exchange)
{
    int64_t item_id;
    size_t deleted = 0;
    db_t *db =
        s_check_name (exchange) ? http_context_take_db (context, exchange) : NULL;
    if (!db)
        return;
    db_status_t status = s_find_id (db, exchange, &item_id);
    if (status == DB_OK)
        status = items_delete (db, item_id, &deleted);
    if (!items_give_db (context, &db, status, exchange))
        return;
    if (deleted > 0)
        exchange_reply_empty (exchange, 204);
    else
        s_reply (context, exchange, 404, &(items_t){0});
}
