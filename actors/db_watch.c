/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/db_watch.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/health.h"
#include "store/schema_check.h"

#define UNABLE_LOW_MS  5000 /* how long what PostgreSQL could not do is believed */
#define UNABLE_HIGH_MS 60000

struct db_watch {
    db_t *db;
    health_t *postgres;
    health_t *schema;
    bool schema_current; /* seen since the last loss */
    unsigned doubts;     /* at the last look at it */
    bool ready;          /* both, as published */
    char reason[160];    /* why the schema is not current */
};

/* DB_UNABLE is the database's, and what one actor met counts for all: others, who only
 * read, would say that all is well. Nobody can ask whether there is room again, so it is
 * said for a while after it was met last, and longer each time. */
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int64_t until_ms; /* 0: never met */
    int hold_ms;
    char reason[160];
} s_unable;

void
db_watch_unable (const char *reason)
{
    int64_t now_ms = clock_monotonic_ms ();
    pthread_mutex_lock (&s_lock);
    if (now_ms > s_unable.until_ms + UNABLE_HIGH_MS)
        s_unable.hold_ms = UNABLE_LOW_MS;
    else if (now_ms > s_unable.until_ms && s_unable.hold_ms < UNABLE_HIGH_MS)
        s_unable.hold_ms *= 2;
    s_unable.until_ms = now_ms + s_unable.hold_ms;
    snprintf (s_unable.reason, sizeof s_unable.reason, "%s", reason);
    pthread_mutex_unlock (&s_lock);
}

static atomic_uint s_doubts;

void
db_watch_doubt (void)
{
    atomic_fetch_add (&s_doubts, 1);
}

static bool
s_is_unable (char reason[160])
{
    pthread_mutex_lock (&s_lock);
    bool unable = clock_monotonic_ms () < s_unable.until_ms;
    if (unable)
        snprintf (reason, 160, "%s", s_unable.reason);
    pthread_mutex_unlock (&s_lock);
    return unable;
}

db_watch_t *
db_watch_new (const char *conninfo, const char *application, int statement_timeout_ms)
{
    db_watch_t *self = calloc (1, sizeof *self);
    assert (self);
    self->db = db_new (conninfo, application, statement_timeout_ms);
    self->postgres = health_check ("postgres", true);
    self->schema = health_check ("schema", true);
    return self;
}

void
db_watch_destroy (db_watch_t **self_p)
{
    db_watch_t *self = *self_p;
    if (!self)
        return;
    db_destroy (&self->db);
    free (self);
    *self_p = NULL;
}

db_t *
db_watch_db (db_watch_t *self)
{
    return self->db;
}

static void
s_publish (db_watch_t *self, bool up)
{
    char unable[160];
    if (!up)
        health_set (self->postgres, false, db_error (self->db));
    else if (s_is_unable (unable))
        health_set (self->postgres, false, unable);
    else
        health_set (self->postgres, true, "");
    if (up)
        health_set (self->schema, self->ready, self->ready ? "" : self->reason);
    else
        health_set (self->schema, false, "unknown: the database is away");
}

bool
db_watch_check (db_watch_t *self)
{
    bool up = db_ensure (self->db);
    unsigned doubts = atomic_load (&s_doubts);
    if (up && (!self->schema_current || doubts != self->doubts)) {
        self->doubts = doubts;
        self->schema_current = schema_check (self->db, self->reason);
        up = db_ensure (self->db);
    }
    self->schema_current = self->schema_current && up;
    self->ready = self->schema_current;
    s_publish (self, up);
    return self->ready;
}

bool
db_watch_usable (db_watch_t *self)
{
    return self->ready && (db_ensure (self->db) || db_watch_check (self));
}

bool
db_watch_ready (const db_watch_t *self)
{
    return self->ready;
}

bool
db_watch_note (db_watch_t *self, db_status_t status)
{
    if (status == DB_UNABLE)
        db_watch_unable (db_error (self->db));
    if (status == DB_AWAY || status == DB_UNABLE) {
        self->schema_current = false;
        db_watch_check (self);
    }
    return status == DB_OK;
}

const char *
db_watch_reason (const db_watch_t *self)
{
    if (!db_up (self->db))
        return "the database is away";
    return self->ready ? db_error (self->db) : self->reason;
}
