/* SPDX-License-Identifier: Apache-2.0 */
#include "base/actor/ticket.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define REASON_SIZE 160
#define WAKE_GRACE_MS                                                                  \
    1000 /* a stopping process still waits this long for claimed work */

struct ticket {
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    int references;         /* waiter and carrier */
    bool claimed;           /* an actor works on it */
    bool closed;            /* answered or given up: further answers are dropped */
    ticket_status_t status; /* once closed */
    void *answer;           /* until it is taken */
    ticket_free_fn *free_answer;
    char reason[REASON_SIZE];
    ticket_t *next; /* in the list of waits */
    ticket_t *previous;
};

/* All waits of the process, so that stopping can end them. Lock order: list, ticket. */
static pthread_mutex_t s_list_mutex = PTHREAD_MUTEX_INITIALIZER;
static ticket_t *s_waits;
static atomic_llong s_stopped_ms; /* 0: running */

ticket_t *
ticket_new (void)
{
    ticket_t *self = calloc (1, sizeof *self);
    assert (self);
    self->references = 1;
    pthread_mutex_init (&self->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init (&attributes);
    pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
    pthread_cond_init (&self->answered, &attributes);
    pthread_condattr_destroy (&attributes);
    return self;
}

ticket_t *
ticket_retain (ticket_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->references++;
    pthread_mutex_unlock (&self->mutex);
    return self;
}

void
ticket_release (ticket_t **self_p)
{
    ticket_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    pthread_mutex_lock (&self->mutex);
    int left = --self->references;
    pthread_mutex_unlock (&self->mutex);
    if (left > 0)
        return;
    if (self->answer)
        self->free_answer (self->answer);
    pthread_cond_destroy (&self->answered);
    pthread_mutex_destroy (&self->mutex);
    free (self);
}

bool
ticket_claim (ticket_t *self)
{
    pthread_mutex_lock (&self->mutex);
    bool waiting = !self->closed;
    if (waiting)
        self->claimed = true;
    pthread_mutex_unlock (&self->mutex);
    return waiting;
}

/* The mutex is held. */
static void
s_close (ticket_t *self, ticket_status_t status, const char *reason)
{
    self->closed = true;
    self->status = status;
    if (reason)
        snprintf (self->reason, sizeof self->reason, "%s", reason);
}

/* The mutex is not held: who wakes up would only wait for it. */
static void
s_unlock_and_wake (ticket_t *self)
{
    pthread_mutex_unlock (&self->mutex);
    pthread_cond_signal (&self->answered);
}

void
ticket_answer (ticket_t *self, ticket_status_t status, const char *reason)
{
    pthread_mutex_lock (&self->mutex);
    if (!self->closed)
        s_close (self, status, reason);
    s_unlock_and_wake (self);
}

void
ticket_answer_with (ticket_t *self, void *answer, ticket_free_fn *free_answer)
{
    pthread_mutex_lock (&self->mutex);
    bool late = self->closed;
    if (!late) {
        self->answer = answer;
        self->free_answer = free_answer;
        s_close (self, TICKET_DONE, NULL);
    }
    s_unlock_and_wake (self);
    if (late)
        free_answer (answer);
}

static void
s_enlist (ticket_t *self)
{
    pthread_mutex_lock (&s_list_mutex);
    self->next = s_waits;
    if (s_waits)
        s_waits->previous = self;
    s_waits = self;
    pthread_mutex_unlock (&s_list_mutex);
}

static void
s_delist (ticket_t *self)
{
    pthread_mutex_lock (&s_list_mutex);
    if (self->next)
        self->next->previous = self->previous;
    if (self->previous)
        self->previous->next = self->next;
    else
        s_waits = self->next;
    self->next = self->previous = NULL;
    pthread_mutex_unlock (&s_list_mutex);
}

static void
s_wait_until (ticket_t *self, int64_t deadline_ms)
{
    struct timespec until = {
        .tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    pthread_cond_timedwait (&self->answered, &self->mutex, &until);
}

/* Waits until closed, or closes it because its time is over. The mutex is held. */
static void
s_wait_closed (ticket_t *self, int64_t deadline_ms, int64_t grace_ms)
{
    while (!self->closed) {
        int64_t stopped_ms = atomic_load (&s_stopped_ms);
        int64_t end_ms = deadline_ms + (self->claimed ? grace_ms : 0);
        ticket_status_t late = TICKET_TIMEOUT;
        int64_t stop_end_ms = stopped_ms + (self->claimed ? WAKE_GRACE_MS : 0);
        if (stopped_ms && stop_end_ms < end_ms) {
            end_ms = stop_end_ms;
            late = TICKET_UNAVAILABLE;
        }
        if (clock_monotonic_ms () >= end_ms)
            s_close (self, late,
                late == TICKET_TIMEOUT ? "no answer in time"
                                       : "the server is stopping");
        else
            s_wait_until (self, end_ms);
    }
}

ticket_status_t
ticket_wait (ticket_t *self, int64_t deadline_ms, int64_t grace_ms)
{
    s_enlist (self);
    pthread_mutex_lock (&self->mutex);
    s_wait_closed (self, deadline_ms, grace_ms);
    ticket_status_t status = self->status;
    pthread_mutex_unlock (&self->mutex);
    s_delist (self);
    return status;
}

void *
ticket_take (ticket_t *self)
{
    pthread_mutex_lock (&self->mutex);
    void *answer = self->answer;
    self->answer = NULL;
    pthread_mutex_unlock (&self->mutex);
    return answer;
}

const char *
ticket_reason (const ticket_t *self)
{
    return self->reason;
}

void
ticket_wake_all (void)
{
    /* First the word, then the signals: who reads 0 under its mutex is signalled after. */
    atomic_store (&s_stopped_ms, clock_monotonic_ms ());
    pthread_mutex_lock (&s_list_mutex);
    for (ticket_t *ticket = s_waits; ticket; ticket = ticket->next) {
        pthread_mutex_lock (&ticket->mutex);
        pthread_cond_signal (&ticket->answered);
        pthread_mutex_unlock (&ticket->mutex);
    }
    pthread_mutex_unlock (&s_list_mutex);
}
