/* A time limit. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/budget.h"

#include <math.h>

/* Shares of the limit; all users are ranked when that takes less. */
#define VALID_SHARE  0.03
#define TEST_SHARE   0.06
#define SAMPLE_SHARE 0.01
#define USERS_LEAST  100

#define SAFETY 0.01 /* of the limit */

#define STEP_WEIGHT 0.25 /* of the latest step in the moving average */

static size_t
s_fewer (size_t users, double user_s, double seconds)
{
    double most = user_s > 0 ? seconds / user_s : (double)users;
    if (most < USERS_LEAST)
        most = USERS_LEAST;
    return most < (double)users ? (size_t)most : users;
}

void
budget_plan (budget_t *self)
{
    if (self->limit_s <= 0)
        return;
    self->valid_users =
        s_fewer (self->valid_users, self->valid_user_s, VALID_SHARE * self->limit_s);
    self->test_users =
        s_fewer (self->test_users, self->test_user_s, TEST_SHARE * self->limit_s);
    self->sample_users = s_fewer (
        self->sample_users, self->file.sample_user_s, SAMPLE_SHARE * self->limit_s);
}

void
budget_add_step (budget_t *self, double seconds)
{
    self->step_s += (self->step_s > 0 ? STEP_WEIGHT : 1) * (seconds - self->step_s);
}

void
budget_add_validation (budget_t *self, size_t users, double seconds)
{
    if (!users)
        return;
    double user_s = seconds / (double)users;
    double factor = self->valid_user_s > 0 ? user_s / self->valid_user_s : 1;
    self->valid_user_s = user_s;
    self->test_user_s *= factor;
    self->file.sample_user_s *= factor;
}

static double
s_valid_s (const budget_t *self)
{
    return self->valid_user_s * (double)self->valid_users;
}

static double
s_ranking_s (const budget_t *self)
{
    return self->test_user_s * (double)self->test_users +
           self->file.sample_user_s * (double)self->sample_users;
}

/* Until the end, whatever is ranked. */
static double
s_rest_s (const budget_t *self)
{
    return SAFETY * self->limit_s + self->file.model_s + self->file.file_s +
           self->file.byte_s * (double)self->bytes;
}

double
budget_reserve_s (const budget_t *self)
{
    return s_valid_s (self) + s_ranking_s (self) + s_rest_s (self);
}

double
budget_used (const budget_t *self, double elapsed_s)
{
    if (self->limit_s <= 0)
        return 0;
    double steps_s = self->limit_s - budget_reserve_s (self);
    return steps_s > 0 ? elapsed_s / steps_s : 1.0;
}

bool
budget_is_used_up (const budget_t *self, double elapsed_s, bool validated)
{
    double with_s = elapsed_s + budget_reserve_s (self) + self->step_s;
    double without_s = with_s - self->step_s - (validated ? s_valid_s (self) : 0);
    return self->limit_s > 0 && (without_s + with_s) / 2 >= self->limit_s;
}

double
budget_left_s (const budget_t *self, double elapsed_s)
{
    if (self->limit_s <= 0)
        return INFINITY;
    return fmax (self->limit_s - elapsed_s - s_rest_s (self), 0);
}

size_t
budget_trim (budget_t *self, double seconds)
{
    double needed_s = s_ranking_s (self);
    size_t most = self->test_users / USERS_LEAST;
    if (needed_s <= seconds || most <= 1)
        return 1;
    double factor = seconds > 0 ? ceil (needed_s / seconds) : (double)most;
    size_t step = factor < (double)most ? (size_t)factor : most;
    self->test_users = (self->test_users + step - 1) / step;
    self->sample_users = (self->sample_users + step - 1) / step;
    return step;
}
