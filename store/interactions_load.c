/* Loading interactions. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/array.h"
#include "store/interactions.h"
#include "store/interactions_name.h"

#define CHUNK_SIZE                65536
#define COPY_MICROSECONDS_TO_2000 INT64_C (946684800000000)

struct interactions_load {
    db_t *db;                /* borrowed; inside our transaction */
    char *name;              /* for the record in imports */
    char *digest;            /* too */
    int64_t base_us;         /* of rows without a time */
    uint64_t count;          /* rows so far */
    strbuf_t chunk;          /* of the COPY, not sent yet */
    bool copying;            /* the COPY is open */
    const item_keys_t *keys; /* borrowed; NULL: items are integers */
    const int64_t *key_ids;  /* borrowed */
    bool has_ids;            /* a row has an event_id */
    bool has_events;         /* a row has an event or a value */
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
    " item_id bigint, created_at timestamptz, event_id uuid, event text,"
    " value double precision, place bigint)"
    " ON COMMIT DROP";
static const char s_copy[] = "COPY pg_temp.arriving_interactions FROM STDIN"
                             " (FORMAT binary)";
static const char s_copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

/* Without an event_id the same user, item, time and event are the same interaction, whether
 * stored or given twice; where one side says no event, the others decide. In the order of
 * the index of histories, which is three times as fast as in the file's; within one time
 * in the file's, for the ids follow it. */
#define NEW_ROWS(columns, key, values, same)                                           \
    "INSERT INTO interactions (" columns ") SELECT " columns                           \
    " FROM (SELECT a.* FROM (SELECT " key values ", min (place) AS place"              \
    "  FROM pg_temp.arriving_interactions GROUP BY " key ") a"                         \
    " LEFT JOIN interactions i ON a.event_id IS NULL AND i.user_id::text = a.user_id"  \
    "  AND i.created_at = a.created_at AND i.item_id = a.item_id" same                 \
    " WHERE i.user_id IS NULL) n ORDER BY user_id, created_at, place"
#define PLAIN  "user_id, item_id, created_at"
#define KEY    PLAIN ", event_id"
#define EVENTS ", event, value"
#define SAME   "  AND (a.event IS NULL OR i.event IS NULL OR a.event = i.event)"
#define SKIP   " ON CONFLICT DO NOTHING"

/* By has_ids and has_events. Not always with all columns: what may conflict is twice as
 * slow, and a view may lack some. */
/* clang-format off */
static const char *const s_add[2][2] = {
    {NEW_ROWS (PLAIN, KEY, "", ""),
     NEW_ROWS (PLAIN EVENTS, KEY ", event", ", min (value) AS value", SAME)},
    {NEW_ROWS (KEY, KEY, "", "") SKIP,
     NEW_ROWS (KEY EVENTS, KEY ", event", ", min (value) AS value", SAME) SKIP},
};
/* clang-format on */

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
s_add_null (strbuf_t *chunk)
{
    array_put_be32 (chunk, UINT32_MAX);
}

static void
s_add_int (strbuf_t *chunk, uint64_t value)
{
    array_put_be32 (chunk, sizeof value);
    array_put_be64 (chunk, value);
}

static void
s_add_text (strbuf_t *chunk, const char *text)
{
    size_t length = strlen (text);
    array_put_be32 (chunk, (uint32_t)length);
    strbuf_add_bytes (chunk, text, length);
}

static void
s_add_uuid (strbuf_t *chunk, const char *text)
{
    unsigned char bytes[16];
    uuid_bytes (text, bytes);
    array_put_be32 (chunk, sizeof bytes);
    strbuf_add_bytes (chunk, bytes, sizeof bytes);
}

static void
s_add_value (strbuf_t *chunk, double value)
{
    uint64_t bits;
    memcpy (&bits, &value, sizeof bits);
    s_add_int (chunk, bits);
}

static bool
s_given (const char *text)
{
    return text && *text;
}

/* The fields of arriving_interactions. */
static void
s_add_tuple (interactions_load_t *self, const interactions_row_t *row)
{
    strbuf_t *chunk = &self->chunk;
    int64_t created_at_us = row->created_at_us;
    if (created_at_us == INT64_MIN)
        created_at_us = self->base_us + (int64_t)self->count;
    strbuf_add_bytes (chunk, "\0\7", 2);
    s_add_text (chunk, row->user_id);
    s_add_int (chunk, (uint64_t)row->item_id);
    s_add_int (chunk, (uint64_t)(created_at_us - COPY_MICROSECONDS_TO_2000));
    if (s_given (row->event_id))
        s_add_uuid (chunk, row->event_id);
    else
        s_add_null (chunk);
    if (s_given (row->event))
        s_add_text (chunk, row->event);
    else
        s_add_null (chunk);
    if (row->has_value)
        s_add_value (chunk, row->value);
    else
        s_add_null (chunk);
    s_add_int (chunk, self->count++);
}

int
interactions_load_add (interactions_load_t *self, const interactions_row_t *row)
{
    self->has_ids = self->has_ids || s_given (row->event_id);
    self->has_events = self->has_events || s_given (row->event) || row->has_value;
    s_add_tuple (self, row);
    if (self->chunk.length < CHUNK_SIZE)
        return 0;
    return s_send_chunk (self) == DB_OK ? 0 : -1;
}

int
interactions_load_row (interactions_load_t *self, const char *user_id, int64_t item_id,
    int64_t created_at_us)
{
    const interactions_row_t row = {
        .user_id = user_id, .item_id = item_id, .created_at_us = created_at_us};
    return interactions_load_add (self, &row);
}

void
interactions_load_keys (
    interactions_load_t *self, const item_keys_t *keys, const int64_t *key_ids)
{
    self->keys = keys;
    self->key_ids = key_ids;
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
            self->db, s_add[self->has_ids][self->has_events], 0, NULL, &result);
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
    if (status == DB_OK && self->keys)
        status = interactions_load_name (self->db, self->keys, self->key_ids);
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
