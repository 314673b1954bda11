/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/context.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "actors/db_watch.h"
#include "actors/http/access.h"
#include "actors/http/listen.h"
#include "base/clock.h"
#include "base/log.h"

#define DB_WAIT_MS  250 /* for a free connection */
#define LIST_LIMIT  2   /* reads of lists at a time */
#define LIST_WAIT_S 2   /* for a turn */

http_context_t *
http_context_new (const http_args_t *args, char error[160])
{
    http_context_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->accept = outlet_new (args->accept_endpoint);
    self->once = outlet_new (args->once_endpoint);
    self->reload = outlet_new (args->reload_endpoint);
    self->assets = assets_new ();
    self->started_ms = clock_unix_ms ();
    sem_init (&self->lists, 0, LIST_LIMIT);
    self->streams =
        streams_new ((size_t)config_integer (args->config, CONFIG_SSE_LIMIT),
            (size_t)config_integer (args->config, CONFIG_SSE_ADDRESS_LIMIT));
    self->in_work = once_set_new ();
    self->traffic = traffic_new (args->probes_only);
    rate_t rate;
    rate_parse (config_text (args->config, CONFIG_ADDRESS_RATE), &rate);
    self->address_rates = address_rates_new (&rate);
    self->open = !args->keyring || config_integer (args->config, CONFIG_OPEN);
    self->loopback = listen_is_loopback (config_text (args->config, CONFIG_BIND));
    self->proxies =
        networks_new (config_text (args->config, CONFIG_TRUSTED_PROXIES), error);
    if (self->proxies && self->accept && self->once && self->reload)
        return self;
    if (self->proxies)
        snprintf (error, 160, "cannot connect the pipes of the HTTP actor");
    http_context_destroy (&self);
    return NULL;
}

void
http_context_destroy (http_context_t **self_p)
{
    http_context_t *self = *self_p;
    if (!self)
        return;
    outlet_destroy (&self->accept);
    outlet_destroy (&self->once);
    outlet_destroy (&self->reload);
    assets_destroy (&self->assets);
    streams_destroy (&self->streams);
    once_set_destroy (&self->in_work);
    traffic_destroy (&self->traffic);
    networks_destroy (&self->proxies);
    address_rates_destroy (&self->address_rates);
    sem_destroy (&self->lists);
    free (self);
    *self_p = NULL;
}

/* A turn among the reads of lists; false: the 503 has been replied. */
static bool
s_take_turn (http_context_t *self, exchange_t *exchange)
{
    struct timespec end;
    clock_gettime (CLOCK_MONOTONIC, &end);
    end.tv_sec += LIST_WAIT_S;
    int rc;
    while ((rc = sem_clockwait (&self->lists, CLOCK_MONOTONIC, &end)) && errno == EINTR)
        ;
    if (rc)
        exchange_problem (
            exchange, PROBLEM_OVERLOADED, "Too many lists are being read already.");
    return rc == 0;
}

void
http_context_add_version (const model_ref_t *model, strbuf_t *body)
{
    if (model)
        strbuf_add_json_string (body, model_version (model_ref_model (model)));
    else
        strbuf_add (body, "null");
}

db_t *
http_context_take_db_for_list (http_context_t *self, exchange_t *exchange)
{
    if (!s_take_turn (self, exchange))
        return NULL;
    db_t *db = http_context_take_db (self, exchange);
    if (!db)
        sem_post (&self->lists);
    return db;
}

bool
http_context_give_db_for_list (
    http_context_t *self, db_t **db_p, db_status_t status, exchange_t *exchange)
{
    bool good = http_context_give_db (self, db_p, status, exchange);
    sem_post (&self->lists);
    return good;
}

model_ref_t *
http_context_model (http_context_t *self)
{
    return self->args->slot ? model_slot_acquire_any (self->args->slot) : NULL;
}

db_t *
http_context_take_db (http_context_t *self, exchange_t *exchange)
{
    if (exchange->unproven) {
        access_refuse_unproven (exchange);
        return NULL;
    }
    db_t *db = pool_take (self->args->pool, DB_WAIT_MS);
    if (!db)
        exchange_problem (
            exchange, PROBLEM_UNAVAILABLE, "The database is away or busy.");
    return db;
}

bool
http_context_give_db (
    http_context_t *self, db_t **db_p, db_status_t status, exchange_t *exchange)
{
    char unable[160];
    snprintf (
        unable, sizeof unable, "The database cannot do it: %.120s", db_error (*db_p));
    if (status == DB_DATA)
        log_error ("http.query_refused", log_str ("error", db_error (*db_p)),
            log_str ("request_id", exchange->id), log_trace (&exchange->trace));
    pool_give (self->args->pool, db_p);
    if (status == DB_DATA)
        exchange_problem (exchange, PROBLEM_FAILED, "The database refused the query.");
    else if (status == DB_UNABLE) {
        db_watch_doubt ();
        exchange_problem (exchange, PROBLEM_UNAVAILABLE, unable);
    } else if (status != DB_OK)
        exchange_problem (
            exchange, PROBLEM_UNAVAILABLE, "The database is away or busy.");
    return status == DB_OK;
}
