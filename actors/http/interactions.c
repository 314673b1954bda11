/* POST /interactions: what users did, into their table. All of a request or nothing of it,
 * in one statement; the answer comes after its COMMIT, so that the next request of a user
 * finds it. SPDX-License-Identifier: Apache-2.0 */
#include "store/interactions.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/context.h"
#include "actors/http/faults.h"
#include "actors/http/fields.h"
#include "actors/http/routes.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "store/once.h"

#define TRIES 3 /* of what was rolled back: a deadlock with the same events */

typedef struct {
    interaction_t *rows;
    interaction_t **pointers; /* count, as the store takes them */
    size_t count;
    faults_t faults;
} arrivals_t;

static void
s_free (arrivals_t *self)
{
    free (self->rows);
    free (self->pointers);
}

/* As one spelling that PostgreSQL takes for sure. */
static int
s_fix_time (interaction_t *row, json_fault_t *fault)
{
    int64_t unix_us;
    timestamp_kind_t kind;
    if (!row->created_at[0])
        return 0;
    if (timestamp_read (row->created_at, TIMESTAMP_AUTO, &unix_us, &kind) ||
        kind != TIMESTAMP_TEXT)
        return json_fail (fault, "/created_at",
            "created_at must be a date, a time of day and a zone, as in RFC 3339");
    timestamp_format (unix_us, row->created_at);
    return 0;
}

static int
s_read_one (exchange_t *exchange, const json_t *element, const char *at,
    interaction_t *row, json_fault_t *fault)
{
    if (!json_is_object (element))
        return json_fail (fault, "", "an interaction must be an object");
    if (exchange_check_fields (exchange, element, interaction_fields, at, fault))
        return -1;
    if (interaction_read (row, element, NULL, fault)) {
        fields_guess (element, interaction_fields, fault);
        return -1;
    }
    return s_fix_time (row, fault);
}

static void
s_read_all (arrivals_t *self, exchange_t *exchange, const json_t *elements, bool single)
{
    self->count = json_array_size (elements);
    self->rows = calloc (self->count + 1, sizeof *self->rows);
    self->pointers = calloc (self->count + 1, sizeof *self->pointers);
    assert (self->rows && self->pointers);
    for (size_t i = 0; i < self->count; i++) {
        char at[24] = "";
        json_fault_t fault;
        if (!single)
            snprintf (at, sizeof at, "/%zu", i);
        self->pointers[i] = &self->rows[i];
        if (s_read_one (
                exchange, json_array_get (elements, i), at, &self->rows[i], &fault))
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
    return faults_none (&self->faults, exchange, self->count, "interactions");
}

/* What was refused for its data is said in PostgreSQL's words: an owner's trigger, say. */
static bool
s_give_db (
    http_context_t *context, exchange_t *exchange, db_t **db_p, db_status_t status)
{
    char detail[160];
    if (status != DB_DATA)
        return http_context_give_db (context, db_p, status, exchange);
    snprintf (detail, sizeof detail,
        "Nothing was written, PostgreSQL refused it: %.100s", db_error (*db_p));
    pool_give (context->args->pool, db_p);
    json_fault_t fault;
    json_fail (&fault, "", detail);
    exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
    return false;
}

static db_status_t
s_add (db_t *db, const arrivals_t *self, size_t *added)
{
    *added = 0;
    return self->count > 0 ? interactions_add (db, self->pointers, self->count, added)
                           : DB_OK;
}

static void
s_add_answer (
    exchange_t *exchange, const arrivals_t *self, size_t added, strbuf_t *body)
{
    strbuf_addf (body, "{\"received\":%zu,\"added\":%zu,\"duplicates\":%zu",
        self->count, added, self->count - added);
    exchange_add_warnings (exchange, body);
    strbuf_add (body, "}");
}

/* With the answer, in one transaction; or what was answered before. */
static db_status_t
s_add_once (db_t *db, exchange_t *exchange, const arrivals_t *self,
    once_outcome_t *outcome, strbuf_t *body)
{
    char *before;
    size_t added;
    const once_t *once = &exchange->once;
    strbuf_clear (body);
    db_status_t status = once_begin (db, once->id, once->fingerprint, outcome, &before);
    if (status != DB_OK)
        return status;
    if (*outcome == ONCE_NEW) {
        status = s_add (db, self, &added);
        s_add_answer (exchange, self, added, body);
        return status == DB_OK ? once_end (db, once->id, body->data) : status;
    }
    strbuf_add (body, before ? before : "");
    free (before);
    return DB_OK;
}

static db_status_t
s_try (db_t *db, exchange_t *exchange, const arrivals_t *self, once_outcome_t *outcome,
    strbuf_t *body)
{
    size_t added;
    if (*exchange->once.id)
        return s_add_once (db, exchange, self, outcome, body);
    db_status_t status = s_add (db, self, &added);
    if (status == DB_OK)
        s_add_answer (exchange, self, added, body);
    return status;
}

/* False: the problem has been replied. */
static bool
s_write (http_context_t *context, exchange_t *exchange, const arrivals_t *self,
    strbuf_t *body)
{
    once_outcome_t outcome = ONCE_NEW;
    if (self->count == 0 && !*exchange->once.id) {
        s_add_answer (exchange, self, 0, body);
        return true;
    }
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return false;
    db_status_t status = DB_RETRY;
    int64_t started_us = clock_monotonic_us ();
    for (int i = 0; i < TRIES && status == DB_RETRY; i++)
        status = s_try (db, exchange, self, &outcome, body);
    once_cancel (db);
    exchange->stages.commit_us = clock_monotonic_us () - started_us;
    if (!s_give_db (context, exchange, &db, status))
        return false;
    if (outcome == ONCE_ANOTHER)
        once_refuse (exchange);
    return outcome != ONCE_ANOTHER;
}

void
interactions_post (http_context_t *context, exchange_t *exchange)
{
    arrivals_t arrivals = {0};
    strbuf_t body = STRBUF_EMPTY;
    if (s_read (&arrivals, exchange) && s_write (context, exchange, &arrivals, &body))
        exchange_reply_json (exchange, 200, &body);
    else
        strbuf_free (&body);
    s_free (&arrivals);
}
