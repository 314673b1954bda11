/* What the handlers of a process share. Made at START, never changed after it but for
 * draining. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_CONTEXT_H
#define SASREC_ACTORS_HTTP_CONTEXT_H

#include <semaphore.h>
#include <stdatomic.h>

#include "actors/http/address.h"
#include "actors/http/address_rates.h"
#include "actors/http/assets.h"
#include "actors/http/exchange.h"
#include "actors/http/http.h"
#include "actors/http/outlet.h"
#include "actors/http/streams.h"
#include "actors/http/traffic.h"

struct http_context {
    const http_args_t *args;
    outlet_t *accept;    /* request_t of jobs */
    outlet_t *once;      /* request_t answered at once */
    outlet_t *reload;    /* reload_t */
    assets_t *assets;    /* the page, the documentation, the description */
    streams_t *streams;  /* those of /events that are open */
    once_set_t *in_work; /* what came with an Idempotency-Key and is not answered */
    traffic_t *traffic;  /* metrics of the routes */
    sem_t lists;         /* how many reads of lists may still begin */
    int64_t started_ms;  /* unix ms */
    networks_t *proxies; /* whose X-Forwarded-* are believed */
    address_rates_t *address_rates; /* NULL: clients may ask as often as they like */
    bool open;                      /* nobody is asked for a key */
    bool loopback;                  /* only this machine reaches the listeners */
    atomic_bool draining;           /* stopping: connections are not kept alive */
};

/* NULL with error when an endpoint cannot be connected or a trusted proxy is no network.
 * args is borrowed. */
http_context_t *http_context_new (const http_args_t *args, char error[160]);
void http_context_destroy (http_context_t **self_p);

/* A reference to the model in use, or NULL. */
model_ref_t *http_context_model (http_context_t *self);

/* Its version as a JSON string; null for NULL. */
void http_context_add_version (const model_ref_t *model, strbuf_t *body);

/* A connection of the pool, or NULL: the 503 has been replied. */
db_t *http_context_take_db (http_context_t *self, exchange_t *exchange);

/* The same for a read whose cost grows with the data (all users, not one). Few of them run
 * at a time and the others wait their turn, so that they take neither the connections nor
 * the cores of the database from reads by key. */
db_t *http_context_take_db_for_list (http_context_t *self, exchange_t *exchange);
bool http_context_give_db_for_list (
    http_context_t *self, db_t **db_p, db_status_t status, exchange_t *exchange);

/* Gives it back; false when status is not DB_OK: the problem has been replied. */
bool http_context_give_db (
    http_context_t *self, db_t **db_p, db_status_t status, exchange_t *exchange);

#endif
