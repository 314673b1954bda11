/* GET /events: server-sent events. With request_id the result of that request, whenever
 * it came, then the end; without it model changes and statistics, from Last-Event-ID on.
 * Each stream is a thread, so their number is limited. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/context.h"
#include "actors/http/query.h"
#include "actors/http/routes.h"
#include "actors/http/vitals.h"
#include "base/uuid.h"
#include "store/predictions.h"

#define HEARTBEAT_MS 10000 /* below every proxy's patience; also finds who has gone */

typedef struct {
    live_stream_t *live; /* owned; NULL when the event was read from the row */
    strbuf_t pending;    /* text on its way out */
    size_t offset;       /* of pending that is out */
    bool one;            /* the first event is the last */
    bool ended;          /* nothing comes behind pending */
} stream_t;

static stream_t *
s_stream_new (void)
{
    stream_t *self = calloc (1, sizeof *self);
    assert (self);
    strbuf_add (&self->pending, "retry: 2000\n\n");
    return self;
}

static void
s_stream_free (void *stream)
{
    stream_t *self = stream;
    live_close (&self->live);
    strbuf_free (&self->pending);
    free (self);
}

/* Waits for more; false when there is no more. */
static bool
s_refill (stream_t *self)
{
    strbuf_clear (&self->pending);
    self->offset = 0;
    if (self->ended)
        return false;
    int came = live_next (self->live, HEARTBEAT_MS, &self->pending);
    if (came == 0)
        strbuf_add (&self->pending, ": still here\n\n");
    self->ended = came == 1 && self->one;
    return came >= 0;
}

/* To return 0 would make libmicrohttpd ask again at once, for ever. */
static ssize_t
s_read (void *stream, uint64_t offset, char *bytes, size_t most)
{
    (void)offset;
    stream_t *self = stream;
    if (self->offset == self->pending.length && !s_refill (self))
        return -1;
    size_t length = self->pending.length - self->offset;
    if (length > most)
        length = most;
    memcpy (bytes, self->pending.data + self->offset, length);
    self->offset += length;
    return (ssize_t)length;
}

static void
s_add_row (stream_t *self, const char *id, const prediction_t *row)
{
    strbuf_t *out = &self->pending;
    strbuf_add (out, "event: result\ndata: {\"request_id\":");
    strbuf_add_json_string (out, id);
    strbuf_addf (
        out, ",\"result\":%s,\"error\":", row->result_json ? row->result_json : "null");
    if (row->error)
        strbuf_add_json_string (out, row->error);
    else
        strbuf_add (out, "null");
    strbuf_add (out, "}\n\n");
    self->ended = true;
}

/* The result may have come so long ago (before a restart, even) that only its row knows.
 * The stream is open already, so nothing can slip between. False: unknown id. */
static bool
s_look_back (http_context_t *context, stream_t *self, const char *id)
{
    self->ended = live_next (self->live, 0, &self->pending) == 1;
    db_t *db =
        self->ended || !uuid_valid (id) ? NULL : pool_take (context->args->pool, 0);
    if (!db)
        return true;
    prediction_t row;
    bool found = false;
    memset (&row, 0, sizeof row);
    db_status_t status = predictions_find (db, id, &row, &found);
    pool_give (context->args->pool, &db);
    if (status == DB_OK && found && strcmp (row.status, "PENDING") != 0)
        s_add_row (self, id, &row);
    prediction_clear (&row);
    return status != DB_OK || found;
}

static uint64_t
s_last_id (const exchange_t *exchange)
{
    const char *text = exchange_request_header (exchange, "Last-Event-ID");
    int64_t id = 0;
    return text && query_integer (text, 0, INT64_MAX, &id) ? (uint64_t)id : 0;
}

void
events_get (http_context_t *context, exchange_t *exchange)
{
    char id[PROTO_ID_SIZE];
    if (!exchange_read_text (exchange, "request_id", id, sizeof id))
        return;
    stream_t *stream = s_stream_new ();
    stream->one = *id != '\0';
    stream->live =
        live_open (context->args->live, *id ? id : NULL, s_last_id (exchange));
    if (stream->live && stream->one && !s_look_back (context, stream, id)) {
        s_stream_free (stream);
        exchange_problem (
            exchange, PROBLEM_UNKNOWN_REQUEST, "No request with this id was accepted.");
    } else if (!stream->live) {
        s_stream_free (stream);
        exchange_problem (
            exchange, PROBLEM_OVERLOADED, "Too many event streams are open.");
    } else {
        if (!stream->one)
            vitals_add (&stream->pending);
        exchange_set_header (exchange, "X-Accel-Buffering", "no");
        exchange_reply_stream (
            exchange, "text/event-stream", s_read, s_stream_free, stream);
    }
}
