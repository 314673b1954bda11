/* Signals of a process of actors: blocked in every thread, main alone waits for them. A
 * handler would interrupt the waits of actors, which ends czmq's pollers for good.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_SIGNALS_H
#define SASREC_ACTORS_SIGNALS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

typedef struct {
    sigset_t stops;   /* that ask us to stop: SIGINT, SIGTERM, SIGHUP of a terminal */
    sigset_t awaited; /* these, and the SIGHUP of a daemon, which asks for a reload */
    pthread_t guard;  /* between guard_start and guard_stop */
    int limit_ms;
} signals_t;

/* Before the first thread. Faults and Ctrl-Z keep their meaning. */
void signals_block (signals_t *self);

/* The next signal's number; *stop: it asks us to stop. A SIGHUP does so where the process
 * has a terminal, which has gone then; it is ignored where it was (nohup); a daemon is
 * asked to reload. */
int signals_wait (const signals_t *self, bool *stop);

/* While main stops the actors: a second stop signal, or more than limit_ms, ends the
 * process at once. */
void signals_guard_start (signals_t *self, int limit_ms);
void signals_guard_stop (signals_t *self);

#endif
