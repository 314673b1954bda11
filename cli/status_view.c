/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status_view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "base/timestamp.h"

#define LINES_SHOWN 8 /* of the logs */

/* For people */

/* A terminal may obey what stands in a text of somebody else's. */
static void
s_print_text (const char *text)
{
    for (; *text; text += utf8_length (text) ? utf8_length (text) : 1)
        if (utf8_length (text) == 0 || utf8_is_control (text))
            putchar ('?');
        else
            printf ("%.*s", (int)utf8_length (text), text);
}

static void
s_print_age (double seconds)
{
    if (seconds < 120)
        printf ("%.0f s", seconds);
    else if (seconds < 7200)
        printf ("%.0f min", seconds / 60);
    else if (seconds < 172800)
        printf ("%.0f h", seconds / 3600);
    else
        printf ("%.0f days", seconds / 86400);
}

static void
s_print_problems (const status_view_t *self)
{
    size_t i, count = json_array_size (self->problems);
    json_t *problem;
    char now[TIMESTAMP_SIZE];
    timestamp_format (clock_unix_us (), now);
    printf ("%.19sZ: ", now);
    if (count == 0)
        puts ("all is well");
    else
        printf ("%zu thing%s wrong\n", count, count == 1 ? " is" : "s are");
    json_array_foreach (self->problems, i, problem)
    {
        fputs ("  ! ", stdout);
        s_print_text (json_string_value (problem));
        putchar ('\n');
    }
}

static void
s_print_peer (const peer_t *peer)
{
    const char *reason, *model = peer_text (peer, "model_version");
    if (!peer->reached) {
        printf ("  %-10s %-21s not reached: %s\n", "?", peer->address, peer->error);
        return;
    }
    printf ("  %-10s %-21s %-9s  up ", peer_text (peer, "role"), peer->address,
        peer_ready (peer, &reason) ? "ready" : "NOT READY");
    s_print_age ((double)(clock_unix_ms () - peer_started_ms (peer)) / 1000);
    printf (", %s%s, version %s\n", *model ? "model " : "no model", model,
        peer_text (peer, "version"));
}

static void
s_print_waiting (const status_view_t *self)
{
    const overview_t *overview = &self->overview;
    printf ("\nRequests in %s\n", self->database);
    if (!self->database_read) {
        printf ("  not reached: %s\n", self->database_error);
        return;
    }
    printf ("  waiting    %zu%s", overview->pending,
        overview->pending >= OVERVIEW_PENDING_LIMIT ? " or more" : "");
    if (overview->pending > 0) {
        printf (" (%zu not sent), the oldest for ", overview->unsent);
        s_print_age (overview->oldest_s);
    }
    printf ("\n  last hour  %zu completed, %zu failed, %zu expired\n",
        overview->completed, overview->failed, overview->expired);
}

static void
s_print_kafka (const status_view_t *self)
{
    double dead_letters = 0;
    for (size_t i = 0; i < self->peer_count; i++) {
        size_t row;
        json_t *lag;
        const peer_t *peer = &self->peers[i];
        dead_letters += peer->dead_letters;
        json_array_foreach (peer->lags, row, lag)
            printf ("  Kafka      %s is %lld behind in %s (%s)\n",
                json_string_value (json_object_get (lag, "group")),
                (long long)json_integer_value (json_object_get (lag, "messages")),
                json_string_value (json_object_get (lag, "topic")), peer->address);
    }
    if (dead_letters > 0)
        printf ("  Kafka      %.0f dead letters since the processes started: "
                "sasrec dlq list\n",
            dead_letters);
}

/* A line of somebody's log. */
typedef struct {
    const char *at;
    const char *role;
    const json_t *line;
} s_line_t;

static int
s_newer (const void *a, const void *b)
{
    return strcmp (((const s_line_t *)b)->at, ((const s_line_t *)a)->at);
}

static void
s_print_line (const s_line_t *self)
{
    const char *key;
    json_t *value;
    printf ("  %s %-9s ", self->at, self->role);
    s_print_text (json_string_value (json_object_get (self->line, "event")));
    json_object_foreach ((json_t *)self->line, key, value)
    {
        if (!strcmp (key, "ts") || !strcmp (key, "level") || !strcmp (key, "event"))
            continue;
        char *text = json_dumps (value, JSON_ENCODE_ANY);
        putchar (' ');
        s_print_text (key);
        putchar ('=');
        s_print_text (text ? text : "?");
        free (text);
    }
    putchar ('\n');
}

static void
s_print_lines (const status_view_t *self)
{
    static s_line_t lines[STATUS_PEER_LIMIT * LINES_SHOWN];
    size_t count = 0;
    for (size_t i = 0; i < self->peer_count; i++) {
        const json_t *errors = peer_errors (&self->peers[i]);
        for (size_t row = 0; row < json_array_size (errors) && row < LINES_SHOWN;
             row++) {
            const json_t *line = json_array_get (errors, row);
            const char *at = json_string_value (json_object_get (line, "ts"));
            if (at)
                lines[count++] =
                    (s_line_t){at, peer_text (&self->peers[i], "role"), line};
        }
    }
    qsort (lines, count, sizeof *lines, s_newer);
    for (size_t i = 0; i < count && i < LINES_SHOWN; i++)
        s_print_line (&lines[i]);
}

static void
s_print_errors (const status_view_t *self)
{
    puts ("\nLast errors");
    for (size_t i = 0; i < self->overview.fault_count; i++) {
        const overview_fault_t *fault = &self->overview.faults[i];
        printf ("  %s     %-9s %s: ", fault->at, fault->status, fault->request_id);
        s_print_text (fault->error);
        putchar ('\n');
    }
    s_print_lines (self);
}

void
status_view_print (const status_view_t *self)
{
    s_print_problems (self);
    puts ("\nProcesses");
    for (size_t i = 0; i < self->peer_count; i++)
        s_print_peer (&self->peers[i]);
    s_print_waiting (self);
    s_print_kafka (self);
    s_print_errors (self);
}

/* For programs */

static json_t *
s_peer_json (const peer_t *peer)
{
    json_t *object = json_pack ("{s:s,s:b,s:s?}", "address", peer->address, "reached",
        (int)peer->reached, "error", peer->reached ? NULL : peer->error);
    if (peer->reached) {
        json_object_update (object, peer->status);
        json_object_set (object, "lags", peer->lags);
        json_object_set_new (
            object, "dead_letters", json_integer ((json_int_t)peer->dead_letters));
    }
    return object;
}

static json_t *
s_overview_json (const overview_t *overview)
{
    json_t *faults = json_array ();
    for (size_t i = 0; i < overview->fault_count; i++) {
        const overview_fault_t *fault = &overview->faults[i];
        json_array_append_new (faults,
            json_pack ("{s:s,s:s,s:s,s:s}", "request_id", fault->request_id, "status",
                fault->status, "at", fault->at, "error", fault->error));
    }
    return json_pack ("{s:I,s:I,s:f,s:{s:I,s:I,s:I},s:o}", "pending",
        (json_int_t)overview->pending, "unsent", (json_int_t)overview->unsent,
        "oldest_seconds", overview->oldest_s, "last_hour", "completed",
        (json_int_t)overview->completed, "failed", (json_int_t)overview->failed,
        "expired", (json_int_t)overview->expired, "errors", faults);
}

json_t *
status_view_json (const status_view_t *self)
{
    json_t *peers = json_array ();
    for (size_t i = 0; i < self->peer_count; i++)
        json_array_append_new (peers, s_peer_json (&self->peers[i]));
    json_t *database = json_pack ("{s:s,s:b,s:s?}", "name", self->database, "reached",
        (int)self->database_read, "error",
        self->database_read ? NULL : self->database_error);
    json_t *overview =
        self->database_read ? s_overview_json (&self->overview) : json_null ();
    return json_pack ("{s:b,s:O,s:o,s:o,s:o}", "ok",
        json_array_size (self->problems) == 0, "problems", self->problems, "processes",
        peers, "database", database, "requests", overview);
}
