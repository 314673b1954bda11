/* SPDX-License-Identifier: Apache-2.0 */
#include "store/histories.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "store/absent.h"
#include "store/array.h"

/* A tuple of a binary COPY (PostgreSQL documentation, COPY, "Binary Format"): the user id,
 * and arrays in one dimension: dimensions, flags, type, length, lower bound, elements. The
 * file's header comes before the first tuple, the trailer -1 behind the last. */
#define COPY_HEADER_SIZE  19
#define ARRAY_HEADER_SIZE 20
#define ARRAY_EMPTY_SIZE  12 /* of no dimension */
#define ELEMENT_SIZE      12 /* a length, and 64 bits */
#define FIELD_NULL        UINT32_MAX
#define USER_SIZE         256

static const char s_begin[] =
    "BEGIN READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'";
/* Names with the table's: in ORDER BY a bare one would be the text of the output. */
#define ITEMS "array_agg (i.item_id::bigint ORDER BY i.created_at"
/* clang-format off */
static const char s_copy_all[] =
    "COPY (SELECT i.user_id::text,"
    " (" ITEMS ", i.id))[greatest (count (*) - 9999, 1)::int :],"
    " NULL::bigint[] FROM interactions i";
static const char s_copy_some[] =
    "COPY (SELECT i.user_id::text,"
    " (" ITEMS ", i.id) FILTER (WHERE NOT drops.it))"
    "[greatest (count (*) FILTER (WHERE NOT drops.it) - 9999, 1)::int :],"
    " (" ITEMS " DESC, i.id DESC) FILTER (WHERE drops.it))[: 10000]"
    " FROM " ABSENT_INTERACTIONS ("user_id, item_id, created_at, id") ","
    " LATERAL (SELECT coalesce (i.event, 'none') = ANY (string_to_array (";
static const char s_some_end[] = ", ',')) AS it) AS drops";
static const char s_copy_end[] =
    " GROUP BY i.user_id ORDER BY i.user_id) TO STDOUT (FORMAT binary)";
/* clang-format on */

/* One user's; each array with HISTORIES_LIMIT of room. */
typedef struct {
    char user_id[USER_SIZE];
    int64_t *items;   /* owned */
    int64_t *dropped; /* owned */
    history_t history;
} place_t;

static uint32_t
s_be32 (const char *bytes)
{
    uint32_t wire;
    memcpy (&wire, bytes, sizeof wire);
    return be32toh (wire);
}

/* NULL: there are none. */
static bool
s_parse_items (const char *bytes, size_t length, int64_t *items, size_t *count)
{
    *count = 0;
    if (!bytes || (length == ARRAY_EMPTY_SIZE && s_be32 (bytes) == 0))
        return true;
    if (length < ARRAY_HEADER_SIZE || s_be32 (bytes) != 1)
        return false;
    *count = s_be32 (bytes + 12);
    if (*count > HISTORIES_LIMIT || length != ARRAY_HEADER_SIZE + *count * ELEMENT_SIZE)
        return false; /* NULLs are shorter */
    bytes += ARRAY_HEADER_SIZE;
    for (size_t i = 0; i < *count; i++, bytes += ELEMENT_SIZE)
        items[i] = array_get_be64 (bytes + 4);
    return true;
}

/* Takes a field and goes behind it; *bytes NULL: it is NULL. False: there is none. */
static bool
s_field (const char **at, const char *end, const char **bytes, size_t *length)
{
    if (end - *at < 4)
        return false;
    uint32_t size = s_be32 (*at);
    *at += 4;
    *bytes = size == FIELD_NULL ? NULL : *at;
    *length = size == FIELD_NULL ? 0 : size;
    if (*length > (size_t)(end - *at))
        return false;
    *at += *length;
    return true;
}

static bool
s_parse_user (const char *bytes, size_t length, place_t *place)
{
    if (!bytes || length >= sizeof place->user_id)
        return false;
    memcpy (place->user_id, bytes, length);
    place->user_id[length] = '\0';
    return true;
}

static bool
s_parse_tuple (const char *at, const char *end, place_t *place)
{
    const char *bytes;
    size_t length;
    history_t *history = &place->history;
    if (end - at < 2 || memcmp (at, "\0\3", 2) != 0)
        return false;
    at += 2;
    return s_field (&at, end, &bytes, &length) && s_parse_user (bytes, length, place) &&
           s_field (&at, end, &bytes, &length) &&
           s_parse_items (bytes, length, place->items, &history->count) &&
           s_field (&at, end, &bytes, &length) &&
           s_parse_items (bytes, length, place->dropped, &history->dropped_count) &&
           at == end;
}

static bool
s_is_trailer (const char *bytes, const char *end)
{
    return bytes == end || (end - bytes == 2 && memcmp (bytes, "\377\377", 2) == 0);
}

/* 1: read to the end; 0: no more are wanted; -1 with error. */
static int
s_read (db_t *db, histories_fn *each, void *context, place_t *place, char error[160])
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
        else if (!s_parse_tuple (bytes, end, place))
            rc = -1;
        else if (!each (context, &place->history))
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

/* COPY has no parameters, so texts are quoted, by libpq. */
static void
s_add_quoted (
    db_t *db, const char *before, const char *text, const char *behind, strbuf_t *sql)
{
    char *quoted = PQescapeLiteral (db_raw (db), text, strlen (text));
    assert (quoted);
    strbuf_add (sql, before);
    strbuf_add (sql, quoted);
    strbuf_add (sql, behind);
    PQfreemem (quoted);
}

/* The user id is quoted without a type, so that it takes the column's: of a view it may be
 * a number. */
static db_status_t
s_start (db_t *db, const char *after, const char *dropped)
{
    strbuf_t copy = STRBUF_EMPTY;
    db_status_t status = db_ensure (db) ? db_script (db, s_begin) : DB_AWAY;
    if (status != DB_OK)
        return status;
    if (*dropped)
        s_add_quoted (db, s_copy_some, dropped, s_some_end, &copy);
    else
        strbuf_add (&copy, s_copy_all);
    if (*after)
        s_add_quoted (db, " WHERE i.user_id > ", after, "", &copy);
    strbuf_add (&copy, s_copy_end);
    status = db_copy_start (db, copy.data);
    strbuf_free (&copy);
    return status;
}

int
histories_each (db_t *db, const char *after, const char *dropped, histories_fn *each,
    void *context, char error[160])
{
    db_status_t status = s_start (db, after, dropped);
    if (status != DB_OK) {
        snprintf (error, 160, "cannot read interactions: %.120s", db_error (db));
        return -1;
    }
    place_t place = {.items = malloc (HISTORIES_LIMIT * sizeof (int64_t)),
        .dropped = malloc (HISTORIES_LIMIT * sizeof (int64_t))};
    assert (place.items && place.dropped);
    place.history = (history_t){
        .user_id = place.user_id, .items = place.items, .dropped = place.dropped};
    int rc = s_read (db, each, context, &place, error);
    free (place.items);
    free (place.dropped);
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
