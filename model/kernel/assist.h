/* A thread that lends a hand: it is called to a piece of work that its owner does anyhow, in
 * parts that whoever is free takes, and comes when it gets a core. The owner never waits for
 * it to come, only for the part it has in hand. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_ASSIST_H
#define SASREC_MODEL_KERNEL_ASSIST_H

typedef struct assist assist_t;

/* Returns when no part is left. */
typedef void (assist_work_t) (void *context);

/* NULL when there can be no thread. The caller's denormals are the thread's. */
assist_t *assist_new (void);
void assist_destroy (assist_t **self_p);

/* It may come and do work (context) until assist_end, which has to follow. */
void assist_call (assist_t *self, assist_work_t *work, void *context);

/* Whoever came has left, nobody comes any more. */
void assist_end (assist_t *self);

#endif
