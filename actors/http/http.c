/* The http actor. Its own thread takes commands and sweeps the connections; requests are
 * served by ulfius' threads. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/http.h"

#include <assert.h>

#include "actors/http/server.h"
#include "actors/http/statistics.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"

#define SWEEP_MS        500
#define QUIESCE_MS      1500 /* the process has 4 s to stop */
#define QUIESCE_STEP_MS 10

enum { SERVER_API, SERVER_PAGE, SERVER_COUNT };

typedef struct {
    zsock_t *pipe;
    const http_args_t *args;
    http_context_t *context;
    server_t *servers[SERVER_COUNT]; /* NULL: not started, or there is none */
    statistics_t statistics;
    health_t *health;
    bool terminated;
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

static void
s_on_start (self_t *self)
{
    char error[160];
    if (self->context)
        zstr_send (self->pipe, "already started");
    else if (s_start_servers (self, error)) {
        health_set (self->health, true, NULL);
        zstr_send (self->pipe, "OK");
    } else {
        s_stop (self);
        health_set (self->health, false, error);
        zstr_send (self->pipe, error);
    }
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
s_on_quiesce (self_t *self)
{
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
    zstr_send (self->pipe, "OK");
}

static void
s_on_command (self_t *self, const char *command)
{
    if (streq (command, "START"))
        s_on_start (self);
    else if (streq (command, "QUIESCE"))
        s_on_quiesce (self);
    else if (streq (command, "$TERM"))
        self->terminated = true;
    else
        zstr_send (self->pipe, "unknown command");
}

static void
s_sweep (self_t *self)
{
    for (size_t i = 0; i < SERVER_COUNT; i++)
        if (self->servers[i])
            server_sweep (self->servers[i]);
    if (self->servers[SERVER_API])
        statistics_publish (&self->statistics, clock_monotonic_ms ());
}

void
http_actor (zsock_t *pipe, void *args)
{
    self_t self = {.pipe = pipe, .args = args};
    self.health = health_check ("http", true);
    statistics_init (&self.statistics, self.args->live, self.args->backlog);
    zsock_set_rcvtimeo (pipe, SWEEP_MS);
    zsock_signal (pipe, 0);
    int64_t next_ms = 0;
    while (!self.terminated) {
        char *command = zstr_recv (pipe);
        if (command)
            s_on_command (&self, command);
        zstr_free (&command);
        if (clock_monotonic_ms () >= next_ms) {
            s_sweep (&self);
            next_ms = clock_monotonic_ms () + SWEEP_MS;
        }
    }
    s_stop (&self);
}
