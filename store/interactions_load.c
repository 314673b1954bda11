/* Binary COPY into interactions. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/array.h"
#include "store/interactions.h"

#define CHUNK_SIZE                65536
#define COPY_MICROSECONDS_TO_2000 INT64_C (946684800000000)

/* Rows that wait before the COPY begins: with more than these it is a large load, and
 * one that writes its indexes at the end is three times as fast (1,000,000 rows into
 * an empty table: 4.3 s instead of 14.6 on a busy machine with two cores). */
#define LARGE_LOAD_BYTES (4 * 1024 * 1024)

struct interactions_load {
    db_t *db;         /* borrowed; inside our transaction */
    char *name;       /* for the record in imports */
    char *digest;     /* too */
    int64_t base_us;  /* the transaction's now () */
    uint64_t count;   /* rows so far */
    strbuf_t chunk;   /* of the COPY, not sent yet */
    strbuf_t indexes; /* statements that make the dropped ones again */
    bool copying;     /* the COPY is open */
};

/* The lock makes "was it loaded before" hold until the commit; readers do not mind. */
static const char s_begin[] = "BEGIN; SET LOCAL statement_timeout = 0;"
                              "SET LOCAL idle_in_transaction_session_timeout = 0;"
                              "SET LOCAL maintenance_work_mem = '256MB';"
                              "LOCK TABLE imports IN SHARE ROW EXCLUSIVE MODE";
static const char s_copy[] =
    "COPY interactions (user_id, item_id, created_at) FROM STDIN (FORMAT binary)";
static const char s_copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

/* Those worth dropping: none of them if the table is large already (its readers would
 * wait too long, and building all anew would not be faster) or is not ours to change. */
static const char s_droppable[] =
    "SELECT 'DROP INDEX ' || indexrelid::regclass || ';',"
    " pg_get_indexdef (indexrelid) || ';'"
    " FROM pg_index JOIN pg_class c ON c.oid = indrelid"
    " WHERE indrelid = 'interactions'::regclass AND NOT indisunique AND relkind = 'r'"
    " AND pg_has_role (relowner, 'USAGE')"
    " AND NOT EXISTS (SELECT FROM interactions OFFSET 2000000)";

/* True when the digest is new, or that does not matter. */
static bool
s_check_digest (db_t *db, const char *digest, bool append, char error[160])
{
    PGresult *result;
    db_status_t status = db_exec (db,
        "SELECT name, to_char (created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
        " FROM imports WHERE digest = $1 ORDER BY id DESC LIMIT 1",
        1, &digest, &result);
    bool known = status == DB_OK && PQntuples (result) > 0;
    if (status != DB_OK)
        snprintf (error, 160, "cannot read imports: %.120s", db_error (db));
    else if (known && !append)
        snprintf (error, 160, "the same data was loaded before, as %.60s on %s UTC",
            PQgetvalue (result, 0, 0), PQgetvalue (result, 0, 1));
    PQclear (result);
    return status == DB_OK && (!known || append);
}

/* COPY would accept all rows and then say no to a view. */
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
s_drop_indexes (interactions_load_t *self)
{
    PGresult *result;
    strbuf_t drops = STRBUF_EMPTY;
    db_status_t status = db_exec (self->db, s_droppable, 0, NULL, &result);
    for (int i = 0; status == DB_OK && i < PQntuples (result); i++) {
        strbuf_add (&drops, PQgetvalue (result, i, 0));
        strbuf_add (&self->indexes, PQgetvalue (result, i, 1));
    }
    if (drops.length > 0)
        status = db_script (self->db, drops.data);
    strbuf_free (&drops);
    PQclear (result);
    return status;
}

static db_status_t
s_send_chunk (interactions_load_t *self)
{
    db_status_t status = DB_OK;
    if (!self->copying) {
        if (self->chunk.length >= LARGE_LOAD_BYTES)
            status = s_drop_indexes (self);
        if (status == DB_OK)
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
    if (!s_check_digest (db, digest, append, error) || s_start (self, error))
        interactions_load_destroy (&self);
    return self;
}

int
interactions_load_row (interactions_load_t *self, const char *user_id, int64_t item_id,
    int64_t created_at_us)
{
    strbuf_t *chunk = &self->chunk;
    size_t length = strlen (user_id);
    if (created_at_us == INT64_MIN)
        created_at_us = self->base_us + (int64_t)self->count;
    strbuf_add_bytes (chunk, "\0\3", 2);
    array_put_be32 (chunk, (uint32_t)length);
    strbuf_add_bytes (chunk, user_id, length);
    array_put_be32 (chunk, 8);
    array_put_be64 (chunk, (uint64_t)item_id);
    array_put_be32 (chunk, 8);
    array_put_be64 (chunk, (uint64_t)(created_at_us - COPY_MICROSECONDS_TO_2000));
    self->count++;
    if (chunk->length < (self->copying ? CHUNK_SIZE : LARGE_LOAD_BYTES))
        return 0;
    return s_send_chunk (self) == DB_OK ? 0 : -1;
}

static db_status_t
s_finish (interactions_load_t *self)
{
    char rows[24];
    snprintf (rows, sizeof rows, "%llu", (unsigned long long)self->count);
    const char *values[] = {self->name, self->digest, rows};
    strbuf_add_bytes (&self->chunk, "\377\377", 2);
    db_status_t status = s_send_chunk (self);
    if (status != DB_OK)
        return status;
    self->copying = false;
    status = db_copy_finish (self->db, NULL);
    if (status == DB_OK && self->indexes.length > 0)
        status = db_script (self->db, self->indexes.data);
    if (status == DB_OK)
        status = db_exec (self->db,
            "INSERT INTO imports (name, digest, rows) VALUES ($1, $2, $3)", 3, values,
            NULL);
    if (status == DB_OK)
        status = db_script (self->db, "COMMIT");
    return status;
}

int
interactions_load_commit (interactions_load_t **self_p, uint64_t *rows, char error[160])
{
    interactions_load_t *self = *self_p;
    db_status_t status = s_finish (self);
    if (status != DB_OK)
        snprintf (error, 160, "nothing was loaded: %.130s", db_error (self->db));
    else if (rows)
        *rows = self->count;
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
    strbuf_free (&self->indexes);
    free (self->name);
    free (self->digest);
    free (self);
    *self_p = NULL;
}
