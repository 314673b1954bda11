/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/server.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <ulfius.h>
#include <unistd.h>

#include "actors/descriptors.h"
#include "actors/http/certificate.h"
#include "actors/http/connections.h"
#include "actors/http/dispatch.h"
#include "actors/http/framing.h"
#include "actors/http/listen.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"

#define STACK_SIZE     1048576
#define IDLE_TIMEOUT_S 90 /* must exceed every wait of a handler; for stalled readers */
#define CALM_MS        10000 /* without a refusal: the next is news again */
#define OPTION_COUNT   11
#define MANY           64 /* connections: their memory is worth giving back */

struct server {
    http_context_t *context;
    server_options_t options;
    connections_t *connections;
    struct _u_instance instance;
    bool running;    /* ulfius owns a daemon */
    int listener;    /* -1 once closed */
    metric_t *count; /* of connections */
    metric_t *cut[CONNECTION_PHASE_COUNT];
    metric_t *refused_in_all;
    metric_t *refused_per_client;
    bool refusing;      /* and that was logged */
    int64_t refused_ms; /* when the last was */
    size_t most;        /* connections, since memory was given back */
};

/* The connection this thread serves. ulfius tells its callbacks about requests only. */
static _Thread_local connection_t *s_connection;
static _Thread_local struct MHD_Connection *s_mhd;

static connection_t *
s_connection_of (struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info (connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* A connection was accepted, or its thread has ended and its socket is about to close. */
static void
s_on_connection (void *server, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
    server_t *self = server;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connections_close (self->connections, (connection_t **)context);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    address_t peer = address_of_socket (info ? info->client_addr : NULL);
    info = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = connections_open (self->connections, info->connect_fd, &peer,
        networks_have (self->context->proxies, &peer), clock_monotonic_ms ());
}

/* A request line is complete. libmicrohttpd passes the connection as a third argument
 * since 0.9.53; ulfius' own callback takes two. */
static void *
s_on_request_line (void *server, const char *uri, struct MHD_Connection *connection)
{
    server_t *self = server;
    s_mhd = connection;
    s_connection = s_connection_of (connection);
    connections_enter (
        self->connections, s_connection, CONNECTION_RECEIVING, clock_monotonic_ms ());
    return ulfius_uri_logger (NULL, uri);
}

static void
s_on_completed (void *server, struct MHD_Connection *connection, void **request,
    enum MHD_RequestTerminationCode code)
{
    server_t *self = server;
    connections_enter (self->connections, s_connection_of (connection), CONNECTION_IDLE,
        clock_monotonic_ms ());
    mhd_request_completed (NULL, connection, request, code);
}

static enum MHD_Result
s_on_header (void *framing, enum MHD_ValueKind kind, const char *name, size_t name_size,
    const char *value, size_t size)
{
    (void)kind;
    framing_see (framing, name, name_size, value, size);
    return MHD_YES;
}

/* All headers as they came; ulfius keeps one of each name. */
static void
s_look_at_head (const struct _u_request *request, exchange_t *exchange)
{
    framing_t framing = {0};
    MHD_get_connection_values_n (s_mhd, MHD_HEADER_KIND, s_on_header, &framing);
    exchange->fault = framing_fault (&framing, request->http_protocol);
    const char *trace =
        framing.traces == 1 ? exchange_request_header (exchange, "traceparent") : NULL;
    if (trace)
        trace_parse (&exchange->trace, trace);
}

/* Who asks, and by which name of ours. */
static void
s_identify (server_t *self, exchange_t *exchange)
{
    address_t peer = connections_peer (s_connection);
    exchange->client = peer;
    exchange->local = connections_local (s_connection);
    if (!connections_by_proxy (s_connection))
        return;
    exchange_set_host (
        exchange, exchange_request_header (exchange, "X-Forwarded-Host"));
    const char *scheme = exchange_request_header (exchange, "X-Forwarded-Proto");
    exchange->secure |= scheme && strcasecmp (scheme, "https") == 0;
    exchange->client = networks_client (self->context->proxies, &peer,
        exchange_request_header (exchange, "X-Forwarded-For"));
    exchange->crowded =
        !address_equal (&exchange->client, &peer) &&
        !connections_claim (self->connections, s_connection, &exchange->client);
}

/* The only ulfius callback: every method, every path, once the body is complete. */
static int
s_on_request (
    const struct _u_request *request, struct _u_response *response, void *server)
{
    server_t *self = server;
    connections_enter (
        self->connections, s_connection, CONNECTION_HANDLING, clock_monotonic_ms ());
    exchange_t exchange;
    exchange_init (&exchange, request, response);
    s_look_at_head (request, &exchange);
    exchange.connection = s_mhd;
    exchange.probes_only = self->options.probes_only;
    exchange.secure = self->options.tls;
    s_identify (self, &exchange);
    if (exchange.fault || atomic_load (&self->context->draining))
        exchange_set_header (&exchange, "Connection", "close");
    dispatch (self->context, &exchange);
    connections_enter (self->connections, s_connection,
        exchange.streaming ? CONNECTION_STREAMING : CONNECTION_SENDING,
        clock_monotonic_ms ());
    return U_CALLBACK_COMPLETE;
}

/* What strangers do to their connections is no news. */
static void
s_log_mhd (void *server, const char *format, va_list args)
{
    (void)server;
    char text[256];
    vsnprintf (text, sizeof text, format, args);
    text[strcspn (text, "\n")] = '\0';
    log_debug ("http.connection", log_str ("text", text));
}

static void
s_log_ulfius (void *cls, const char *app, const time_t date, const unsigned long level,
    const char *text)
{
    (void)cls;
    (void)app;
    (void)date;
    (void)level;
    log_warn ("http.ulfius", log_str ("text", text));
}

/* The log of ulfius belongs to the process. */
static void
s_set_ulfius_log (void)
{
    y_set_logs_callback (s_log_ulfius, NULL, NULL);
    y_init_logs ("ulfius", Y_LOG_MODE_CALLBACK, Y_LOG_LEVEL_WARNING, NULL, NULL);
}

static int
s_start_ulfius (server_t *self)
{
    intptr_t limit = (intptr_t)self->options.limits.in_all + DESCRIPTORS_SPARE;
    const struct MHD_OptionItem certificate = {
        MHD_OPTION_HTTPS_CERT_CALLBACK, 0, certificate_callback ()};
    const struct MHD_OptionItem end = {MHD_OPTION_END, 0, NULL};
    const struct MHD_OptionItem options[OPTION_COUNT] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)s_log_mhd, NULL}, /* must come first */
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)s_on_completed, self},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)s_on_request_line, self},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)s_on_connection, self},
        {MHD_OPTION_LISTEN_SOCKET, self->listener, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, limit, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, NULL},
        {MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL},
        self->options.tls ? certificate : end,
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)CERTIFICATE_PRIORITIES},
        end,
    };
    unsigned int flags = MHD_USE_THREAD_PER_CONNECTION |
                         MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC |
                         MHD_USE_ERROR_LOG | (self->options.tls ? MHD_USE_TLS : 0);
    return ulfius_start_framework_with_mhd_options (
        &self->instance, flags, (struct MHD_OptionItem *)options);
}

static metric_t *
s_register_refused (const char *label, const char *reason)
{
    char labels[80];
    snprintf (labels, sizeof labels, "listener=\"%s\",reason=\"%s\"", label, reason);
    return metrics_counter ("sasrec_http_connections_refused_total",
        "Connections, and requests through proxies, that were past a limit", labels);
}

static void
s_register_metrics (server_t *self, const char *label)
{
    static const char *const phases[CONNECTION_PHASE_COUNT] = {
        [CONNECTION_RECEIVING] = "receiving",
        [CONNECTION_SENDING] = "sending",
        [CONNECTION_IDLE] = "idle"}; /* the others have no limit */
    char labels[80];
    snprintf (labels, sizeof labels, "listener=\"%s\"", label);
    self->count = metrics_gauge ("sasrec_http_connections", "Open connections", labels);
    for (size_t i = 0; i < CONNECTION_PHASE_COUNT; i++) {
        if (!phases[i])
            continue;
        snprintf (
            labels, sizeof labels, "listener=\"%s\",phase=\"%s\"", label, phases[i]);
        self->cut[i] = metrics_counter ("sasrec_http_connections_cut_total",
            "Connections that were cut because a phase took too long", labels);
    }
    self->refused_in_all = s_register_refused (label, "in all");
    self->refused_per_client = s_register_refused (label, "per client");
}

server_t *
server_new (http_context_t *context, const server_options_t *options, char error[160])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    server_t *self = calloc (1, sizeof *self);
    assert (self);
    self->context = context;
    self->options = *options;
    self->connections = connections_new (options->limits);
    s_register_metrics (self, options->label);
    int failed =
        ulfius_init_instance (&self->instance, (unsigned int)options->port, NULL, NULL);
    assert (failed == U_OK);
    self->instance.allowed_post_processor = U_POST_PROCESS_NONE;
    self->instance.max_post_body_size =
        DISPATCH_BODY_LIMIT + 1;   /* the rest is dropped */
    self->instance.check_utf8 = 0; /* it would drop headers; we look ourselves */
    u_map_put (self->instance.default_headers, "X-Content-Type-Options", "nosniff");
    ulfius_set_default_endpoint (&self->instance, s_on_request, self);
    pthread_once (&once, s_set_ulfius_log);
    self->listener = listen_on (options->host, options->port, error);
    self->running = self->listener >= 0 && s_start_ulfius (self) == U_OK;
    if (self->listener >= 0 && !self->running)
        snprintf (
            error, 160, "the HTTP library could not start on port %d", options->port);
    if (!self->running) {
        server_destroy (&self);
        return NULL;
    }
    log_info ("http.listening", log_str ("listener", options->label),
        log_str ("host", options->host), log_int ("port", options->port),
        log_bool ("tls", options->tls));
    return self;
}

void
server_quiesce (server_t *self)
{
    if (self->listener < 0)
        return;
    MHD_quiesce_daemon (self->instance.mhd_daemon);
    close (self->listener);
    self->listener = -1;
}

void
server_destroy (server_t **self_p)
{
    server_t *self = *self_p;
    if (!self)
        return;
    if (self->running)
        server_quiesce (self);
    if (self->running)
        ulfius_stop_framework (&self->instance);
    else if (self->listener >= 0)
        close (self->listener);
    ulfius_clean_instance (&self->instance);
    connections_destroy (&self->connections);
    free (self);
    *self_p = NULL;
}

/* Counted each time, said once for as long as it goes on. */
static void
s_tell_refused (server_t *self, int64_t now_ms)
{
    char address[ADDRESS_TEXT_SIZE];
    connections_refused_t refused = connections_take_refused (self->connections);
    metric_add (self->refused_in_all, refused.in_all);
    metric_add (self->refused_per_client, refused.per_client);
    if (refused.in_all + refused.per_client > 0) {
        if (!self->refusing)
            log_warn ("http.refusing", log_str ("listener", self->options.label),
                log_str ("limit", refused.per_client > 0 ? "per client" : "in all"),
                log_str ("client", address_print (&refused.last, address)));
        self->refusing = true;
        self->refused_ms = now_ms;
    } else if (self->refusing && now_ms - self->refused_ms > CALM_MS) {
        log_info ("http.refused_none", log_str ("listener", self->options.label));
        self->refusing = false;
    }
}

/* A crowd has left, and with it the threads in whose time the allocator would give back
 * what they had. */
static void
s_give_back (server_t *self, size_t count)
{
    if (count > self->most)
        self->most = count;
    if (self->most < MANY || count > self->most / 2)
        return;
    memory_give_back ();
    self->most = count;
}

void
server_sweep (server_t *self)
{
    uint64_t cut[CONNECTION_PHASE_COUNT] = {0};
    int64_t now_ms = clock_monotonic_ms ();
    connections_sweep (self->connections, now_ms, cut);
    s_tell_refused (self, now_ms);
    size_t count = connections_count (self->connections);
    metric_set (self->count, (double)count);
    s_give_back (self, count);
    for (size_t i = 0; i < CONNECTION_PHASE_COUNT; i++)
        if (cut[i] > 0)
            metric_add (self->cut[i], cut[i]);
}

size_t
server_busy (server_t *self)
{
    return connections_busy (self->connections);
}
