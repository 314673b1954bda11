/* The http actor. Its own thread takes commands and sweeps the connections; requests are
 * served by ulfius' threads. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/http.h"

#include <assert.h>

#include "actors/descriptors.h"
#include "actors/http/certificate.h"
#include "actors/http/server.h"
#include "actors/http/statistics.h"
#include "actors/http/vitals.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"
#include "base/actor/control.h"

#define SWEEP_MS        500
#define QUIESCE_MS      1500 /* the process has 4 s to stop */
#define QUIESCE_STEP_MS 10

enum { SERVER_API, SERVER_PAGE, SERVER_ADMIN, SERVER_COUNT };

typedef struct {
    const http_args_t *args;
    http_context_t *context;
    server_t *servers[SERVER_COUNT]; /* NULL: not started, or there is none */
    statistics_t statistics;
    vitals_t vitals;
    health_t *health;
    int64_t sweep_ms; /* when the next is due */
    char error[160];  /* why START failed */
} self_t;

static void
s_stop (self_t *self)
{
    for (size_t i = 0; i < SERVER_COUNT; i++)
        server_destroy (&self->servers[i]);
    http_context_destroy (&self->context);
}

static bool
s_start_clients (self_t *self, char error[160])
{
    const http_args_t *args = self->args;
    int port = (int)config_integer (args->config, CONFIG_HTTP_PORT);
    int page_port = (int)config_integer (args->config, CONFIG_UI_PORT);
    size_t limit = (size_t)config_integer (args->config, CONFIG_CONNECTION_LIMIT);
    const char *certificate = config_text (args->config, CONFIG_TLS_CERT);
    bool tls = *certificate;
    if (tls && certificate_load (
                   certificate, config_text (args->config, CONFIG_TLS_KEY), error))
        return false;
    server_options_t options = {.label = "api",
        .host = config_text (args->config, CONFIG_BIND),
        .port = port,
        .limits = {.in_all = args->connection_limit ? args->connection_limit : limit,
            .per_client = (size_t)config_integer (args->config, CONFIG_ADDRESS_LIMIT),
            .silent = tls},
        .tls = tls};
    self->servers[SERVER_API] = server_new (self->context, &options, error);
    if (!self->servers[SERVER_API])
        return false;
    if (page_port == 0 || page_port == port)
        return true;
    options.label = "page";
    options.port = page_port;
    self->servers[SERVER_PAGE] = server_new (self->context, &options, error);
    return self->servers[SERVER_PAGE] != NULL;
}

static bool
s_start_admin (self_t *self, char error[160])
{
    const http_args_t *args = self->args;
    const server_options_t options = {.label = "admin",
        .host = config_text (args->config, args->admin_bind),
        .port = args->admin_port,
        .limits = {.in_all = DESCRIPTORS_ADMIN, .per_client = DESCRIPTORS_ADMIN},
        .probes_only = true};
    if (args->admin_port != 0)
        self->servers[SERVER_ADMIN] = server_new (self->context, &options, error);
    return args->admin_port == 0 || self->servers[SERVER_ADMIN];
}

static bool
s_start_servers (self_t *self, char error[160])
{
    self->context = http_context_new (self->args, error);
    return self->context && s_start_admin (self, error) &&
           (self->args->probes_only || s_start_clients (self, error));
}

static const char *
s_start (void *context)
{
    self_t *self = context;
    bool started = s_start_servers (self, self->error);
    if (!started)
        s_stop (self);
    health_set (self->health, started, started ? NULL : self->error);
    return started ? NULL : self->error;
}

static size_t
s_busy (self_t *self)
{
    size_t busy = 0;
    for (size_t i = 0; i < SERVER_COUNT; i++)
        if (self->servers[i])
            busy += server_busy (self->servers[i]);
    return busy;
}

/* Waits until nothing runs, seen twice: a request may be between the kernel and its
 * thread. */
static bool
s_wait_quiet (self_t *self, int limit_ms)
{
    int64_t end_ms = clock_monotonic_ms () + limit_ms;
    for (int quiet = 0; quiet < 2; quiet = s_busy (self) == 0 ? quiet + 1 : 0) {
        if (clock_monotonic_ms () > end_ms)
            return false;
        zclock_sleep (QUIESCE_STEP_MS);
    }
    return true;
}

/* The actors still answer: running requests end as they should. */
static void
s_quiesce (void *context)
{
    self_t *self = context;
    if (self->context)
        atomic_store (&self->context->draining, true);
    for (size_t i = 0; i < SERVER_COUNT; i++)
        if (self->servers[i])
            server_quiesce (self->servers[i]);
    live_shutdown (self->args->live);
    ended_shutdown (self->args->ended);
    if (!s_wait_quiet (self, QUIESCE_MS)) {
        log_warn ("http.cut_short", log_int ("requests", (int64_t)s_busy (self)));
        ticket_wake_all ();
    }
    s_stop (self);
    health_set (self->health, false, "stopped");
}

static void
s_sweep (self_t *self)
{
    for (size_t i = 0; i < SERVER_COUNT; i++)
        if (self->servers[i])
            server_sweep (self->servers[i]);
    if (self->context)
        statistics_publish (&self->statistics, clock_monotonic_ms ());
    vitals_publish (&self->vitals);
    self->sweep_ms = clock_monotonic_ms () + SWEEP_MS;
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t item = {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0};
    int64_t wait_ms = self->sweep_ms - clock_monotonic_ms ();
    zmq_poll (&item, 1, wait_ms > 0 ? (long)wait_ms : 0);
    if (clock_monotonic_ms () >= self->sweep_ms)
        s_sweep (self);
    return item.revents != 0;
}

void
http_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, s_quiesce};
    self_t self = {.args = args};
    self.health = health_check ("http", true);
    statistics_init (&self.statistics, self.args->live, self.args->backlog);
    vitals_init (&self.vitals, self.args->live);
    control_run (pipe, &self, &life);
    s_stop (&self);
}
