/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define RETRY_MS 500 /* one of the connections tries, not each of them */

typedef enum { STATE_UNKNOWN, STATE_UP, STATE_LOST } state_t;

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    char application[64]; /* for the log */
    state_t state;        /* as logged last, for all connections together */
    int64_t retry_at_ms;  /* after a failure no new connection is tried before */
    size_t size;          /* connections there are */
    size_t free_count;    /* of them in free */
    metric_t *used;       /* of them taken */
    metric_t *timeouts;
    db_t *free[]; /* a stack: the one used last is the warmest */
};

static void
s_register_metrics (pool_t *self)
{
    metric_set (
        metrics_gauge ("sasrec_db_pool_size", "Connections for reads of clients.", ""),
        (double)self->size);
    self->used = metrics_gauge ("sasrec_db_pool_used", "Of them in use.", "");
    self->timeouts = metrics_counter ("sasrec_db_pool_timeouts_total",
        "Times that none became free while somebody waited.", "");
}

/* Under the mutex. */
static void
s_show_used (pool_t *self)
{
    metric_set (self->used, (double)(self->size - self->free_count));
}

pool_t *
pool_new (const char *conninfo, const char *application, size_t size,
    int statement_timeout_ms)
{
    assert (size > 0);
    pool_t *self = calloc (1, sizeof *self + size * sizeof *self->free);
    assert (self);
    pthread_condattr_t attributes;
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (&self->freed, &attributes);
    pthread_condattr_destroy (&attributes);
    pthread_mutex_init (&self->mutex, NULL);
    snprintf (self->application, sizeof self->application, "%s", application);
    self->size = size;
    s_register_metrics (self);
    for (; self->free_count < size; self->free_count++) {
        db_t *db = db_new (conninfo, application, statement_timeout_ms);
        db_mute (db);
        self->free[self->free_count] = db;
    }
    return self;
}

void
pool_destroy (pool_t **self_p)
{
    pool_t *self = *self_p;
    if (!self)
        return;
    assert (self->free_count == self->size);
    for (size_t i = 0; i < self->size; i++)
        db_destroy (&self->free[i]);
    pthread_cond_destroy (&self->freed);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

/* Under the mutex, so that one change of state is one line, however many see it. */
static void
s_note (pool_t *self, const db_t *db)
{
    state_t state = db_up (db) ? STATE_UP : STATE_LOST;
    if (state == self->state)
        return;
    self->state = state;
    if (state == STATE_UP)
        log_info ("db.connected", log_str ("application", self->application));
    else
        log_warn ("db.lost", log_str ("application", self->application),
            log_str ("reason", db_error (db)));
}

static struct timespec
s_after (int wait_ms)
{
    struct timespec at;
    clock_gettime (CLOCK_MONOTONIC, &at);
    at.tv_sec += wait_ms / 1000;
    at.tv_nsec += wait_ms % 1000 * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

db_t *
pool_take (pool_t *self, int wait_ms)
{
    struct timespec at = s_after (wait_ms);
    db_t *db = NULL;
    pthread_mutex_lock (&self->mutex);
    while (self->free_count == 0)
        if (pthread_cond_timedwait (&self->freed, &self->mutex, &at))
            break;
    if (self->free_count > 0)
        db = self->free[--self->free_count];
    s_show_used (self);
    bool resting = clock_monotonic_ms () < self->retry_at_ms;
    pthread_mutex_unlock (&self->mutex);
    if (!db) {
        metric_add (self->timeouts, 1);
        return NULL;
    }
    bool usable = (!resting || db_raw (db)) && db_ensure (db);
    pthread_mutex_lock (&self->mutex);
    if (usable)
        s_note (self, db);
    else if (!resting)
        self->retry_at_ms = clock_monotonic_ms () + RETRY_MS;
    pthread_mutex_unlock (&self->mutex);
    if (!usable)
        pool_give (self, &db);
    return db;
}

void
pool_give (pool_t *self, db_t **db_p)
{
    if (!*db_p)
        return;
    pthread_mutex_lock (&self->mutex);
    assert (self->free_count < self->size);
    s_note (self, *db_p);
    self->free[self->free_count++] = *db_p;
    s_show_used (self);
    pthread_cond_signal (&self->freed);
    pthread_mutex_unlock (&self->mutex);
    *db_p = NULL;
}
