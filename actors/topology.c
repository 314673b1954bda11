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

#include "actors/control.h"
#include "actors/db_writer.h"
#include "actors/endpoints.h"
#include "actors/http/http.h"
#include "actors/inference_pool.h"
#include "actors/inference_worker.h"
#include "actors/reload_controller.h"
#include "actors/request_producer.h"
#include "actors/result_router.h"
#include "actors/signals.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"

#define WORKER_LIMIT         256
#define STATEMENT_TIMEOUT_MS 2000
#define POOL_SIZE            8 /* connections for HTTP reads */
#define RECENT_LIMIT         4096
#define WRITE_BATCH_LIMIT    1000
#define WRITE_WAITING_LIMIT  20000
#define MODEL_CHECK_MS       5000
#define START_MS             10000 /* a START that takes longer has failed */
#define QUIESCE_MS           2000  /* running requests may end */
#define STOP_MS              4000  /* then the process leaves without ceremony */

typedef struct {
    const config_t *config; /* borrowed */
    char *conninfo;         /* holds the password */
    pool_t *pool;
    model_slot_t *slot;
    live_t *live;
    atomic_size_t backlog; /* rows accepted and unfinished */
    atomic_size_t waiting; /* jobs waiting in the pool */
    db_writer_args_t db_writer;
    result_router_args_t result_router;
    inference_pool_args_t inference_pool;
    inference_worker_args_t inference_worker[WORKER_LIMIT];
    reload_controller_args_t reload_controller;
    request_producer_args_t request_producer;
    http_args_t http;
    size_t worker_count;
    zactor_t *actors[6 + WORKER_LIMIT]; /* by part, the workers last */
    bool started[6 + WORKER_LIMIT];     /* its START was answered OK */
} topology_t;

/* The roles a part runs in. With Kafka (a later issue) the bridge is put into the wires
 * of jobs: jobs and write are then fed by it in worker and db-writer. */
enum { ALL = 1, API = 2, WORKER = 4, DB_WRITER = 8 };

typedef enum {
    PART_DB_WRITER,
    PART_RESULT_ROUTER,
    PART_INFERENCE_POOL,
    PART_RELOAD_CONTROLLER,
    PART_REQUEST_PRODUCER,
    PART_HTTP,
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
        0, ALL | DB_WRITER},
    /* write             PostgreSQL                             */
    [PART_RESULT_ROUTER] = {"result_router", result_router_actor,
        offsetof (topology_t, result_router), 0, ALL | API},
    /* results           write, tickets, live                   */
    [PART_INFERENCE_POOL] = {"inference_pool", inference_pool_actor,
        offsetof (topology_t, inference_pool), 0, ALL | API | WORKER},
    /* jobs, once, free  batch-N                                */
    [PART_INFERENCE_WORKER] = {"inference_worker", inference_worker_actor,
        offsetof (topology_t, inference_worker), sizeof (inference_worker_args_t),
        ALL | API | WORKER},
    /* batch-N           results, free                          */
    [PART_RELOAD_CONTROLLER] = {"reload_controller", reload_controller_actor,
        offsetof (topology_t, reload_controller), 0, ALL | API | WORKER},
    /* reload            the model slot, live                   */
    [PART_REQUEST_PRODUCER] = {"request_producer", request_producer_actor,
        offsetof (topology_t, request_producer), 0, ALL | API},
    /* accept            PostgreSQL, jobs                       */
    [PART_HTTP] = {"http", http_actor, offsetof (topology_t, http), 0,
        ALL | API | WORKER | DB_WRITER},
    /* clients           accept, once, reload                   */
};

/* Readers before writers, so that nothing is refused while it starts. */
static const part_t s_start_order[] = {PART_DB_WRITER, PART_RESULT_ROUTER,
    PART_INFERENCE_POOL, PART_INFERENCE_WORKER, PART_RELOAD_CONTROLLER,
    PART_REQUEST_PRODUCER, PART_HTTP};

/* Writers before readers: a reader empties its pipes after its writers are gone. The
 * pool and the workers write to each other, so the pool falls silent first. */
static const struct {
    part_t part;
    const char *word;
} s_stop_order[] = {
    {PART_HTTP, "QUIESCE"},
    {PART_HTTP, "$TERM"},
    {PART_RELOAD_CONTROLLER, "$TERM"},
    {PART_REQUEST_PRODUCER, "$TERM"},
    {PART_INFERENCE_POOL, "QUIESCE"},
    {PART_INFERENCE_WORKER, "$TERM"},
    {PART_INFERENCE_POOL, "$TERM"},
    {PART_RESULT_ROUTER, "$TERM"},
    {PART_DB_WRITER, "$TERM"},
};

/* Making the parts' arguments */

static size_t
s_size (const topology_t *self, config_key_t key)
{
    return (size_t)config_integer (self->config, key);
}

static void
s_wire_jobs (topology_t *self)
{
    self->request_producer =
        (request_producer_args_t){.accept_endpoint = ENDPOINT_ACCEPT,
            .jobs_endpoint = ENDPOINT_JOBS,
            .conninfo = self->conninfo,
            .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
            .deadline_s = (int)config_integer (self->config, CONFIG_DEADLINE_S),
            .max_attempts = (int)config_integer (self->config, CONFIG_MAX_ATTEMPTS),
            .job_limit = s_size (self, CONFIG_JOB_QUEUE_LIMIT),
            .backlog_limit = s_size (self, CONFIG_BACKLOG_LIMIT),
            .reset_at_start = true,
            .slot = self->slot,
            .waiting = &self->waiting,
            .backlog = &self->backlog};
    self->result_router = (result_router_args_t){.results_endpoint = ENDPOINT_RESULTS,
        .write_endpoint = ENDPOINT_WRITE,
        .live = self->live};
    self->db_writer = (db_writer_args_t){.write_endpoint = ENDPOINT_WRITE,
        .conninfo = self->conninfo,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
        .batch_limit = WRITE_BATCH_LIMIT,
        .waiting_limit = WRITE_WAITING_LIMIT,
        .backlog = &self->backlog};
}

static void
s_wire_inference (topology_t *self)
{
    self->inference_pool = (inference_pool_args_t){.jobs_endpoint = ENDPOINT_JOBS,
        .once_endpoint = ENDPOINT_ONCE,
        .free_endpoint = ENDPOINT_FREE,
        .batch_endpoint = ENDPOINT_BATCH,
        .worker_count = self->worker_count,
        .job_limit = s_size (self, CONFIG_JOB_QUEUE_LIMIT),
        .once_limit = s_size (self, CONFIG_SYNC_QUEUE_LIMIT),
        .slot = self->slot,
        .waiting = &self->waiting};
    for (size_t i = 0; i < self->worker_count; i++)
        self->inference_worker[i] = (inference_worker_args_t){.index = i,
            .batch_endpoint = ENDPOINT_BATCH,
            .free_endpoint = ENDPOINT_FREE,
            .results_endpoint = ENDPOINT_RESULTS,
            .batch_limit = s_size (self, CONFIG_BATCH_LIMIT),
            .slot = self->slot};
    self->reload_controller =
        (reload_controller_args_t){.reload_endpoint = ENDPOINT_RELOAD,
            .folder = config_text (self->config, CONFIG_CHECKPOINTS),
            .check_ms = MODEL_CHECK_MS,
            .slot = self->slot,
            .live = self->live};
}

static void
s_wire_http (topology_t *self)
{
    self->http = (http_args_t){.config = self->config,
        .pool = self->pool,
        .slot = self->slot,
        .live = self->live,
        .backlog = &self->backlog,
        .accept_endpoint = ENDPOINT_ACCEPT,
        .once_endpoint = ENDPOINT_ONCE,
        .reload_endpoint = ENDPOINT_RELOAD};
}

static topology_t *
s_new (const config_t *config)
{
    topology_t *self = calloc (1, sizeof *self);
    assert (self);
    self->config = config;
    self->conninfo = config_conninfo (config);
    self->pool =
        pool_new (self->conninfo, "sasrec http", POOL_SIZE, STATEMENT_TIMEOUT_MS);
    self->slot = model_slot_new ();
    self->live = live_new (RECENT_LIMIT, s_size (self, CONFIG_SSE_LIMIT));
    self->worker_count = s_size (self, CONFIG_WORKERS);
    if (self->worker_count > WORKER_LIMIT)
        self->worker_count = WORKER_LIMIT;
    s_wire_jobs (self);
    s_wire_inference (self);
    s_wire_http (self);
    return self;
}

static void
s_destroy (topology_t **self_p)
{
    topology_t *self = *self_p;
    pool_destroy (&self->pool);
    model_slot_destroy (&self->slot);
    live_destroy (&self->live);
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

static int
s_start (topology_t *self, unsigned role, char error[160])
{
    for (size_t i = 0; i < sizeof s_start_order / sizeof s_start_order[0]; i++) {
        part_t part = s_start_order[i];
        bool runs = s_parts[part].roles & role;
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
    live_shutdown (self->live);
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
s_role (const char *role, char error[160])
{
    static const char *const later[] = {"api", "worker", "db-writer"};
    if (strcmp (role, "all") == 0)
        return ALL;
    snprintf (error, 160, "unknown role '%.40s': use --role all", role);
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (strcmp (role, later[i]) == 0)
            snprintf (error, 160,
                "role '%s' needs Kafka, which this version does not speak yet: use "
                "--role all",
                role);
    return -1;
}

int
topology_run (const config_t *config, const char *role, char error[160])
{
    int roles = s_role (role, error);
    if (roles < 0)
        return -1;
    signals_t signals;
    signals_block (&signals);
    zsys_handler_set (NULL);  /* czmq's would end all actors at once, in no order */
    zsys_set_max_sockets (0); /* as many as the system allows */
    zsys_set_linger (0);
    topology_t *self = s_new (config);
    int rc = s_start (self, (unsigned)roles, error);
    if (rc == 0) {
        log_info ("topology.started", log_str ("role", role),
            log_int ("workers", (int64_t)self->worker_count));
        log_info ("topology.stopping",
            log_str ("signal", strsignal (signals_wait (&signals))));
    }
    s_stop_guarded (self, &signals);
    s_destroy (&self);
    zsys_shutdown ();
    return rc;
}
