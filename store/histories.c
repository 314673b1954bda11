/* SPDX-License-Identifier: Apache-2.0 */
#include "store/histories.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "store/array.h"

/* A tuple of a binary COPY (PostgreSQL documentation, COPY, "Binary Format"): the user id,
 * and an array in one dimension: dimensions, flags, type, length, lower bound, elements.
 * The file's header comes before the first tuple, the trailer -1 behind the last. */
#define COPY_HEADER_SIZE  19
#define ARRAY_HEADER_SIZE 20
#define ELEMENT_SIZE      12 /* a length, and 64 bits */
#define USER_SIZE         256

static const char s_begin[] =
    "BEGIN READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'";
/* Names with the table's: in ORDER BY a bare one would be the text of the output. */
static const char s_copy_begin[] =
    "COPY (SELECT i.user_id::text, (array_agg (i.item_id::bigint"
    " ORDER BY i.created_at, i.id))[greatest (count (*) - 9999, 1)::int :]"
    " FROM interactions i";
static const char s_copy_end[] =
    " GROUP BY i.user_id ORDER BY i.user_id) TO STDOUT (FORMAT binary)";

typedef struct {
    char user_id[USER_SIZE];
    int64_t *items; /* HISTORIES_LIMIT of room; owned */
    size_t count;
} history_t;

static uint32_t
s_be32 (const char *bytes)
{
    uint32_t wire;
    memcpy (&wire, bytes, sizeof wire);
    return be32toh (wire);
}

static bool
s_parse_items (const char *bytes, size_t length, history_t *history)
{
    if (length < ARRAY_HEADER_SIZE || s_be32 (bytes) != 1)
        return false;
    size_t count = s_be32 (bytes + 12);
    if (count > HISTORIES_LIMIT || length != ARRAY_HEADER_SIZE + count * ELEMENT_SIZE)
        return false; /* NULLs are shorter */
    bytes += ARRAY_HEADER_SIZE;
    for (size_t i = 0; i < count; i++, bytes += ELEMENT_SIZE)
        history->items[i] = array_get_be64 (bytes + 4);
    history->count = count;
    return true;
}

/* The bytes of a field, and behind it; NULL: there is none, or it is NULL. */
static const char *
s_field (const char **at, const char *end, size_t *length)
{
    if (end - *at < 4)
        return NULL;
    const char *bytes = *at + 4;
    uint32_t size = s_be32 (*at);
    if (size > (uint64_t)(end - bytes))
        return NULL;
    *at = bytes + size;
    *length = size;
    return bytes;
}

static bool
s_parse_tuple (const char *bytes, const char *end, history_t *history)
{
    size_t length = 0;
    if (end - bytes < 2 || memcmp (bytes, "\0\2", 2) != 0)
        return false;
    bytes += 2;
    const char *user = s_field (&bytes, end, &length);
    if (!user || length >= sizeof history->user_id)
        return false;
    memcpy (history->user_id, user, length);
    history->user_id[length] = '\0';
    const char *items = s_field (&bytes, end, &length);
    return items && bytes == end && s_parse_items (items, length, history);
}

static bool
s_is_trailer (const char *bytes, const char *end)
{
    return bytes == end || (end - bytes == 2 && memcmp (bytes, "\377\377", 2) == 0);
}

/* 1: read to the end; 0: no more are wanted; -1 with error. */
static int
s_read (
    db_t *db, histories_fn *each, void *context, history_t *history, char error[160])
{
    db_status_t status;
    char *message;
    int length, rc = 1;
    bool first = true;
    while (rc == 1 && (length = db_copy_get (db, &message, &status)) > 0) {
        const char *bytes = message, *end = message + length;
        if (first)
            bytes += length < COPY_HEADER_SIZE ? length : COPY_HEADER_SIZE;
        first = false;
        if (s_is_trailer (bytes, end))
            rc = 1;
        else if (!s_parse_tuple (bytes, end, history))
            rc = -1;
        else if (!each (context, history->user_id, history->items, history->count))
            rc = 0;
        PQfreemem (message);
    }
    if (rc == -1)
        snprintf (error, 160,
            "cannot read interactions: a row has NULL, or a user id over 255 bytes");
    if (rc != 1 || status == DB_OK)
        return rc;
    snprintf (error, 160, "cannot read interactions: %.120s", db_error (db));
    return -1;
}

/* COPY has no parameters, so the id is quoted, by libpq; and without a type, so that it
 * takes the column's: of a view it may be a number. */
static db_status_t
s_start (db_t *db, const char *after)
{
    strbuf_t copy = STRBUF_EMPTY;
    db_status_t status = db_ensure (db) ? db_script (db, s_begin) : DB_AWAY;
    if (status != DB_OK)
        return status;
    strbuf_add (&copy, s_copy_begin);
    if (*after) {
        char *quoted = PQescapeLiteral (db_raw (db), after, strlen (after));
        assert (quoted);
        strbuf_add (&copy, " WHERE i.user_id > ");
        strbuf_add (&copy, quoted);
        PQfreemem (quoted);
    }
    strbuf_add (&copy, s_copy_end);
    status = db_copy_start (db, copy.data);
    strbuf_free (&copy);
    return status;
}

int
histories_each (
    db_t *db, const char *after, histories_fn *each, void *context, char error[160])
{
    db_status_t status = s_start (db, after);
    if (status != DB_OK) {
        snprintf (error, 160, "cannot read interactions: %.120s", db_error (db));
        return -1;
    }
    history_t history = {.items = malloc (HISTORIES_LIMIT * sizeof (int64_t))};
    assert (history.items);
    int rc = s_read (db, each, context, &history, error);
    free (history.items);
    if (rc == 1 && db_script (db, "COMMIT") != DB_OK) {
        snprintf (error, 160, "cannot read interactions: %.120s", db_error (db));
        rc = -1;
    }
    return rc < 0 ? -1 : 0;
}

uint64_t
histories_estimate (db_t *db)
{
    PGresult *result = NULL;
    db_status_t status = db_ensure (db) ? db_exec (db,
                                              "SELECT greatest (reltuples, 0)::bigint"
                                              " FROM pg_class WHERE relkind = 'r'"
                                              " AND oid = to_regclass ('interactions')",
                                              0, NULL, &result)
                                        : DB_AWAY;
    bool found = status == DB_OK && PQntuples (result) > 0;
    uint64_t count = found ? strtoull (PQgetvalue (result, 0, 0), NULL, 10) : 0;
    PQclear (result);
    return count;
}
