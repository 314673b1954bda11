/* An actor's connection, and what /readyz says of it. SPDX-License-Identifier: Apache-2.0 */
#include "actors/db_watch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/health.h"
#include "store/migrate.h"

struct db_watch {
    db_t *db;
    health_t *postgres;
    health_t *schema;
    bool schema_current; /* seen since the last loss */
    bool ready;          /* both, as published */
};

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

bool
db_watch_check (db_watch_t *self)
{
    bool up = db_ensure (self->db);
    if (up && !self->schema_current) {
        self->schema_current = migrate_current (self->db);
        up = db_ensure (self->db);
    }
    self->schema_current = self->schema_current && up;
    self->ready = self->schema_current;
    health_set (self->postgres, up, up ? "" : db_error (self->db));
    if (up)
        health_set (self->schema, self->ready,
            self->ready ? "" : "not current: run 'sasrec migrate'");
    else
        health_set (self->schema, false, "unknown: the database is away");
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
    if (status == DB_AWAY) {
        self->schema_current = false;
        db_watch_check (self);
    }
    return status == DB_OK;
}

const char *
db_watch_reason (const db_watch_t *self)
{
    return health_ok (self->postgres)
               ? "the schema is not current: run 'sasrec migrate'"
               : "the database is away";
}
