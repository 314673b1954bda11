/* A ticket: the place where one HTTP thread waits for one answer of the actors. One-shot,
 * reference-counted (the waiter and the message that carries it hold one each), with a
 * deadline. Messages carry it; what an answer is, only they know.
 *
 * waiter:  ticket_new -> send (message takes a reference) -> ticket_wait -> ticket_release
 * actor:   ticket_claim (false: nobody waits any more, skip the work) -> ticket_answer
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_ACTOR_TICKET_H
#define SASREC_BASE_ACTOR_TICKET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ticket ticket_t;

/* Frees what an answer brought: result_destroy, say. */
typedef void (ticket_free_fn) (void *answer);

typedef enum {
    TICKET_DONE,         /* the effect is durable, or the result is attached */
    TICKET_FULL,         /* refused: a queue was full; nothing was done */
    TICKET_UNAVAILABLE,  /* refused: the database or the model is not there */
    TICKET_CONTRADICTED, /* refused: what has its id is something else */
    TICKET_FAILED,       /* tried, and it failed; reason says why */
    TICKET_TIMEOUT       /* the waiter's deadline passed (only from ticket_wait) */
} ticket_status_t;

ticket_t *ticket_new (void);              /* one reference, the waiter's */
ticket_t *ticket_retain (ticket_t *self); /* one more; returns self */
void ticket_release (ticket_t **self_p); /* the last one frees, with what nobody took */

/* Actor side. Claim before work with an effect: false when the waiter gave up. After a
 * claim the waiter waits for the answer up to its deadline plus grace. */
bool ticket_claim (ticket_t *self);

/* The first answer counts, later ones are dropped. reason is copied (may be NULL). The
 * other is TICKET_DONE with something, taken, which free_answer frees if nobody fetches
 * it. */
void ticket_answer (ticket_t *self, ticket_status_t status, const char *reason);
void ticket_answer_with (ticket_t *self, void *answer, ticket_free_fn *free_answer);

/* Waiter side. deadline_ms on clock_monotonic_ms. After TICKET_TIMEOUT an actor that
 * claims gets false. A claimed ticket is waited for grace_ms longer. */
ticket_status_t ticket_wait (ticket_t *self, int64_t deadline_ms, int64_t grace_ms);
void *ticket_take (
    ticket_t *self); /* after ticket_wait: the answer, the caller's now */
const char *ticket_reason (const ticket_t *self); /* after ticket_wait; "" if none */

/* The process is stopping: ends every wait, running and future, with TICKET_UNAVAILABLE;
 * those already claimed get one second to be answered, since their effect may be done. */
void ticket_wake_all (void);

#endif
