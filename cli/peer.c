/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/http_get.h"

#define LAG          "sasrec_kafka_group_lag{"
#define DEAD_LETTERS "sasrec_kafka_dead_letters_total"

/* The body of a 200, fresh; or NULL, and why not. */
static char *
s_get (
    peer_t *self, const char *host, int64_t port, const char *path, int64_t timeout_ms)
{
    char *body;
    int status = http_get (host, port, path, timeout_ms, &body, self->error);
    if (status == 200)
        return body;
    if (status != -1)
        snprintf (self->error, sizeof self->error, "%.100s answers %d", path, status);
    free (body);
    return NULL;
}

/* A label of a line like name{group="g",topic="t"} 12; ours have no quotes in them. */
static bool
s_read_label (const char *line, const char *label, char *value, size_t size)
{
    char start[32];
    snprintf (start, sizeof start, "%s=\"", label);
    const char *at = strstr (line, start);
    if (!at)
        return false;
    at += strlen (start);
    snprintf (value, size, "%.*s", (int)strcspn (at, "\""), at);
    return true;
}

static void
s_read_metric (peer_t *self, const char *line)
{
    char group[128], topic[128];
    const char *value = strrchr (line, ' ');
    if (!value)
        return;
    if (strncmp (line, DEAD_LETTERS, strlen (DEAD_LETTERS)) == 0)
        self->dead_letters += strtod (value, NULL);
    else if (strncmp (line, LAG, strlen (LAG)) == 0 &&
             s_read_label (line, "group", group, sizeof group) &&
             s_read_label (line, "topic", topic, sizeof topic))
        json_array_append_new (
            self->lags, json_pack ("{s:s,s:s,s:I}", "group", group, "topic", topic,
                            "messages", (json_int_t)strtod (value, NULL)));
}

static void
s_read_metrics (peer_t *self, char *text)
{
    char *line;
    while ((line = strsep (&text, "\n")))
        if (*line != '#')
            s_read_metric (self, line);
}

void
peer_ask (peer_t *self, const char *host, int64_t port, int64_t timeout_ms)
{
    bool bare = strchr (host, ':') != NULL; /* IPv6 */
    snprintf (self->address, sizeof self->address, bare ? "[%s]:%d" : "%s:%d", host,
        (int)port);
    char *status = s_get (self, host, port, "/status", timeout_ms);
    self->status = status ? json_loads (status, 0, NULL) : NULL;
    self->reached = json_is_object (self->status);
    self->lags = json_array ();
    if (status && !self->reached)
        snprintf (self->error, sizeof self->error, "it is no sasrec");
    free (status);
    char *metrics =
        self->reached ? s_get (self, host, port, "/metrics", timeout_ms) : NULL;
    if (metrics)
        s_read_metrics (self, metrics);
    free (metrics);
}

void
peer_clear (peer_t *self)
{
    json_decref (self->status);
    json_decref (self->lags);
    self->status = self->lags = NULL;
}

const char *
peer_text (const peer_t *self, const char *key)
{
    const char *text = json_string_value (json_object_get (self->status, key));
    return text ? text : "";
}

int64_t
peer_started_ms (const peer_t *self)
{
    return json_integer_value (json_object_get (self->status, "started_ms"));
}

static const json_t *
s_health (const peer_t *self, const char *key)
{
    return json_object_get (json_object_get (self->status, "health"), key);
}

bool
peer_ready (const peer_t *self, const char **reason)
{
    *reason = json_string_value (s_health (self, "reason"));
    if (!*reason)
        *reason = "";
    return json_is_true (s_health (self, "ready"));
}

const json_t *
peer_checks (const peer_t *self)
{
    return s_health (self, "checks");
}

const json_t *
peer_errors (const peer_t *self)
{
    return json_object_get (self->status, "errors");
}
