/* SPDX-License-Identifier: Apache-2.0 */
#include "base/health.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct health {
    health_t *next; /* in order of registration */
    char *name;
    bool required;
    bool was_set;   /* the first state is logged whatever it is */
    atomic_bool ok; /* readable without the lock */
    char reason[160];
};

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static health_t *s_checks;
static bool s_draining;

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
    if (!reason)
        reason = "";
    pthread_mutex_lock (&s_lock);
    bool changed = !self->was_set || atomic_load (&self->ok) != ok;
    self->was_set = true;
    atomic_store (&self->ok, ok);
    utf8_copy (self->reason, sizeof self->reason, reason);
    pthread_mutex_unlock (&s_lock);
    if (changed && ok)
        log_info ("health.ok", log_str ("check", self->name), log_str ("note", reason));
    else if (changed)
        log_warn ("health.failing", log_str ("check", self->name),
            log_str ("reason", reason));
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

bool
health_ready (char *reason, size_t size)
{
    pthread_mutex_lock (&s_lock);
    const health_t *failing = s_first_failing ();
    bool ready = !failing && !s_draining;
    if (reason && size > 0) {
        if (s_draining)
            snprintf (reason, size, "stopping");
        else if (failing)
            snprintf (reason, size, "%s: %s", failing->name, failing->reason);
        else
            reason[0] = '\0';
    }
    pthread_mutex_unlock (&s_lock);
    return ready;
}

void
health_drain (void)
{
    pthread_mutex_lock (&s_lock);
    s_draining = true;
    pthread_mutex_unlock (&s_lock);
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
