/* Signals of a process of actors: blocked in every thread, main alone waits for them. A
 * handler would interrupt the waits of actors, which ends czmq's pollers for good.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_SIGNALS_H
#define SASREC_ACTORS_SIGNALS_H

#include <pthread.h>
#include <signal.h>

typedef struct {
    sigset_t stops;  /* that ask us to stop: SIGINT, SIGTERM, SIGHUP unless ignored */
    pthread_t guard; /* between guard_start and guard_stop */
    int limit_ms;
} signals_t;

/* Before the first thread. Faults and Ctrl-Z keep their meaning. */
void signals_block (signals_t *self);

/* The next stop signal's number. */
int signals_wait (const signals_t *self);

/* While main stops the actors: a second stop signal, or more than limit_ms, ends the
 * process at once. */
void signals_guard_start (signals_t *self, int limit_ms);
void signals_guard_stop (signals_t *self);

#endif
