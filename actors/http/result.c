/* GET /result/{request_id}: the row of a job, at once or when it has ended ("Prefer:
 * wait=N"). A status is only ever read from the row: a result that came before its row
 * was committed is shown, but not as COMPLETED. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/context.h"
#include "actors/http/expand.h"
#include "actors/http/query.h"
#include "actors/http/routes.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "store/predictions.h"

#define WAIT_LIMIT_S 30

static void
s_add_text (strbuf_t *body, const char *key, const char *value)
{
    strbuf_addf (body, ",\"%s\":", key);
    if (value && *value)
        strbuf_add_json_string (body, value);
    else
        strbuf_add (body, "null");
}

/* The ids of a result; fresh, *count of them. What is no result of ours has none. */
static int64_t *
s_item_ids (const char *result, size_t *count)
{
    json_fault_t fault;
    int64_t *ids = NULL;
    *count = 0;
    json_t *object = json_read_object (result, strlen (result), &fault);
    if (object && json_read_integers (object, "item_ids", PROTO_K_LIMIT, 0,
                      JSON_INTEGER_MAX, &ids, count, &fault))
        *count = 0;
    json_decref (object);
    return ids;
}

/* As long as there is no result, there are no items. False: the problem has been replied. */
static bool
s_add_items (expand_t *expand, http_context_t *context, exchange_t *exchange,
    const char *result, strbuf_t *body)
{
    size_t count;
    if (!expand->wanted || !result)
        return true;
    int64_t *ids = s_item_ids (result, &count);
    bool good = expand_find (expand, context, exchange, ids, count);
    if (good)
        expand_add_list (expand, ids, count, body);
    free (ids);
    return good;
}

static void
s_reply_row (http_context_t *context, exchange_t *exchange, const prediction_t *row,
    const char *fresh, expand_t *expand)
{
    const char *id = exchange->parameter;
    const char *result = row->result_json ? row->result_json : fresh;
    strbuf_t body = STRBUF_EMPTY;
    strbuf_addf (&body, "{\"request_id\":\"%s\",\"status\":\"%s\",\"result\":%s", id,
        row->status, result ? result : "null");
    s_add_text (&body, "error", row->error);
    s_add_text (&body, "user_id", row->user_id);
    s_add_text (&body, "model_version", row->model_version);
    s_add_text (&body, "created_at", row->created_at);
    s_add_text (&body, "updated_at", row->updated_at);
    if (!s_add_items (expand, context, exchange, result, &body)) {
        strbuf_free (&body);
        return;
    }
    strbuf_add (&body, "}");
    exchange_reply_json (exchange, 200, &body);
}

/* False: the problem has been replied. No connection is held while anything waits. */
static bool
s_find (http_context_t *context, exchange_t *exchange, prediction_t *row)
{
    bool found = false;
    memset (row, 0, sizeof *row);
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = predictions_find (db, exchange->parameter, row, &found);
    if (!http_context_give_db (context, &db, status, exchange))
        return false;
    if (!found)
        exchange_problem (
            exchange, PROBLEM_UNKNOWN_REQUEST, "No request with this id was accepted.");
    return found;
}

static bool
s_pending (const prediction_t *row)
{
    return !strcmp (row->status, "PENDING");
}

/* Keeps the result that was heard, to show it beside a row that has not got it yet. */
static void
s_keep (result_t **result_p, char **fresh)
{
    strbuf_t json = STRBUF_EMPTY;
    if ((*result_p)->status == RESULT_COMPLETED) {
        result_payload_to_json (*result_p, &json);
        free (*fresh);
        *fresh = json.data;
    }
    result_destroy (result_p);
}

/* Sleeps until the row has ended, or the time is over; then reads it once more. False: the
 * problem has been replied. */
static bool
s_wait_ended (http_context_t *context, exchange_t *exchange, ended_waiter_t *waiter,
    int wait_s, prediction_t *row, char **fresh)
{
    int64_t deadline_ms = clock_monotonic_ms () + 1000 * (int64_t)wait_s;
    for (ended_news_t news = ENDED_ROW; s_pending (row) && news != ENDED_NOTHING;) {
        int64_t left_ms = deadline_ms - clock_monotonic_ms ();
        result_t *result = NULL;
        news = ended_next (waiter, left_ms > 0 ? left_ms : 0, &result);
        if (news == ENDED_RESULT) {
            s_keep (&result, fresh);
            continue;
        }
        if (news == ENDED_STOPPING) {
            exchange_problem (
                exchange, PROBLEM_UNAVAILABLE, "The process is stopping.");
            return false;
        }
        prediction_clear (row);
        if (!s_find (context, exchange, row))
            return false;
    }
    return true;
}

static int
s_wait_s (exchange_t *exchange)
{
    int wait_s =
        query_prefer_wait (exchange_request_header (exchange, "Prefer"), WAIT_LIMIT_S);
    if (wait_s < 0)
        return 0;
    char applied[24];
    snprintf (applied, sizeof applied, "wait=%d", wait_s);
    exchange_set_header (exchange, "Preference-Applied", applied);
    return wait_s;
}

void
result_get (http_context_t *context, exchange_t *exchange)
{
    const char *id = exchange->parameter;
    prediction_t row;
    if (!uuid_valid (id)) {
        exchange_problem (
            exchange, PROBLEM_UNKNOWN_REQUEST, "The id of a request is a UUID.");
        return;
    }
    expand_t expand;
    if (!expand_read (exchange, &expand))
        return;
    int wait_s = s_wait_s (exchange);
    ended_waiter_t *waiter = wait_s > 0 ? ended_wait (context->args->ended, id) : NULL;
    char *fresh = NULL;
    bool good = s_find (context, exchange, &row);
    if (good && waiter)
        good = s_wait_ended (context, exchange, waiter, wait_s, &row, &fresh);
    ended_leave (&waiter);
    if (good)
        s_reply_row (context, exchange, &row, fresh, &expand);
    expand_free (&expand);
    prediction_clear (&row);
    free (fresh);
}
