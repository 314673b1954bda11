/* A time limit: what has to happen behind the last step is measured before the first one,
 * and its time is kept free. The share of users that is ranked follows from it too. All of
 * it is arithmetic; what the clock says comes as an argument, in seconds since the run
 * began. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_BUDGET_H
#define SASREC_MODEL_TRAIN_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "model/checkpoint/cost.h"

typedef struct {
    double limit_s; /* 0: none */
    /* Measured: */
    double step_s;       /* a step, by the latest ones; 0: none was done */
    double valid_user_s; /* a user of a validation */
    double test_user_s;  /* a user of the test: among 100 items too */
    cost_t file;         /* of the checkpoint */
    /* Planned: */
    size_t valid_users, test_users, sample_users;
    size_t bytes; /* of the checkpoint */
} budget_t;

/* Lowers the users of validation, test and the file's reference sample so that each takes
 * a small part of the limit. */
void budget_plan (budget_t *self);

/* A step has taken that long. */
void budget_add_step (budget_t *self, double seconds);

/* So many users have taken that long in a validation; what a user of the test and of the
 * sample takes is wrong by the same factor. */
void budget_add_validation (budget_t *self, size_t users, double seconds);

/* What comes behind the last step. */
double budget_reserve_s (const budget_t *self);

/* Share of the time for steps that is used; 0 without a limit. */
double budget_used (const budget_t *self, double elapsed_s);

/* No step more: without it the run ends nearer to the limit than with it. validated: as
 * it is now; a validation is due after a step only. */
bool budget_is_used_up (const budget_t *self, double elapsed_s, bool validated);

/* The time left for test and sample. */
double budget_left_s (const budget_t *self, double elapsed_s);

/* Lowers the users of the test and the sample so that both take no more than that.
 * Returns how many users of the planned test one stands for: 1 when all have room. */
size_t budget_trim (budget_t *self, double seconds);

#endif
