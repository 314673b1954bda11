/* GET /users, /users/{user_id}/history and /users/{user_id}/recommendations.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/ask.h"
#include "actors/http/routes.h"
#include "actors/http/rules_query.h"
#include "proto/item_list.h"
#include "store/interactions.h"
#include "store/item_names.h"

#define USERS_LIMIT 10000

static void
s_add_encoded (strbuf_t *out, const char *text)
{
    for (; *text; text++)
        if (isalnum ((unsigned char)*text) || strchr ("-._~", *text))
            strbuf_addf (out, "%c", *text);
        else
            strbuf_addf (out, "%%%02X", (unsigned char)*text);
}

/* Relative to what was asked, so that it holds under any prefix. */
static void
s_link_next (exchange_t *exchange, const char *prefix, const char *last, int64_t limit)
{
    strbuf_t link = STRBUF_EMPTY;
    strbuf_add (&link, "<?");
    if (*prefix) {
        strbuf_add (&link, "prefix=");
        s_add_encoded (&link, prefix);
        strbuf_add (&link, "&");
    }
    strbuf_add (&link, "after=");
    s_add_encoded (&link, last);
    strbuf_addf (&link, "&limit=%" PRId64 ">; rel=\"next\"", limit);
    exchange_set_header (exchange, "Link", link.data);
    strbuf_free (&link);
}

static void
s_reply_users (exchange_t *exchange, char **users, size_t count)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_add (&body, ",");
        strbuf_add_json_string (&body, users[i]);
    }
    strbuf_add (&body, "]");
    exchange_reply_json (exchange, 200, &body);
}

void
users_get (http_context_t *context, exchange_t *exchange)
{
    char prefix[PROTO_ID_SIZE], after[PROTO_ID_SIZE];
    int64_t limit = USERS_LIMIT;
    if (!exchange_read_text (exchange, "prefix", prefix, sizeof prefix) ||
        !exchange_read_text (exchange, "after", after, sizeof after) ||
        !exchange_read_integer (exchange, "limit", 1, USERS_LIMIT, &limit))
        return;
    db_t *db = http_context_take_db_for_list (context, exchange);
    if (!db)
        return;
    char **users = NULL;
    size_t found = 0, most = (size_t)limit; /* one more tells whether there are more */
    db_status_t status =
        interactions_users (db, prefix, after, most + 1, &users, &found);
    if (http_context_give_db_for_list (context, &db, status, exchange)) {
        if (found > most)
            s_link_next (exchange, prefix, users[most - 1], limit);
        s_reply_users (exchange, users, found > most ? most : found);
    }
    interactions_users_free (&users, found);
}

static void
s_refuse_unknown (exchange_t *exchange)
{
    exchange_problem (
        exchange, PROBLEM_UNKNOWN_USER, "There are no interactions of this user.");
}

/* The user's newest items, at least one, and their keys; false: the problem has been
 * replied. */
static bool
s_find_history (http_context_t *context, exchange_t *exchange, size_t limit,
    int64_t **items, size_t *count, char **keys)
{
    *items = NULL;
    *count = 0;
    if (!exchange_read_user (exchange))
        return false;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status =
        interactions_history (db, exchange->parameter, limit, items, count);
    if (status == DB_OK)
        status = item_names_of (db, *items, *count, keys);
    if (!http_context_give_db (context, &db, status, exchange))
        return false;
    if (*count > 0)
        return true;
    free (*items);
    *items = NULL;
    s_refuse_unknown (exchange);
    return false;
}

void
user_history_get (http_context_t *context, exchange_t *exchange)
{
    int64_t *items, limit = PROTO_HISTORY_LIMIT;
    size_t count;
    char *keys = NULL;
    if (!exchange_read_integer (exchange, "limit", 1, PROTO_HISTORY_LIMIT, &limit) ||
        !s_find_history (context, exchange, (size_t)limit, &items, &count, &keys))
        return;
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"user_id\":");
    strbuf_add_json_string (&body, exchange->parameter);
    strbuf_add (&body, ",\"items\":");
    strbuf_add_json_int_array (&body, items, count);
    item_list_add_keys (&body, keys, count);
    strbuf_add (&body, "}");
    free (items);
    free (keys);
    exchange_reply_json (exchange, 200, &body);
}

/* *known: there are interactions of the user, be it such as the model was trained without. */
static db_status_t
s_find_stored (
    http_context_t *context, db_t *db, request_t *request, size_t limit, bool *known)
{
    int64_t *items = NULL;
    size_t count = 0;
    db_status_t status = ask_read_stored (context, db, request, limit);
    if (status == DB_OK && request->history_count == 0)
        status = interactions_history (db, request->user_id, 1, &items, &count);
    *known = request->history_count + count > 0;
    free (items);
    return status;
}

/* False: the problem has been replied. */
static bool
s_read_stored (
    http_context_t *context, exchange_t *exchange, request_t *request, size_t limit)
{
    json_fault_t fault;
    bool known = false, good = false;
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = ask_read_rules (db, request, &good, &fault);
    if (status == DB_OK && good)
        status = s_find_stored (context, db, request, limit, &known);
    if (!http_context_give_db (context, &db, status, exchange))
        return false;
    if (!good)
        exchange_problem_parameter (exchange, "rules", fault.detail);
    else if (!known)
        s_refuse_unknown (exchange);
    return good && known;
}

void
user_recommendations_get (http_context_t *context, exchange_t *exchange)
{
    int64_t k = PROTO_K_DEFAULT, limit = PROTO_HISTORY_LIMIT;
    if (!exchange_read_integer (exchange, "k", 1, PROTO_K_LIMIT, &k) ||
        !exchange_read_integer (exchange, "history", 1, PROTO_HISTORY_LIMIT, &limit) ||
        !exchange_read_user (exchange))
        return;
    request_t *request = ask_new (exchange);
    snprintf (request->user_id, sizeof request->user_id, "%s", exchange->parameter);
    request->from_store = true;
    request->k = (size_t)k;
    if (rules_query_read (context, exchange, request) &&
        s_read_stored (context, exchange, request, (size_t)limit))
        ask_once (context, exchange, &request);
    request_destroy (&request);
}
