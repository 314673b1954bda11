/* A time limit. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/budget.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"

#define TRIAL_BYTES ((size_t)16 << 20)

/* Shares of the limit; all users are ranked when that takes less. */
#define VALID_SHARE  0.03
#define TEST_SHARE   0.06
#define SAMPLE_SHARE 0.01
#define USERS_LEAST  100

#define SAFETY 0.01 /* of the limit */

double
budget_byte_s (const char *folder, size_t bytes, char error[160])
{
    char path[512];
    unsigned char hash[crypto_hash_sha256_BYTES];
    size_t length = bytes < TRIAL_BYTES ? bytes : TRIAL_BYTES;
    if (snprintf (path, sizeof path, "%s/.trial.%ld", folder, (long)getpid ()) >=
        (int)sizeof path) {
        snprintf (error, 160, "the path of the checkpoints folder is too long");
        return -1;
    }
    unsigned char *block = calloc (length + 1, 1);
    if (!block || files_make_folder (folder, error)) {
        free (block);
        return -1;
    }
    int64_t start_us = clock_monotonic_us ();
    crypto_hash_sha256 (hash, block, length);
    int status = files_replace (path, &(files_part_t){block, length}, 1, error);
    double seconds = (double)(clock_monotonic_us () - start_us) * 1e-6;
    unlink (path);
    free (block);
    return status ? -1 : seconds / (double)length;
}

static size_t
s_fewer (size_t users, double user_s, double seconds)
{
    double most = user_s > 0 ? seconds / user_s : (double)users;
    if (most < USERS_LEAST)
        most = USERS_LEAST;
    return most < (double)users ? (size_t)most : users;
}

/* The sample of the file is taken by one thread. */
static double
s_sample_user_s (const budget_t *self)
{
    return self->valid_user_s * (double)self->threads;
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
        self->sample_users, s_sample_user_s (self), SAMPLE_SHARE * self->limit_s);
}

double
budget_reserve_s (const budget_t *self)
{
    return SAFETY * self->limit_s + self->valid_user_s * (double)self->valid_users +
           self->test_user_s * (double)self->test_users +
           s_sample_user_s (self) * (double)self->sample_users +
           self->byte_s * (double)self->bytes;
}

double
budget_elapsed_s (const budget_t *self)
{
    return (double)(clock_monotonic_ms () - self->start_ms) / 1000.0;
}

double
budget_used (const budget_t *self)
{
    if (self->limit_s <= 0)
        return 0;
    double steps_s = self->limit_s - budget_reserve_s (self);
    return steps_s > 0 ? budget_elapsed_s (self) / steps_s : 1.0;
}
