/* The http actor: owns the listeners (API; the page on its own port, with the same routes;
 * probes and metrics on a third, so that full ones do not silence them). Handler threads belong to ulfius; they validate, put a message on a pipe and
 * wait on a ticket.
 *
 * commands      START -> "OK" or an error sentence; QUIESCE (refuse new connections, end
 *               SSE streams, let running requests end for at most 1.5 s, close the
 *               rest) -> "OK"; $TERM
 * messages in   none
 * messages out  request_t to accept (jobs) and once (at once), reload_t to reload
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_HTTP_H
#define SASREC_ACTORS_HTTP_HTTP_H

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "actors/ended.h"
#include "actors/keyring.h"
#include "actors/live.h"
#include "actors/model_slot.h"
#include "actors/spans.h"
#include "base/config.h"
#include "store/pool.h"

typedef struct {
    const char *role;       /* of the process: "api" */
    const config_t *config; /* bind, ports, limits, checkpoints folder */
    pool_t *pool;           /* for reads; NULL with probes_only */
    model_slot_t *slot; /* for /models; no job is taken while it is empty (NULL: is) */
    keyring_t *keyring; /* who may; NULL: everybody */
    live_t *live;
    ended_t *ended;
    spans_t *spans;         /* NULL: no tracing */
    atomic_size_t *backlog; /* accepted and unfinished; 503 past CONFIG_BACKLOG_LIMIT */
    const char *accept_endpoint;
    const char *once_endpoint;
    const char *reload_endpoint;
    int admin_port;          /* of the probes; 0: none */
    config_key_t admin_bind; /* the setting that says where they listen */
    size_t connection_limit; /* of API and page, each; 0: as configured */
    bool probes_only; /* a role without clients: /livez, /readyz, /metrics, /version */
} http_args_t;

/* args: http_args_t, borrowed until the actor ends. */
void http_actor (zsock_t *pipe, void *args);

#endif
