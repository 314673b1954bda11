/* The http actor. Its own thread takes commands and sweeps the connections; requests are
 * served by ulfius' threads. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/http.h"

#include <assert.h>

#include "actors/http/server.h"
#include "actors/http/statistics.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"
#include "base/actor/control.h"

#define SWEEP_MS        500
#define QUIESCE_MS      1500 /* the process has 4 s to stop */
#define QUIESCE_STEP_MS 10

enum { SERVER_API, SERVER_PAGE, SERVER_COUNT };

typedef struct {
    const http_args_t *args;
    http_context_t *context;
    server_t *servers[SERVER_COUNT]; /* NULL: not started, or there is none */
    statistics_t statistics;
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
s_start_servers (self_t *self, char error[160])
{
    const config_t *config = self->args->config;
    int port = self->args->port ? self->args->port
                                : (int)config_integer (config, CONFIG_HTTP_PORT);
    int page_port =
        self->args->probes_only ? 0 : (int)config_integer (config, CONFIG_UI_PORT);
    self->context = http_context_new (self->args, error);
    if (!self->context)
        return false;
    self->servers[SERVER_API] = server_new (self->context, "api", port, error);
    if (!self->servers[SERVER_API])
        return false;
    if (page_port == 0 || page_port == port)
        return true;
    self->servers[SERVER_PAGE] = server_new (self->context, "page", page_port, error);
    return self->servers[SERVER_PAGE] != NULL;
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
    if (self->servers[SERVER_API])
        statistics_publish (&self->statistics, clock_monotonic_ms ());
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
    control_run (pipe, &self, &life);
    s_stop (&self);
}
