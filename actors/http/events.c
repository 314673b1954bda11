/* GET /events: server-sent events. With request_id the result of that request when it is
 * heard, and that it has ended when its row has; without it health, model changes and
 * statistics, from Last-Event-ID on. Each stream is a thread, so their number and their
 * life are limited. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/access.h"
#include "actors/http/context.h"
#include "actors/http/query.h"
#include "actors/http/routes.h"
#include "actors/http/vitals.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "store/predictions.h"

#define HEARTBEAT_MS 10000 /* below every proxy's patience; also finds who has gone */
#define KEY_MS       2000  /* the same for who came by key: whether that still holds */
#define DB_WAIT_MS   250 /* for a free connection; else the ended_watch says so again */

typedef struct {
    http_context_t *context;
    address_t client;                     /* whose limit it counts against */
    char key_prefix[API_KEY_PREFIX_SIZE]; /* of the key it was opened with, or "" */
    int64_t end_ms;                       /* its longest life */
    live_stream_t *live;                  /* of all; owned, or NULL */
    ended_waiter_t *waiter;               /* of one request; owned, or NULL */
    char id[PROTO_ID_SIZE];               /* that request */
    bool shown;                           /* its result was sent */
    bool over;                            /* nothing comes behind pending */
    strbuf_t pending;                     /* text on its way out */
    size_t offset;                        /* of pending that is out */
} stream_t;

static void
s_stream_free (void *stream)
{
    stream_t *self = stream;
    live_close (&self->live);
    ended_leave (&self->waiter);
    streams_leave (self->context->streams, &self->client);
    strbuf_free (&self->pending);
    free (self);
}

/* json: the result as JSON, or NULL; then error says why. */
static void
s_add_result (stream_t *self, const char *json, const char *error)
{
    strbuf_t *out = &self->pending;
    strbuf_add (out, "event: result\ndata: {\"request_id\":");
    strbuf_add_json_string (out, self->id);
    strbuf_add (out, ",\"result\":");
    strbuf_add (out, json ? json : "null");
    strbuf_add (out, ",\"error\":");
    if (error)
        strbuf_add_json_string (out, error);
    else
        strbuf_add (out, "null");
    strbuf_add (out, "}\n\n");
    self->shown = true;
}

static void
s_add_heard (stream_t *self, result_t **result_p)
{
    const result_t *result = *result_p;
    bool completed = result->status == RESULT_COMPLETED;
    strbuf_t json = STRBUF_EMPTY;
    if (completed)
        result_payload_to_json (result, &json);
    s_add_result (self, json.data, completed ? NULL : result->error);
    strbuf_free (&json);
    result_destroy (result_p);
    self->over = !uuid_valid (self->id); /* a stranger's on Kafka: no row follows */
}

/* status NULL: there is no such request (any more). */
static void
s_add_ended (stream_t *self, const char *status)
{
    strbuf_add (&self->pending, "event: ended\ndata: {\"request_id\":");
    strbuf_add_json_string (&self->pending, self->id);
    strbuf_add (&self->pending, ",\"status\":");
    if (status)
        strbuf_add_json_string (&self->pending, status);
    else
        strbuf_add (&self->pending, "null");
    strbuf_add (&self->pending, "}\n\n");
    self->over = true;
}

typedef enum { ROW_AWAY, ROW_NONE, ROW_PENDING, ROW_ENDED } row_state_t;

/* Only the row knows how it ended, and, from before a restart, what the result was. */
static row_state_t
s_read_row (stream_t *self, int wait_ms)
{
    db_t *db =
        uuid_valid (self->id) ? pool_take (self->context->args->pool, wait_ms) : NULL;
    if (!db)
        return ROW_AWAY;
    prediction_t row;
    bool found = false;
    db_status_t status = predictions_find (db, self->id, &row, &found);
    pool_give (self->context->args->pool, &db);
    row_state_t state = status != DB_OK                       ? ROW_AWAY
                        : !found                              ? ROW_NONE
                        : strcmp (row.status, "PENDING") == 0 ? ROW_PENDING
                                                              : ROW_ENDED;
    if (state == ROW_ENDED && !self->shown)
        s_add_result (self, row.result_json, row.error);
    if (state == ROW_ENDED)
        s_add_ended (self, row.status);
    prediction_clear (&row);
    return state;
}

/* As live_next. */
static int
s_next_of_request (stream_t *self, int64_t timeout_ms)
{
    result_t *result = NULL;
    switch (ended_next (self->waiter, timeout_ms, &result)) {
    case ENDED_RESULT:
        s_add_heard (self, &result);
        return 1;
    case ENDED_ROW:
        if (s_read_row (self, DB_WAIT_MS) == ROW_NONE)
            s_add_ended (self, NULL);
        return self->over;
    case ENDED_STOPPING:
        return -1;
    case ENDED_NOTHING:
        break;
    }
    return 0;
}

/* Who came before there was a key needs one as others do, once there is. */
static bool
s_key_holds (const stream_t *self)
{
    keyring_t *keyring = self->context->args->keyring;
    if (self->context->open)
        return true;
    return *self->key_prefix ? keyring_has (keyring, self->key_prefix)
                             : keyring_state (keyring) != KEYRING_KEYS;
}

/* Waits for more; false when there is no more. */
static bool
s_refill (stream_t *self)
{
    strbuf_clear (&self->pending);
    self->offset = 0;
    int64_t left_ms = self->end_ms - clock_monotonic_ms ();
    if (self->over || left_ms <= 0 || !s_key_holds (self))
        return false;
    int most_ms = *self->key_prefix ? KEY_MS : HEARTBEAT_MS;
    int wait_ms = left_ms < most_ms ? (int)left_ms : most_ms;
    int came = self->waiter ? s_next_of_request (self, wait_ms)
                            : live_next (self->live, wait_ms, &self->pending);
    if (came == 0)
        strbuf_add (&self->pending, ": still here\n\n");
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

/* Not longer than the session it was opened with. */
static int64_t
s_life_ms (const http_context_t *context, const exchange_t *exchange)
{
    int64_t life_ms = 1000 * config_integer (context->args->config, CONFIG_SSE_LIFE_S);
    int64_t session_ms = 1000 * exchange->session_end_s - clock_unix_ms ();
    bool shorter = exchange->session_end_s > 0 && session_ms < life_ms;
    return shorter ? session_ms : life_ms;
}

static stream_t *
s_stream_new (http_context_t *context, const exchange_t *exchange)
{
    stream_t *self = calloc (1, sizeof *self);
    assert (self);
    self->context = context;
    self->client = exchange->client;
    memcpy (self->key_prefix, exchange->key_prefix, sizeof self->key_prefix);
    self->end_ms = clock_monotonic_ms () + s_life_ms (context, exchange);
    strbuf_add (&self->pending, "retry: 2000\n\n");
    return self;
}

/* Waits first and looks then, so that nothing slips between. False: no such request. A
 * database that is away is asked again by the ended_watch. */
static bool
s_follow (stream_t *self)
{
    result_t *result = NULL;
    if (ended_next (self->waiter, 0, &result) == ENDED_RESULT)
        s_add_heard (self, &result);
    if (self->over)
        return true;
    bool strangers =
        *config_text (self->context->args->config, CONFIG_KAFKA_BOOTSTRAP_SERVERS);
    row_state_t state = uuid_valid (self->id) ? s_read_row (self, 0)
                        : strangers           ? ROW_PENDING
                                              : ROW_NONE;
    return state != ROW_NONE || self->shown;
}

static uint64_t
s_last_id (const exchange_t *exchange)
{
    const char *text = exchange_request_header (exchange, "Last-Event-ID");
    int64_t id = 0;
    return text && query_integer (text, 0, INT64_MAX, &id) ? (uint64_t)id : 0;
}

/* False: the problem has been replied. */
static bool
s_enter (http_context_t *context, exchange_t *exchange)
{
    switch (streams_enter (context->streams, &exchange->client)) {
    case STREAMS_ENTERED:
        return true;
    case STREAMS_FULL:
        exchange_problem (
            exchange, PROBLEM_OVERLOADED, "Too many event streams are open.");
        return false;
    case STREAMS_CLIENT_FULL:
        break;
    }
    exchange_problem (exchange, PROBLEM_TOO_MANY_REQUESTS,
        "Too many event streams of this client are open.");
    return false;
}

void
events_get (http_context_t *context, exchange_t *exchange)
{
    char id[PROTO_ID_SIZE];
    if (!exchange_read_text (exchange, "request_id", id, sizeof id))
        return;
    if (*id && exchange->unproven) {
        access_refuse_unproven (exchange);
        return;
    }
    if (!s_enter (context, exchange))
        return;
    stream_t *stream = s_stream_new (context, exchange);
    memcpy (stream->id, id, sizeof id);
    if (*id)
        stream->waiter = ended_wait (context->args->ended, id);
    else
        stream->live = live_open (context->args->live, s_last_id (exchange));
    if (!stream->waiter && !stream->live) {
        exchange_problem (exchange, PROBLEM_UNAVAILABLE, "The process is stopping.");
    } else if (stream->waiter && !s_follow (stream)) {
        exchange_problem (
            exchange, PROBLEM_UNKNOWN_REQUEST, "No request with this id was accepted.");
    } else {
        if (stream->live)
            vitals_add (&stream->pending);
        exchange_set_header (exchange, "X-Accel-Buffering", "no");
        exchange_reply_stream (
            exchange, "text/event-stream", s_read, s_stream_free, stream);
        return;
    }
    s_stream_free (stream);
}
