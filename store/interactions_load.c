/* Loading interactions. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/array.h"
#include "store/interactions.h"

#define CHUNK_SIZE                65536
#define COPY_MICROSECONDS_TO_2000 INT64_C (946684800000000)

struct interactions_load {
    db_t *db;        /* borrowed; inside our transaction */
    char *name;      /* for the record in imports */
    char *digest;    /* too */
    int64_t base_us; /* of rows without a time */
    uint64_t count;  /* rows so far */
    strbuf_t chunk;  /* of the COPY, not sent yet */
    bool copying;    /* the COPY is open */
    bool has_events; /* a row has an event_id */
};

/* The lock makes "was it loaded before" hold until the commit; readers do not mind. The
 * rows wait in a table of our own, so that nothing is locked but what is added, and its
 * indexes stay: a reader never waits for a load. */
static const char s_begin[] =
    "BEGIN; SET LOCAL statement_timeout = 0;"
    "SET LOCAL idle_in_transaction_session_timeout = 0;"
    "SET LOCAL work_mem = '256MB'; SET LOCAL jit = off;"
    "LOCK TABLE imports IN SHARE ROW EXCLUSIVE MODE;"
    "CREATE TEMPORARY TABLE arriving_interactions (user_id text COLLATE \"C\","
    " item_id bigint, created_at timestamptz, event_id uuid, place bigint)"
    " ON COMMIT DROP";
static const char s_copy[] = "COPY pg_temp.arriving_interactions FROM STDIN"
                             " (FORMAT binary)";
static const char s_copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

/* Without an event_id the same user, item and time are the same event, whether stored
 * or given twice. In the order of the index of histories, which is three times as fast
 * as in the file's; within one time in the file's, for the ids follow it. */
#define NEW_ROWS(columns)                                                              \
    "INSERT INTO interactions (" columns ") SELECT " columns                           \
    " FROM (SELECT a.* FROM (SELECT user_id, item_id, created_at, event_id,"           \
    "  min (place) AS place FROM pg_temp.arriving_interactions"                        \
    "  GROUP BY user_id, item_id, created_at, event_id) a"                             \
    " LEFT JOIN interactions i ON a.event_id IS NULL AND i.user_id::text = a.user_id"  \
    "  AND i.created_at = a.created_at AND i.item_id = a.item_id"                      \
    " WHERE i.user_id IS NULL) n ORDER BY user_id, created_at, place"
static const char s_add_rows[] = NEW_ROWS ("user_id, item_id, created_at");
/* Not always: what may conflict is twice as slow, and a view may lack the column. */
static const char s_add_events[] =
    NEW_ROWS ("user_id, item_id, created_at, event_id") " ON CONFLICT DO NOTHING";

/* True when the digest is new, or that does not matter. Rows without a time get the
 * times of its first load again, so that they are the same rows. */
static bool
s_check_digest (interactions_load_t *self, bool append, char error[160])
{
    const char *digest = self->digest;
    PGresult *result;
    db_status_t status = db_exec (self->db,
        "SELECT name, to_char (created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),"
        " floor (extract (epoch FROM created_at) * 1000000)::bigint"
        " FROM imports WHERE digest = $1 ORDER BY id LIMIT 1",
        1, &digest, &result);
    bool known = status == DB_OK && PQntuples (result) > 0;
    if (status != DB_OK)
        snprintf (error, 160, "cannot read imports: %.120s", db_error (self->db));
    else if (known && !append)
        snprintf (error, 160, "the same data was loaded before, as %.60s on %s UTC",
            PQgetvalue (result, 0, 0), PQgetvalue (result, 0, 1));
    else if (known)
        self->base_us = strtoll (PQgetvalue (result, 0, 2), NULL, 10);
    PQclear (result);
    return status == DB_OK && (!known || append);
}

/* A view would say no after all rows. */
static const char s_look[] =
    "SELECT floor (extract (epoch FROM now ()) * 1000000)::bigint,"
    " relkind = 'v' AND NOT relhastriggers FROM pg_class"
    " WHERE oid = 'interactions'::regclass";

static int
s_start (interactions_load_t *self, char error[160])
{
    PGresult *result;
    db_status_t status = db_exec (self->db, s_look, 0, NULL, &result);
    bool view = status == DB_OK && PQgetvalue (result, 0, 1)[0] == 't';
    if (status == DB_OK)
        self->base_us = strtoll (PQgetvalue (result, 0, 0), NULL, 10);
    PQclear (result);
    if (view) {
        snprintf (error, 160,
            "interactions is a view of a table of your own: load into that table");
        return -1;
    }
    if (status != DB_OK) {
        snprintf (error, 160, "cannot load interactions: %.120s", db_error (self->db));
        return -1;
    }
    strbuf_add_bytes (&self->chunk, s_copy_header, sizeof s_copy_header - 1);
    return 0;
}

static db_status_t
s_send_chunk (interactions_load_t *self)
{
    db_status_t status = DB_OK;
    if (!self->copying) {
        status = db_copy_start (self->db, s_copy);
        self->copying = status == DB_OK;
    }
    if (status == DB_OK)
        status = db_copy_put (self->db, self->chunk.data, self->chunk.length);
    strbuf_clear (&self->chunk);
    return status;
}

interactions_load_t *
interactions_load_new (
    db_t *db, const char *name, const char *digest, bool append, char error[160])
{
    if (!db_ensure (db) || db_script (db, s_begin) != DB_OK) {
        snprintf (error, 160, "cannot load interactions: %.120s", db_error (db));
        return NULL;
    }
    interactions_load_t *self = calloc (1, sizeof *self);
    assert (self);
    self->db = db;
    self->name = strdup (name);
    self->digest = strdup (digest);
    assert (self->name && self->digest);
    if (s_start (self, error) || !s_check_digest (self, append, error))
        interactions_load_destroy (&self);
    return self;
}

static void
s_add_uuid (strbuf_t *chunk, const char *text)
{
    unsigned char bytes[16];
    uuid_bytes (text, bytes);
    array_put_be32 (chunk, sizeof bytes);
    strbuf_add_bytes (chunk, bytes, sizeof bytes);
}

int
interactions_load_event (interactions_load_t *self, const char *user_id,
    int64_t item_id, int64_t created_at_us, const char *event_id)
{
    strbuf_t *chunk = &self->chunk;
    size_t length = strlen (user_id);
    if (created_at_us == INT64_MIN)
        created_at_us = self->base_us + (int64_t)self->count;
    strbuf_add_bytes (chunk, "\0\5", 2);
    array_put_be32 (chunk, (uint32_t)length);
    strbuf_add_bytes (chunk, user_id, length);
    array_put_be32 (chunk, 8);
    array_put_be64 (chunk, (uint64_t)item_id);
    array_put_be32 (chunk, 8);
    array_put_be64 (chunk, (uint64_t)(created_at_us - COPY_MICROSECONDS_TO_2000));
    bool has_event = event_id && *event_id;
    self->has_events = self->has_events || has_event;
    if (has_event)
        s_add_uuid (chunk, event_id);
    else
        array_put_be32 (chunk, UINT32_MAX); /* NULL */
    array_put_be32 (chunk, 8);
    array_put_be64 (chunk, self->count++);
    if (chunk->length < CHUNK_SIZE)
        return 0;
    return s_send_chunk (self) == DB_OK ? 0 : -1;
}

int
interactions_load_row (interactions_load_t *self, const char *user_id, int64_t item_id,
    int64_t created_at_us)
{
    return interactions_load_event (self, user_id, item_id, created_at_us, NULL);
}

int64_t
interactions_load_now_us (const interactions_load_t *self)
{
    return self->base_us;
}

/* *added: the rows that were not there yet. */
static db_status_t
s_add_new (interactions_load_t *self, uint64_t *added)
{
    PGresult *result = NULL;
    db_status_t status = db_script (self->db, "ANALYZE pg_temp.arriving_interactions");
    if (status == DB_OK)
        status = db_exec (
            self->db, self->has_events ? s_add_events : s_add_rows, 0, NULL, &result);
    *added = status == DB_OK ? db_changed (result) : 0;
    PQclear (result);
    return status;
}

static db_status_t
s_record (interactions_load_t *self, uint64_t added)
{
    char rows[24];
    snprintf (rows, sizeof rows, "%llu", (unsigned long long)added);
    const char *values[] = {self->name, self->digest, rows};
    return db_exec (self->db,
        "INSERT INTO imports (name, digest, rows) VALUES ($1, $2, $3)", 3, values,
        NULL);
}

static db_status_t
s_finish (interactions_load_t *self, uint64_t *added)
{
    strbuf_add_bytes (&self->chunk, "\377\377", 2);
    db_status_t status = s_send_chunk (self);
    if (status != DB_OK)
        return status;
    self->copying = false;
    status = db_copy_finish (self->db, NULL);
    if (status == DB_OK)
        status = s_add_new (self, added);
    if (status == DB_OK)
        status = s_record (self, *added);
    if (status == DB_OK)
        status = db_script (self->db, "COMMIT");
    return status;
}

int
interactions_load_commit (
    interactions_load_t **self_p, uint64_t *added, char error[160])
{
    interactions_load_t *self = *self_p;
    uint64_t count = 0;
    db_status_t status = s_finish (self, &count);
    if (status != DB_OK)
        snprintf (error, 160, "nothing was loaded: %.130s", db_error (self->db));
    else if (added)
        *added = count;
    interactions_load_destroy (self_p);
    return status == DB_OK ? 0 : -1;
}

void
interactions_load_destroy (interactions_load_t **self_p)
{
    interactions_load_t *self = *self_p;
    if (!self)
        return;
    if (self->copying)
        db_copy_finish (self->db, "the load was given up");
    PGconn *raw = db_raw (self->db);
    if (raw && PQtransactionStatus (raw) != PQTRANS_IDLE)
        db_script (self->db, "ROLLBACK");
    strbuf_free (&self->chunk);
    free (self->name);
    free (self->digest);
    free (self);
    *self_p = NULL;
}
