/* A time limit: what has to happen behind the last step is measured before the first one,
 * and its time is kept free. The share of users that is ranked follows from it too.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_BUDGET_H
#define SASREC_MODEL_TRAIN_BUDGET_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    double limit_s;      /* 0: none, and nothing is asked of the rest */
    int64_t start_ms;    /* when the run began, by the monotonic clock */
    double valid_user_s; /* a user of a validation */
    double test_user_s;  /* a user of the test: among 100 items too */
    double byte_s;       /* a byte of a checkpoint: hashed and written to that disk */
    size_t threads;
    /* Planned: */
    size_t valid_users, test_users, sample_users;
    size_t bytes; /* of the checkpoint */
} budget_t;

/* Seconds that a byte takes in this folder, by hashing and writing a piece of that size,
 * some 16 MB at most. -1 with error: nothing can be written there. */
double budget_byte_s (const char *folder, size_t bytes, char error[160]);

/* Lowers the users of validation, test and the file's reference sample so that each takes
 * a small part of the limit. */
void budget_plan (budget_t *self);

/* What comes behind the last step. */
double budget_reserve_s (const budget_t *self);

double budget_elapsed_s (const budget_t *self);

/* Share of the time for steps that is used; 0 without a limit. */
double budget_used (const budget_t *self);

#endif
