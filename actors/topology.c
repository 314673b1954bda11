/* Which actors a role runs, what each is wired to, and the order in which they stop.
 * SPDX-License-Identifier: Apache-2.0 */
#include "actors/topology.h"

#include <assert.h>
#include <czmq.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/catalogue_publisher.h"
#include "actors/catalogue_reader.h"
#include "actors/catalogue_watch.h"
#include "actors/db_writer.h"
#include "actors/descriptors.h"
#include "actors/ended.h"
#include "actors/ended_watch.h"
#include "actors/endpoints.h"
#include "actors/http/address.h"
#include "actors/http/certificate.h"
#include "actors/http/http.h"
#include "actors/http/listen.h"
#include "actors/inference_pool.h"
#include "actors/inference_worker.h"
#include "actors/interaction_writer.h"
#include "actors/key_watch.h"
#include "actors/keyring.h"
#include "actors/otlp.h"
#include "actors/pruner.h"
#include "actors/reconciler.h"
#include "actors/reload_controller.h"
#include "actors/request_producer.h"
#include "actors/result_router.h"
#include "actors/signals.h"
#include "actors/span_sender.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"
#include "base/log_sink.h"
#include "base/metrics.h"
#include "base/supervisor.h"
#include "bridge/bridge.h"
#include "bridge/settings.h"
#include "base/actor/control.h"
#include "store/conninfo.h"

#define WORKER_LIMIT         256
#define PART_LIMIT           20 /* kinds of actors */
#define STATEMENT_TIMEOUT_MS 2000
#define SWEEP_MS             60000 /* for what is older than SASREC_RETENTION */
#define CATALOGUE_WALK_MS    5000
#define CATALOGUE_AGAIN_MS   600 /* more than a look at the database */
#define POOL_SIZE            8   /* connections for HTTP reads */
#define RECENT_LIMIT         4096
#define SPAN_LIMIT           4096 /* that wait for their receiver */
#define WRITE_BATCH_LIMIT    1000
#define WRITE_WAITING_LIMIT  20000
#define MODEL_CHECK_MS       5000
#define KEYS_LOOK_MS         2000 /* a revoked key is refused after 5 s at the latest */
#define START_MS             10000 /* a START that takes longer has failed */
#define QUIESCE_MS           2000  /* running requests may end */
#define STOP_WAIT_MS         2500 /* no longer is PostgreSQL waited for, when stopping */
#define STOP_MS              4000 /* then the process leaves without ceremony */
#define WORKER_PORT          8001 /* of a role without clients, unless configured */
#define DB_WRITER_PORT       8002
#define ROLE_DESCRIPTORS     96 /* actors, their pipes, connections to the database */
#define WORKER_DESCRIPTORS   8
#define BRIDGE_DESCRIPTORS   96 /* brokers, queues */
#define WORKER_GROUP         "sasrec_worker_group"
#define DB_WRITER_GROUP      "sasrec_db_writer_group"
#define INTERACTIONS_GROUP                                                             \
    "sasrec_interactions_group" /* a flood of them delays no result */
#define REPEAT_LIMIT       64   /* rows sent again in a second */
#define KAFKA_REPEAT_LIMIT 512  /* the same: a loss of data there takes many at once */
#define OUTSTANDING_LIMIT  2000 /* messages of a group in work; the pipes hold more */

typedef struct {
    const config_t *config; /* borrowed */
    char *conninfo;         /* holds the password */
    pool_t *pool;
    model_slot_t *slot;
    drift_watch_t *drift;
    live_t *live;
    ended_t *ended;
    keyring_t *keyring;    /* NULL in roles without clients */
    spans_t *spans;        /* NULL: no tracing */
    atomic_size_t backlog; /* rows accepted and unfinished */
    unsigned role;         /* one of the below */
    atomic_size_t waiting; /* jobs waiting in the pool */
    atomic_bool unsent;    /* rows that were never sent */
    atomic_size_t on_way;  /* with Kafka: jobs that no worker has read */
    db_writer_args_t db_writer;
    interaction_writer_args_t interaction_writer;
    result_router_args_t result_router;
    inference_pool_args_t inference_pool;
    inference_worker_args_t each_worker; /* what they have in common */
    inference_worker_args_t inference_worker[WORKER_LIMIT];
    reload_controller_args_t reload_controller;
    request_producer_args_t request_producer;
    reconciler_args_t reconciler;
    pruner_args_t pruner;
    ended_watch_args_t ended_watch;
    key_watch_args_t key_watch;
    catalogue_watch_args_t catalogue_watch;
    catalogue_publisher_args_t catalogue_publisher;
    catalogue_reader_args_t catalogue_reader;
    listener_until_t catalogue_until; /* with Kafka */
    http_args_t http;
    span_sender_args_t span_sender;
    bridge_wire_t wires[BRIDGE_WIRE_LIMIT];
    bridge_args_t bridge;
    char client_id[32]; /* how Kafka sees this process */
    size_t worker_count;
    zactor_t *actors[PART_LIMIT + WORKER_LIMIT]; /* by part, the workers last */
    bool started[PART_LIMIT + WORKER_LIMIT];     /* its START was answered OK */
} topology_t;

/* The roles a part runs in. All of them but ALL have Kafka: the bridge is in the wires
 * of jobs. JOINED is all of the service in one process, its jobs through Kafka too. */
enum { ALL = 1, API = 2, WORKER = 4, DB_WRITER = 8, JOINED = 16 };

typedef enum {
    PART_DB_WRITER,
    PART_RESULT_ROUTER,
    PART_INFERENCE_POOL,
    PART_RELOAD_CONTROLLER,
    PART_REQUEST_PRODUCER,
    PART_RECONCILER,
    PART_PRUNER,
    PART_ENDED_WATCH,
    PART_KEY_WATCH,
    PART_CATALOGUE_WATCH,
    PART_CATALOGUE_PUBLISHER,
    PART_CATALOGUE_READER,
    PART_HTTP,
    PART_BRIDGE,
    PART_INTERACTION_WRITER,
    PART_SPAN_SENDER,      /* with tracing */
    PART_INFERENCE_WORKER, /* as many as configured */
    PART_COUNT
} part_t;

static const struct {
    const char *name;
    zactor_fn *run;
    size_t args;      /* where they are in topology_t */
    size_t args_size; /* of one */
    unsigned roles;
    /* reads             writes                                 */
} s_parts[PART_COUNT] = {
    [PART_DB_WRITER] = {"db_writer", db_writer_actor, offsetof (topology_t, db_writer),
        0, ALL | JOINED | DB_WRITER},
    /* write             PostgreSQL, settle                     */
    [PART_RESULT_ROUTER] = {"result_router", result_router_actor,
        offsetof (topology_t, result_router), 0, ALL | JOINED | API},
    /* results           write or answers, tickets, live        */
    [PART_INFERENCE_POOL] = {"inference_pool", inference_pool_actor,
        offsetof (topology_t, inference_pool), 0, ALL | JOINED | API | WORKER},
    /* jobs, once, free  batch-N, settle                        */
    [PART_INFERENCE_WORKER] = {"inference_worker", inference_worker_actor,
        offsetof (topology_t, inference_worker), sizeof (inference_worker_args_t),
        ALL | JOINED | API | WORKER},
    /* batch-N           results or answers, free               */
    [PART_RELOAD_CONTROLLER] = {"reload_controller", reload_controller_actor,
        offsetof (topology_t, reload_controller), 0, ALL | JOINED | API | WORKER},
    /* reload            the model slot, live                   */
    [PART_REQUEST_PRODUCER] = {"request_producer", request_producer_actor,
        offsetof (topology_t, request_producer), 0, ALL | JOINED | API},
    /* accept, returned  PostgreSQL, jobs or publish            */
    [PART_RECONCILER] = {"reconciler", reconciler_actor,
        offsetof (topology_t, reconciler), 0, ALL | JOINED | API},
    /* PostgreSQL        PostgreSQL, jobs or publish            */
    [PART_PRUNER] = {"pruner", pruner_actor, offsetof (topology_t, pruner), 0,
        ALL | JOINED | DB_WRITER},
    /* PostgreSQL        PostgreSQL                             */
    [PART_ENDED_WATCH] = {"ended_watch", ended_watch_actor,
        offsetof (topology_t, ended_watch), 0, ALL | JOINED | API},
    /* ended, PostgreSQL who waits                              */
    [PART_KEY_WATCH] = {"key_watch", key_watch_actor, offsetof (topology_t, key_watch),
        0, ALL | JOINED | API},
    /* PostgreSQL        the keyring                            */
    [PART_CATALOGUE_WATCH] = {"catalogue_watch", catalogue_watch_actor,
        offsetof (topology_t, catalogue_watch), 0, ALL | JOINED | API},
    /* PostgreSQL        the model slot                         */
    [PART_CATALOGUE_PUBLISHER] = {"catalogue_publisher", catalogue_publisher_actor,
        offsetof (topology_t, catalogue_publisher), 0, JOINED | DB_WRITER},
    /* PostgreSQL, heard facts                                  */
    [PART_CATALOGUE_READER] = {"catalogue_reader", catalogue_reader_actor,
        offsetof (topology_t, catalogue_reader), 0, WORKER},
    /* heard             the model slot                         */
    [PART_HTTP] = {"http", http_actor, offsetof (topology_t, http), 0,
        ALL | JOINED | API | WORKER | DB_WRITER},
    /* clients           accept, once, reload                   */
    [PART_INTERACTION_WRITER] = {"interaction_writer", interaction_writer_actor,
        offsetof (topology_t, interaction_writer), 0, JOINED | DB_WRITER},
    /* events            PostgreSQL, settle                     */
    [PART_BRIDGE] = {"bridge", bridge_actor, offsetof (topology_t, bridge), 0,
        JOINED | API | WORKER | DB_WRITER},
    /* Kafka, publish, answers, settle     Kafka, jobs, results, write, reload, returned */
    [PART_SPAN_SENDER] = {"span_sender", span_sender_actor,
        offsetof (topology_t, span_sender), 0, ALL | JOINED | API | WORKER | DB_WRITER},
    /* the spans         the receiver of spans                  */
};

/* Readers before writers, so that nothing is refused while it starts. The bridge is last:
 * a process that cannot have its ports never joins a group. */
static const part_t s_start_order[] = {PART_SPAN_SENDER, PART_DB_WRITER,
    PART_INTERACTION_WRITER, PART_RESULT_ROUTER, PART_INFERENCE_POOL,
    PART_INFERENCE_WORKER, PART_RELOAD_CONTROLLER, PART_REQUEST_PRODUCER,
    PART_RECONCILER, PART_PRUNER, PART_ENDED_WATCH, PART_KEY_WATCH,
    PART_CATALOGUE_WATCH, PART_CATALOGUE_PUBLISHER, PART_CATALOGUE_READER, PART_HTTP,
    PART_BRIDGE};

/* Writers before readers: a reader empties its pipes after its writers are gone. The
 * pool and the workers write to each other, so the pool falls silent first; so does the
 * bridge, which then publishes and settles what the others finish. */
static const struct {
    part_t part;
    const char *word;
} s_stop_order[] = {
    {PART_HTTP, "QUIESCE"},
    {PART_HTTP, "$TERM"},
    {PART_BRIDGE, "QUIESCE"},
    {PART_ENDED_WATCH, "$TERM"},
    {PART_KEY_WATCH, "$TERM"},
    {PART_CATALOGUE_WATCH, "$TERM"},
    {PART_CATALOGUE_PUBLISHER, "$TERM"},
    {PART_CATALOGUE_READER, "$TERM"},
    {PART_RELOAD_CONTROLLER, "$TERM"},
    {PART_REQUEST_PRODUCER, "$TERM"},
    {PART_RECONCILER, "$TERM"},
    {PART_PRUNER, "$TERM"},
    {PART_INFERENCE_POOL, "QUIESCE"},
    {PART_INFERENCE_WORKER, "$TERM"},
    {PART_INFERENCE_POOL, "$TERM"},
    {PART_RESULT_ROUTER, "$TERM"},
    {PART_DB_WRITER, "$TERM"},
    {PART_INTERACTION_WRITER, "$TERM"},
    {PART_BRIDGE, "$TERM"},
    {PART_SPAN_SENDER, "$TERM"},
};

/* Making the parts' arguments */

static size_t
s_size (const topology_t *self, config_key_t key)
{
    return (size_t)config_integer (self->config, key);
}

static void
s_make_jobs (topology_t *self)
{
    bool kafka = self->role != ALL; /* in the wires of jobs */
    self->request_producer = (request_producer_args_t){.conninfo = self->conninfo,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .deadline_s = (int)config_integer (self->config, CONFIG_DEADLINE_S),
        .backlog = &self->backlog,
        .unsent = &self->unsent,
        .spans = self->spans};
    self->reconciler = (reconciler_args_t){.ended = self->ended,
        .conninfo = self->conninfo,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .max_attempts = (int)config_integer (self->config, CONFIG_MAX_ATTEMPTS),
        .job_limit = kafka ? BRIDGE_QUEUE_LIMIT : s_size (self, CONFIG_JOB_QUEUE_LIMIT),
        .repeat_limit = kafka ? KAFKA_REPEAT_LIMIT : REPEAT_LIMIT,
        .backlog_limit = s_size (self, CONFIG_BACKLOG_LIMIT),
        .reset_at_start = !kafka,
        .slot = self->slot,
        .waiting = kafka ? &self->on_way : &self->waiting,
        .backlog = &self->backlog,
        .unsent = &self->unsent};
    self->pruner = (pruner_args_t){.conninfo = self->conninfo,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .retention_s = config_integer (self->config, CONFIG_RETENTION),
        .sweep_ms = SWEEP_MS};
    self->result_router = (result_router_args_t){.ended = self->ended};
    self->db_writer = (db_writer_args_t){.ended = self->ended,
        .conninfo = self->conninfo,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .batch_limit = WRITE_BATCH_LIMIT,
        .waiting_limit = WRITE_WAITING_LIMIT,
        .backlog = &self->backlog,
        .spans = self->spans,
        .shows_database = self->role == DB_WRITER};
    self->interaction_writer = (interaction_writer_args_t){
        .conninfo = self->conninfo, .statement_timeout_ms = STATEMENT_TIMEOUT_MS};
}

static void
s_make_inference (topology_t *self)
{
    self->inference_pool = (inference_pool_args_t){.worker_count = self->worker_count,
        .job_limit = s_size (self, CONFIG_JOB_QUEUE_LIMIT),
        .once_limit = s_size (self, CONFIG_SYNC_QUEUE_LIMIT),
        .slot = self->slot,
        .waiting = &self->waiting};
    self->each_worker =
        (inference_worker_args_t){.batch_limit = s_size (self, CONFIG_BATCH_LIMIT),
            .slot = self->slot,
            .drift = self->drift,
            .spans = self->spans};
    self->catalogue_watch = (catalogue_watch_args_t){.conninfo = self->conninfo,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .slot = self->slot};
    self->catalogue_until = -1;
    self->catalogue_publisher = (catalogue_publisher_args_t){.conninfo = self->conninfo,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .until = &self->catalogue_until,
        .walk_ms = CATALOGUE_WALK_MS,
        .contradict_ms = CATALOGUE_AGAIN_MS};
    self->catalogue_reader =
        (catalogue_reader_args_t){.until = &self->catalogue_until, .slot = self->slot};
    self->reload_controller = (reload_controller_args_t){
        .folder = config_text (self->config, CONFIG_CHECKPOINTS),
        .check_ms = MODEL_CHECK_MS,
        .cache_bytes = s_size (self, CONFIG_KV_CACHE_MB) << 20,
        .bf16 =
            strcmp (config_text (self->config, CONFIG_ENCODER_PRECISION), "bf16") == 0,
        .slot = self->slot,
        .live = self->live};
}

/* Whoever is let in without a key, when others than this machine can ask: said each time. */
static void
s_make_keys (topology_t *self)
{
    const char *bind = config_text (self->config, CONFIG_BIND);
    bool open = config_integer (self->config, CONFIG_OPEN);
    bool loopback = listen_is_loopback (bind);
    if (!self->keyring)
        return;
    if (open && !loopback)
        log_warn ("topology.open", log_str ("bind", bind),
            log_str ("reason", "everybody who reaches it is let in: SASREC_OPEN"));
    self->key_watch = (key_watch_args_t){.conninfo = self->conninfo,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .look_ms = KEYS_LOOK_MS,
        .keyring = self->keyring,
        .open = open,
        .needed = !open && !loopback};
}

static bool
s_is_set (const topology_t *self, config_key_t key)
{
    return strcmp (config_origin (self->config, key), "default") != 0;
}

/* A role without clients has this listener alone: --http-port and --bind mean it too. */
static int
s_admin_port (const topology_t *self)
{
    bool alone = self->role & (WORKER | DB_WRITER);
    if (alone && !s_is_set (self, CONFIG_ADMIN_PORT)) {
        if (s_is_set (self, CONFIG_HTTP_PORT))
            return (int)config_integer (self->config, CONFIG_HTTP_PORT);
        return self->role == WORKER ? WORKER_PORT : DB_WRITER_PORT;
    }
    return (int)config_integer (self->config, CONFIG_ADMIN_PORT);
}

static void
s_make_http (topology_t *self, const char *role)
{
    bool alone = self->role & (WORKER | DB_WRITER);
    self->http = (http_args_t){.role = role,
        .ended = self->ended,
        .spans = self->spans,
        .config = self->config,
        .pool = self->pool,
        .slot = self->slot,
        .keyring = self->keyring,
        .live = self->live,
        .backlog = &self->backlog,
        .admin_port = s_admin_port (self),
        .admin_bind = alone && !s_is_set (self, CONFIG_ADMIN_BIND) ? CONFIG_BIND
                                                                   : CONFIG_ADMIN_BIND,
        .probes_only = alone};
}

static void
s_make_tracing (topology_t *self, const sampler_t *sampler, const char *role)
{
    if (!*config_text (self->config, CONFIG_OTLP_ENDPOINT))
        return;
    self->spans = spans_new (sampler, SPAN_LIMIT);
    self->span_sender = (span_sender_args_t){.spans = self->spans,
        .endpoint = config_text (self->config, CONFIG_OTLP_ENDPOINT),
        .headers = config_text (self->config, CONFIG_OTLP_HEADERS),
        .service = config_text (self->config, CONFIG_OTEL_SERVICE),
        .role = role};
}

/* Which endpoint stands where. With Kafka jobs take the way over its topics: what leads
 * from one part to the next without it leads to the bridge and comes from there. */

#define AT(member) offsetof (topology_t, member)
#define KAFKA      (JOINED | API | WORKER | DB_WRITER)
#define EVERY      (ALL | KAFKA)

static const struct {
    unsigned roles;
    size_t place; /* of a const char * in topology_t */
    const char *endpoint;
} s_ends[] = {
    {EVERY, AT (http.accept_endpoint), ENDPOINT_ACCEPT},
    {EVERY, AT (http.once_endpoint), ENDPOINT_ONCE},
    {EVERY, AT (http.reload_endpoint), ENDPOINT_RELOAD},
    {EVERY, AT (request_producer.accept_endpoint), ENDPOINT_ACCEPT},
    {ALL, AT (request_producer.jobs_endpoint), ENDPOINT_JOBS},
    {KAFKA, AT (request_producer.jobs_endpoint), ENDPOINT_PUBLISH},
    {KAFKA, AT (request_producer.returned_endpoint), ENDPOINT_RETURNED},
    {ALL, AT (reconciler.jobs_endpoint), ENDPOINT_JOBS},
    {KAFKA, AT (reconciler.jobs_endpoint), ENDPOINT_PUBLISH},
    {EVERY, AT (inference_pool.jobs_endpoint), ENDPOINT_JOBS},
    {EVERY, AT (inference_pool.once_endpoint), ENDPOINT_ONCE},
    {EVERY, AT (inference_pool.free_endpoint), ENDPOINT_FREE},
    {EVERY, AT (inference_pool.batch_endpoint), ENDPOINT_BATCH},
    {KAFKA, AT (inference_pool.settle_endpoint), ENDPOINT_SETTLE},
    {EVERY, AT (each_worker.batch_endpoint), ENDPOINT_BATCH},
    {EVERY, AT (each_worker.free_endpoint), ENDPOINT_FREE},
    {EVERY & ~WORKER, AT (each_worker.results_endpoint), ENDPOINT_RESULTS},
    {WORKER, AT (each_worker.results_endpoint), ENDPOINT_ANSWERS},
    {EVERY, AT (result_router.results_endpoint), ENDPOINT_RESULTS},
    {ALL, AT (result_router.write_endpoint), ENDPOINT_WRITE},
    {JOINED, AT (result_router.answers_endpoint), ENDPOINT_ANSWERS},
    {EVERY, AT (db_writer.write_endpoint), ENDPOINT_WRITE},
    {KAFKA, AT (db_writer.settle_endpoint), ENDPOINT_SETTLE},
    {KAFKA, AT (interaction_writer.interactions_endpoint), ENDPOINT_EVENTS},
    {KAFKA, AT (interaction_writer.settle_endpoint), ENDPOINT_SETTLE},
    {KAFKA, AT (ended_watch.endings_endpoint), ENDPOINT_ENDED},
    {EVERY, AT (reload_controller.reload_endpoint), ENDPOINT_RELOAD},
    {KAFKA, AT (catalogue_publisher.heard_endpoint), ENDPOINT_HEARD},
    {KAFKA, AT (catalogue_publisher.facts_endpoint), ENDPOINT_FACTS},
    {KAFKA, AT (catalogue_reader.heard_endpoint), ENDPOINT_HEARD},
    {KAFKA, AT (bridge.settlements), ENDPOINT_SETTLE},
};

/* ... and what the bridge joins to which topic. */
static const struct {
    unsigned roles;
    bridge_wire_t wire;
} s_wires[] = {
    {API | JOINED,
        {BRIDGE_PUBLISH, TOPIC_REQUESTS, ENDPOINT_PUBLISH, ENDPOINT_JOBS_LIMIT, NULL,
            ENDPOINT_RETURNED, ENDPOINT_JOBS_LIMIT}},
    {WORKER | JOINED, {BRIDGE_CONSUME, TOPIC_REQUESTS, ENDPOINT_JOBS,
                          ENDPOINT_JOBS_LIMIT, WORKER_GROUP, NULL, 0}},
    {WORKER | JOINED, {BRIDGE_PUBLISH, TOPIC_RESULTS, ENDPOINT_ANSWERS,
                          ENDPOINT_RESULTS_LIMIT, NULL, NULL, 0}},
    {API | JOINED, {BRIDGE_LISTEN, TOPIC_RESULTS, ENDPOINT_RESULTS,
                       ENDPOINT_RESULTS_LIMIT, NULL, NULL, 0}},
    {DB_WRITER | JOINED, {BRIDGE_CONSUME, TOPIC_RESULTS, ENDPOINT_WRITE,
                             ENDPOINT_WRITE_LIMIT, DB_WRITER_GROUP, NULL, 0}},
    {DB_WRITER | JOINED, {BRIDGE_CONSUME, TOPIC_INTERACTIONS, ENDPOINT_EVENTS,
                             ENDPOINT_WRITE_LIMIT, INTERACTIONS_GROUP, NULL, 0}},
    {API | DB_WRITER | JOINED, {BRIDGE_PUBLISH, TOPIC_ENDED, ENDPOINT_ENDINGS,
                                   ENDPOINT_ENDINGS_LIMIT, NULL, NULL, 0}},
    {API | JOINED, {BRIDGE_LISTEN, TOPIC_ENDED, ENDPOINT_ENDED, ENDPOINT_ENDINGS_LIMIT,
                       NULL, NULL, 0}},
    {DB_WRITER | JOINED, {BRIDGE_PUBLISH, TOPIC_CATALOGUE, ENDPOINT_FACTS,
                             ENDPOINT_FACTS_LIMIT, NULL, NULL, 0}},
    {WORKER | DB_WRITER | JOINED, {BRIDGE_LISTEN, TOPIC_CATALOGUE, ENDPOINT_HEARD,
                                      ENDPOINT_FACTS_LIMIT, NULL, NULL, 0}},
    {API | WORKER | JOINED, {BRIDGE_LISTEN, TOPIC_CONTROL, ENDPOINT_RELOAD,
                                ENDPOINT_RELOAD_LIMIT, NULL, NULL, 0}},
};

static void
s_make_bridge (topology_t *self, const char *role)
{
    snprintf (self->client_id, sizeof self->client_id, "sasrec-%s", role);
    self->bridge = (bridge_args_t){
        .bootstrap_servers = config_text (self->config, CONFIG_KAFKA_BOOTSTRAP_SERVERS),
        .client_id = self->client_id,
        .wires = self->wires,
        .settlements_limit = ENDPOINT_SETTLE_LIMIT,
        .outstanding_limit = OUTSTANDING_LIMIT,
        .delivery_limit = (int)config_integer (self->config, CONFIG_MAX_ATTEMPTS),
        .required = self->role & (WORKER | DB_WRITER),
        .watches = {{WORKER_GROUP, TOPIC_REQUESTS}, {DB_WRITER_GROUP, TOPIC_RESULTS}},
        .watch_count = self->role & (API | JOINED) ? 2 : 0,
        .waiting = &self->on_way,
        .catalogue_until = &self->catalogue_until};
    for (size_t i = 0; i < sizeof s_wires / sizeof s_wires[0]; i++)
        if (s_wires[i].roles & self->role)
            self->wires[self->bridge.wire_count++] = s_wires[i].wire;
}

static void
s_connect (topology_t *self)
{
    for (size_t i = 0; i < sizeof s_ends / sizeof s_ends[0]; i++)
        if (s_ends[i].roles & self->role)
            *(const char **)(void *)((char *)self + s_ends[i].place) =
                s_ends[i].endpoint;
    for (size_t i = 0; i < self->worker_count; i++) {
        self->inference_worker[i] = self->each_worker;
        self->inference_worker[i].index = i;
    }
}

/* Everything that holds a file open but clients: measured, and then some. */
static size_t
s_own_descriptors (const topology_t *self)
{
    size_t bridge = self->role == ALL ? 0 : BRIDGE_DESCRIPTORS;
    return ROLE_DESCRIPTORS + WORKER_DESCRIPTORS * self->worker_count + bridge;
}

static int
s_fit_connections (topology_t *self, char error[160])
{
    int64_t page_port = config_integer (self->config, CONFIG_UI_PORT);
    bool page =
        page_port != 0 && page_port != config_integer (self->config, CONFIG_HTTP_PORT);
    descriptors_t needed = {.own = s_own_descriptors (self),
        .listeners = self->http.probes_only ? 0
                     : page                 ? 2
                                            : 1,
        .connections = s_size (self, CONFIG_CONNECTION_LIMIT)};
    size_t open_files = descriptors_raise ();
    self->http.connection_limit = descriptors_fit (&needed, open_files, error);
    if (self->http.connection_limit == 0)
        return -1;
    if (self->http.connection_limit < needed.connections)
        log_warn ("topology.fewer_connections",
            log_int ("configured", (int64_t)needed.connections),
            log_int ("limit", (int64_t)self->http.connection_limit),
            log_int ("open_files", (int64_t)open_files));
    return 0;
}

static void
s_register_metrics (const char *role_name)
{
    char labels[80];
    snprintf (
        labels, sizeof labels, "version=\"" SASREC_VERSION "\",role=\"%s\"", role_name);
    metric_set (
        metrics_gauge ("sasrec_build_info", "What runs here, and as what.", labels), 1);
}

static topology_t *
s_new (const config_t *config, const sampler_t *sampler, unsigned role,
    const char *role_name)
{
    topology_t *self = calloc (1, sizeof *self);
    assert (self);
    self->config = config;
    self->role = role;
    char error[160];
    self->conninfo = conninfo_of_config (config, error);
    assert (self->conninfo); /* the command has read it before */
    /* The others have no clients who read. */
    if (role & (ALL | JOINED | API)) {
        self->pool =
            pool_new (self->conninfo, "sasrec http", POOL_SIZE, STATEMENT_TIMEOUT_MS);
        self->keyring = keyring_new ();
    }
    self->slot = model_slot_new ();
    if (role &
        (s_parts[PART_CATALOGUE_WATCH].roles | s_parts[PART_CATALOGUE_READER].roles))
        model_slot_await_catalogue (self->slot);
    self->drift = drift_watch_new ();
    self->live = live_new (RECENT_LIMIT);
    self->ended = ended_new (
        RECENT_LIMIT, role & (API | DB_WRITER | JOINED) ? ENDPOINT_ENDINGS : NULL);
    self->ended_watch = (ended_watch_args_t){.ended = self->ended, .pool = self->pool};
    self->worker_count = s_size (self, CONFIG_WORKERS);
    if (self->worker_count > WORKER_LIMIT)
        self->worker_count = WORKER_LIMIT;
    s_make_tracing (self, sampler, role_name);
    s_make_jobs (self);
    s_make_inference (self);
    s_make_keys (self);
    s_make_http (self, role_name);
    if (role != ALL)
        s_make_bridge (self, role_name);
    s_connect (self);
    s_register_metrics (role_name);
    return self;
}

static void
s_destroy (topology_t **self_p)
{
    topology_t *self = *self_p;
    pool_destroy (&self->pool);
    drift_watch_destroy (&self->drift);
    model_slot_destroy (&self->slot);
    live_destroy (&self->live);
    ended_destroy (&self->ended);
    keyring_destroy (&self->keyring);
    spans_destroy (&self->spans);
    free (self->conninfo);
    free (self);
    *self_p = NULL;
}

/* Starting and stopping */

static size_t
s_count (const topology_t *self, part_t part)
{
    return part == PART_INFERENCE_WORKER ? self->worker_count : 1;
}

static int
s_start_one (topology_t *self, part_t part, size_t index, char error[160])
{
    char *args = (char *)self + s_parts[part].args + index * s_parts[part].args_size;
    self->actors[part + index] = zactor_new (s_parts[part].run, args);
    assert (self->actors[part + index]);
    if (control_ask (self->actors[part + index], "START", START_MS, error))
        return -1;
    self->started[part + index] = true;
    return 0;
}

static bool
s_runs (const topology_t *self, part_t part)
{
    return s_parts[part].roles & self->role &&
           (part != PART_SPAN_SENDER || self->spans);
}

static int
s_start (topology_t *self, char error[160])
{
    for (size_t i = 0; i < sizeof s_start_order / sizeof s_start_order[0]; i++) {
        part_t part = s_start_order[i];
        bool runs = s_runs (self, part);
        for (size_t index = 0; runs && index < s_count (self, part); index++)
            if (s_start_one (self, part, index, error))
                return -1;
    }
    return 0;
}

static void
s_stop_one (topology_t *self, part_t part, size_t index, const char *word)
{
    char error[160];
    if (strcmp (word, "$TERM") == 0)
        zactor_destroy (&self->actors[part + index]);
    else if (self->started[part + index] &&
             control_ask (self->actors[part + index], word, QUIESCE_MS, error))
        log_warn ("topology.late", log_str ("actor", s_parts[part].name),
            log_str ("command", word), log_str ("reason", error));
}

static void
s_stop (topology_t *self)
{
    int64_t start_ms = clock_monotonic_ms ();
    health_drain ();
    db_end_all_by (start_ms + STOP_WAIT_MS);
    live_shutdown (self->live);
    ended_shutdown (self->ended);
    for (size_t i = 0; i < sizeof s_stop_order / sizeof s_stop_order[0]; i++) {
        part_t part = s_stop_order[i].part;
        for (size_t index = 0; index < s_count (self, part); index++)
            s_stop_one (self, part, index, s_stop_order[i].word);
    }
    log_info ("topology.stopped", log_int ("ms", clock_monotonic_ms () - start_ms));
}

static void
s_stop_guarded (topology_t *self, signals_t *signals)
{
    signals_guard_start (signals, STOP_MS);
    s_stop (self);
    signals_guard_stop (signals);
}

static int
s_role (const config_t *config, const char *role, char error[160])
{
    static const struct {
        const char *word;
        int role;
    } roles[] = {{"api", API}, {"worker", WORKER}, {"db-writer", DB_WRITER}};
    bool kafka = *config_text (config, CONFIG_KAFKA_BOOTSTRAP_SERVERS);
    if (strcmp (role, "all") == 0)
        return kafka ? JOINED : ALL;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp (role, roles[i].word) != 0)
            continue;
        if (kafka)
            return roles[i].role;
        snprintf (error, 160,
            "role '%s' needs Kafka: set KAFKA_BOOTSTRAP_SERVERS, or use --role all",
            role);
        return -1;
    }
    snprintf (
        error, 160, "unknown role '%.40s': use all, api, worker or db-writer", role);
    return -1;
}

int
topology_load_certificate (const config_t *config, char error[160])
{
    const char *certificate = config_text (config, CONFIG_TLS_CERT);
    return *certificate ? certificate_load (
                              certificate, config_text (config, CONFIG_TLS_KEY), error)
                        : 0;
}

/* What can be taken anew while we run: the file of the log, the certificate, each whatever
 * becomes of the other. A new model is noticed without being told, and passwords in files
 * are read with every connection. */
static void
s_reload (const topology_t *self)
{
    char errors[2][160];
    supervisor_tell_reloading ();
    const bool failed[] = {log_sink_reopen (errors[0]) != 0,
        !self->http.probes_only && topology_load_certificate (self->config, errors[1])};
    for (int i = 0; i < 2; i++)
        if (failed[i])
            log_error ("topology.reload_failed", log_str ("reason", errors[i]));
    if (!failed[0] && !failed[1])
        log_info ("topology.reloaded", log_str ("signal", strsignal (SIGHUP)));
    supervisor_tell ("READY=1");
}

static void
s_run (const topology_t *self, const signals_t *signals)
{
    bool stop;
    int signal;
    supervisor_tell ("READY=1");
    while (signal = signals_wait (signals, &stop), !stop)
        s_reload (self);
    supervisor_tell ("STOPPING=1");
    log_info ("topology.stopping", log_str ("signal", strsignal (signal)));
}

static int
s_read_sampler (const config_t *config, sampler_t *sampler, char error[160])
{
    return sampler_read (sampler, config_text (config, CONFIG_OTEL_SAMPLER),
        config_text (config, CONFIG_OTEL_SAMPLER_ARG), error);
}

static int
s_check_tracing (const config_t *config, char error[160])
{
    sampler_t sampler;
    const char *endpoint = config_text (config, CONFIG_OTLP_ENDPOINT);
    if (s_read_sampler (config, &sampler, error))
        return -1;
    if (!*endpoint)
        return 0;
    otlp_t *receiver =
        otlp_new (endpoint, config_text (config, CONFIG_OTLP_HEADERS), error);
    bool good = receiver != NULL;
    otlp_destroy (&receiver);
    return good ? 0 : -1;
}

int
topology_check (const config_t *config, char error[160])
{
    char reason[160];
    networks_t *proxies =
        networks_new (config_text (config, CONFIG_TRUSTED_PROXIES), reason);
    if (!proxies) {
        snprintf (error, 160, "SASREC_TRUSTED_PROXIES: %.130s", reason);
        return -1;
    }
    networks_destroy (&proxies);
    rate_t rate;
    if (!rate_parse (config_text (config, CONFIG_ADDRESS_RATE), &rate)) {
        snprintf (
            error, 160, "SASREC_ADDRESS_RATE must be like 100/s, 600/m or 1000/h");
        return -1;
    }
    if (!*config_text (config, CONFIG_TLS_CERT) !=
        !*config_text (config, CONFIG_TLS_KEY)) {
        snprintf (error, 160, "SASREC_TLS_CERT and SASREC_TLS_KEY belong together");
        return -1;
    }
    return settings_use (config, error) || s_check_tracing (config, error) ? -1 : 0;
}

int
topology_run (const config_t *config, const char *role, char error[160])
{
    sampler_t sampler;
    int found = s_role (config, role, error);
    if (found < 0 || topology_check (config, error) ||
        s_read_sampler (config, &sampler, error))
        return -1;
    signals_t signals;
    signals_block (&signals);
    zsys_handler_set (NULL);  /* czmq's would end all actors at once, in no order */
    zsys_set_max_sockets (0); /* as many as the system allows */
    zsys_set_linger (0);
    topology_t *self = s_new (config, &sampler, (unsigned)found, role);
    int rc = s_fit_connections (self, error) || s_start (self, error) ? -1 : 0;
    if (rc == 0) {
        log_info ("topology.started", log_str ("role", role),
            log_int ("workers", (int64_t)self->worker_count));
        s_run (self, &signals);
    }
    s_stop_guarded (self, &signals);
    s_destroy (&self);
    zsys_shutdown ();
    return rc;
}
