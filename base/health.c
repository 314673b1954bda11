/* SPDX-License-Identifier: Apache-2.0 */
#include "base/health.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct health {
    health_t *next; /* in order of registration */
    char *name;
    bool required;
    bool was_set;     /* the first state is logged whatever it is */
    int64_t since_ms; /* when it took its state (wall clock); 0: never */
    atomic_bool ok;   /* readable without the lock */
    char reason[160];
};

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static health_t *s_checks;
static bool s_draining;
static atomic_uint_fast64_t s_changes;

static health_t *
s_check_new (const char *name, bool required)
{
    health_t *self = calloc (1, sizeof *self);
    assert (self);
    self->name = strdup (name);
    assert (self->name);
    self->required = required;
    snprintf (self->reason, sizeof self->reason, "starting");
    return self;
}

health_t *
health_check (const char *name, bool required)
{
    assert (name && *name);
    pthread_mutex_lock (&s_lock);
    health_t **at = &s_checks;
    while (*at && strcmp ((*at)->name, name) != 0)
        at = &(*at)->next;
    if (!*at)
        *at = s_check_new (name, required);
    health_t *self = *at;
    pthread_mutex_unlock (&s_lock);
    return self;
}

void
health_set (health_t *self, bool ok, const char *reason)
{
    assert (self);
    char cut[sizeof self->reason];
    utf8_copy (cut, sizeof cut, reason ? reason : "");
    pthread_mutex_lock (&s_lock);
    bool changed = !self->was_set || atomic_load (&self->ok) != ok;
    if (changed || strcmp (self->reason, cut) != 0)
        atomic_fetch_add (&s_changes, 1);
    if (changed)
        self->since_ms = clock_unix_ms ();
    self->was_set = true;
    atomic_store (&self->ok, ok);
    memcpy (self->reason, cut, sizeof cut);
    pthread_mutex_unlock (&s_lock);
    if (changed && ok)
        log_info ("health.ok", log_str ("check", self->name), log_str ("note", cut));
    else if (changed)
        log_warn (
            "health.failing", log_str ("check", self->name), log_str ("reason", cut));
}

bool
health_ok (const health_t *self)
{
    assert (self);
    return atomic_load (&self->ok);
}

static const health_t *
s_first_failing (void)
{
    for (const health_t *check = s_checks; check; check = check->next)
        if (check->required && !atomic_load (&check->ok))
            return check;
    return NULL;
}

/* The lock is held. */
static bool
s_ready (char *reason, size_t size)
{
    const health_t *failing = s_first_failing ();
    if (reason && size > 0) {
        if (s_draining)
            snprintf (reason, size, "stopping");
        else if (failing)
            snprintf (reason, size, "%s: %s", failing->name, failing->reason);
        else
            reason[0] = '\0';
    }
    return !failing && !s_draining;
}

bool
health_ready (char *reason, size_t size)
{
    pthread_mutex_lock (&s_lock);
    bool ready = s_ready (reason, size);
    pthread_mutex_unlock (&s_lock);
    return ready;
}

void
health_drain (void)
{
    pthread_mutex_lock (&s_lock);
    s_draining = true;
    atomic_fetch_add (&s_changes, 1);
    pthread_mutex_unlock (&s_lock);
}

uint64_t
health_changes (void)
{
    return atomic_load (&s_changes);
}

char *
health_render (void)
{
    strbuf_t text = STRBUF_EMPTY;
    pthread_mutex_lock (&s_lock);
    if (s_draining)
        strbuf_add (&text, "[-]process failed: stopping\n");
    for (const health_t *check = s_checks; check; check = check->next) {
        if (!atomic_load (&check->ok))
            strbuf_addf (&text, "[-]%s failed: %s\n", check->name, check->reason);
        else if (*check->reason)
            strbuf_addf (&text, "[+]%s ok: %s\n", check->name, check->reason);
        else
            strbuf_addf (&text, "[+]%s ok\n", check->name);
    }
    pthread_mutex_unlock (&s_lock);
    return strbuf_take (&text);
}

static void
s_add_time (strbuf_t *out, int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    char text[32];
    gmtime_r (&seconds, &utc);
    strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    strbuf_addf (out, "\"%s.%03dZ\"", text, (int)(unix_ms % 1000));
}

static void
s_add_check (const health_t *check, strbuf_t *out)
{
    strbuf_add (out, "{\"name\":");
    strbuf_add_json_string (out, check->name);
    strbuf_addf (out, ",\"ok\":%s,\"required\":%s,\"reason\":",
        atomic_load (&check->ok) ? "true" : "false",
        check->required ? "true" : "false");
    strbuf_add_json_string (out, check->reason);
    strbuf_add (out, ",\"since\":");
    if (check->since_ms)
        s_add_time (out, check->since_ms);
    else
        strbuf_add (out, "null");
    strbuf_add (out, check->next ? "}," : "}");
}

void
health_to_json (strbuf_t *out)
{
    char reason[200];
    pthread_mutex_lock (&s_lock);
    bool ready = s_ready (reason, sizeof reason);
    strbuf_addf (out, "{\"ready\":%s,\"reason\":", ready ? "true" : "false");
    strbuf_add_json_string (out, reason);
    strbuf_add (out, ",\"checks\":[");
    for (const health_t *check = s_checks; check; check = check->next)
        s_add_check (check, out);
    strbuf_add (out, "]}");
    pthread_mutex_unlock (&s_lock);
}

void
health_to_metrics (strbuf_t *out)
{
    pthread_mutex_lock (&s_lock);
    strbuf_addf (out,
        "# HELP sasrec_ready 1 when /readyz says so.\n"
        "# TYPE sasrec_ready gauge\nsasrec_ready %d\n",
        s_ready (NULL, 0));
    if (s_checks)
        strbuf_add (out, "# HELP sasrec_health 1 when the check of /readyz is ok.\n"
                         "# TYPE sasrec_health gauge\n");
    for (const health_t *check = s_checks; check; check = check->next)
        strbuf_addf (out, "sasrec_health{check=\"%s\"} %d\n", check->name,
            atomic_load (&check->ok));
    pthread_mutex_unlock (&s_lock);
}

void
health_reset (void)
{
    pthread_mutex_lock (&s_lock);
    while (s_checks) {
        health_t *next = s_checks->next;
        free (s_checks->name);
        free (s_checks);
        s_checks = next;
    }
    s_draining = false;
    pthread_mutex_unlock (&s_lock);
}
