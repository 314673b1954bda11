/* All of the table, or a part of it, as a stream. SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "store/absent.h"
#include "store/array.h"
#include "store/interactions.h"

/* One tuple of a binary COPY (PostgreSQL documentation, COPY, "Binary Format"). The
 * first carries the file header before it; the last is the trailer, -1. */
#define COPY_HEADER_SIZE          19
#define COPY_MICROSECONDS_TO_2000 INT64_C (946684800000000)
#define COPY_NULL                 UINT32_MAX

enum { S_USER, S_ITEM, S_TIME, S_EVENT, S_VALUE, S_FIELDS };

/* A tuple's fields, where COPY put them. */
typedef struct {
    const char *bytes[S_FIELDS]; /* NULL: NULL */
    size_t lengths[S_FIELDS];
} tuple_t;

typedef struct {
    char user_id[256], event[256];
    interactions_row_t row;
} copied_row_t;

static uint32_t
s_be32 (const char *bytes)
{
    uint32_t wire;
    memcpy (&wire, bytes, sizeof wire);
    return be32toh (wire);
}

/* One reading. */
typedef struct {
    db_t *db; /* borrowed */
    size_t fields;
    bool begun; /* the header was read */
    bool odd;   /* a row has an unexpected form */
} stream_t;

/* Takes the tuple of `fields` fields apart; false: it is not one. */
static bool
s_split_tuple (const char *bytes, const char *end, size_t fields, tuple_t *tuple)
{
    *tuple = (tuple_t){0};
    if (end - bytes < 2 || bytes[0] != 0 || (size_t)bytes[1] != fields)
        return false;
    bytes += 2;
    for (size_t i = 0; i < fields; i++) {
        if (end - bytes < 4)
            return false;
        uint32_t length = s_be32 (bytes);
        bytes += 4;
        if (length == COPY_NULL)
            continue;
        if ((uint64_t)(end - bytes) < length)
            return false;
        tuple->bytes[i] = bytes;
        tuple->lengths[i] = length;
        bytes += length;
    }
    return bytes == end;
}

/* False: too long for the text's room, or NULL. */
static bool
s_take_text (const tuple_t *tuple, int field, char text[256])
{
    size_t length = tuple->lengths[field];
    if (!tuple->bytes[field] || length >= 256)
        return false;
    memcpy (text, tuple->bytes[field], length);
    text[length] = 0;
    return true;
}

static bool
s_take_int (const tuple_t *tuple, int field, int64_t *value)
{
    if (!tuple->bytes[field] || tuple->lengths[field] != sizeof *value)
        return false;
    *value = array_get_be64 (tuple->bytes[field]);
    return true;
}

/* 1 a row, 0 the trailer, -1 not what we asked for. */
static int
s_parse_tuple (const char *bytes, const char *end, size_t fields, copied_row_t *copied)
{
    tuple_t tuple;
    int64_t value;
    if (end - bytes >= 2 && memcmp (bytes, "\377\377", 2) == 0)
        return 0;
    copied->row = (interactions_row_t){.user_id = copied->user_id};
    if (!s_split_tuple (bytes, end, fields, &tuple) ||
        !s_take_text (&tuple, S_USER, copied->user_id) ||
        !s_take_int (&tuple, S_ITEM, &copied->row.item_id) ||
        !s_take_int (&tuple, S_TIME, &copied->row.created_at_us))
        return -1;
    copied->row.created_at_us += COPY_MICROSECONDS_TO_2000;
    if (s_take_text (&tuple, S_EVENT, copied->event))
        copied->row.event = copied->event;
    else if (tuple.bytes[S_EVENT])
        return -1;
    if (s_take_int (&tuple, S_VALUE, &value)) {
        memcpy (&copied->row.value, &value, sizeof value); /* the same bits */
        copied->row.has_value = isfinite (copied->row.value);
    }
    return 1;
}

static const char s_begin[] =
    "BEGIN READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'";
static const char s_copy[] =
    "COPY (SELECT user_id::text, item_id::bigint, created_at::timestamptz"
    " FROM interactions%s ORDER BY user_id, created_at, id) TO STDOUT (FORMAT binary)";
/* clang-format off */
static const char s_copy_events[] =
    "COPY (SELECT user_id::text, item_id::bigint, created_at::timestamptz, i.event, i.value"
    " FROM " ABSENT_INTERACTIONS ("user_id, item_id, created_at, id")
    "%s ORDER BY user_id, created_at, id) TO STDOUT (FORMAT binary)";
/* clang-format on */

/* Each message of COPY is a tuple (the first also has the header). False: a value has
 * an unexpected form. */
static bool
s_take_message (
    stream_t *self, const char *bytes, size_t length, copied_row_t *copied, int *kind)
{
    const char *end = bytes + length;
    if (!self->begun) {
        if (length < COPY_HEADER_SIZE)
            return false;
        bytes += COPY_HEADER_SIZE;
    }
    *kind = bytes == end ? 0 : s_parse_tuple (bytes, end, self->fields, copied);
    return *kind >= 0;
}

static db_status_t
s_read (stream_t *self, interactions_row_fn *row, void *context, uint64_t *count)
{
    copied_row_t copied;
    db_status_t status;
    char *bytes;
    int length;
    while ((length = db_copy_get (self->db, &bytes, &status)) > 0) {
        int kind = 0;
        if (!s_take_message (self, bytes, (size_t)length, &copied, &kind))
            self->odd = true;
        else if (kind == 1 && !self->odd) {
            row (context, &copied.row);
            ++*count;
        }
        self->begun = true;
        PQfreemem (bytes);
    }
    return status;
}

static db_status_t
s_start (stream_t *self, const interactions_part_t *part)
{
    char where[48] = "", copy[sizeof s_copy_events + sizeof where];
    if (part->last_id > 0)
        snprintf (where, sizeof where, " WHERE id <= %" PRId64, part->last_id);
    self->fields = part->events ? S_FIELDS : S_EVENT;
    snprintf (copy, sizeof copy, part->events ? s_copy_events : s_copy, where);
    db_status_t status = db_ensure (self->db) ? db_script (self->db, s_begin) : DB_AWAY;
    return status == DB_OK ? db_copy_start (self->db, copy) : status;
}

int
interactions_part (db_t *db, const interactions_part_t *part, interactions_row_fn *row,
    void *context, uint64_t *count, char error[160])
{
    stream_t self = {.db = db};
    *count = 0;
    db_status_t status = s_start (&self, part);
    if (status == DB_OK)
        status = s_read (&self, row, context, count);
    if (status == DB_OK)
        status = db_script (db, "COMMIT");
    if (status != DB_OK) {
        snprintf (error, 160, "cannot read interactions: %.120s", db_error (db));
        return -1;
    }
    if (self.odd) {
        snprintf (error, 160,
            "cannot read interactions: a row has NULL, or a user id or event over 255 "
            "bytes");
        return -1;
    }
    return 0;
}

int
interactions_each (
    db_t *db, interactions_row_fn *row, void *context, uint64_t *count, char error[160])
{
    const interactions_part_t all = {.events = true};
    return interactions_part (db, &all, row, context, count, error);
}

int
interactions_have_events (db_t *db, bool *have, char error[160])
{
    PGresult *result = NULL;
    db_status_t status = db_ensure (db) ? db_script (db, s_begin) : DB_AWAY;
    if (status == DB_OK)
        status = db_exec (db,
            "SELECT EXISTS (SELECT FROM " ABSENT_INTERACTIONS (
                "1") " WHERE i.event IS NOT NULL OR i.value IS NOT NULL)",
            0, NULL, &result);
    *have = status == DB_OK && PQgetvalue (result, 0, 0)[0] == 't';
    PQclear (result);
    if (status == DB_OK)
        status = db_script (db, "COMMIT");
    if (status != DB_OK)
        snprintf (error, 160, "cannot read interactions: %.120s", db_error (db));
    return status == DB_OK ? 0 : -1;
}
