/* SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/assist.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"

#define SPINS 1000 /* before others may have the core */

/* That it waits for the next call before it sleeps; others may have the core meanwhile. A
 * client that asks again as soon as it has its answer is back by then, and need not wait
 * until it has woken up, which takes 40 us. */
#define PATIENCE_US 200

typedef enum { S_IDLE, S_CALLED, S_WORKING } s_state_t;

struct assist {
    pthread_t thread;
    pthread_mutex_t mutex; /* of the next two, and of each way out of S_IDLE */
    pthread_cond_t called;
    bool ends;
    atomic_int state; /* s_state_t */
    assist_work_t *work;
    void *context;
};

/* False: the owner was quicker. */
static bool
s_change (assist_t *self, int from, int to)
{
    return atomic_compare_exchange_strong (&self->state, &from, to);
}

/* Until there is no call for a while. */
static void
s_work (assist_t *self)
{
    int64_t end_us = 0, now_us = 0;
    for (; now_us <= end_us; now_us = clock_monotonic_us ()) {
        if (s_change (self, S_CALLED, S_WORKING)) {
            self->work (self->context);
            atomic_store (&self->state, S_IDLE);
            end_us = clock_monotonic_us () + PATIENCE_US;
        }
        sched_yield ();
    }
}

static void *
s_thread (void *argument)
{
    assist_t *self = argument;
    pthread_mutex_lock (&self->mutex);
    while (!self->ends) {
        if (atomic_load (&self->state) == S_CALLED) {
            pthread_mutex_unlock (&self->mutex);
            s_work (self);
            pthread_mutex_lock (&self->mutex);
        } else
            pthread_cond_wait (&self->called, &self->mutex);
    }
    pthread_mutex_unlock (&self->mutex);
    return NULL;
}

assist_t *
assist_new (void)
{
    assist_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->called, NULL);
    if (pthread_create (&self->thread, NULL, s_thread, self) == 0)
        return self;
    pthread_cond_destroy (&self->called);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    return NULL;
}

void
assist_destroy (assist_t **self_p)
{
    assist_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&self->mutex);
    self->ends = true;
    pthread_cond_signal (&self->called);
    pthread_mutex_unlock (&self->mutex);
    pthread_join (self->thread, NULL);
    pthread_cond_destroy (&self->called);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

void
assist_call (assist_t *self, assist_work_t *work, void *context)
{
    pthread_mutex_lock (&self->mutex);
    self->work = work;
    self->context = context;
    atomic_store (&self->state, S_CALLED);
    pthread_cond_signal (&self->called);
    pthread_mutex_unlock (&self->mutex);
}

void
assist_end (assist_t *self)
{
    if (s_change (self, S_CALLED, S_IDLE))
        return;
    for (size_t spins = 0; atomic_load (&self->state) != S_IDLE; spins++)
        if (spins > SPINS)
            sched_yield ();
}
