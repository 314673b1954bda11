/* SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/cost.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "model/checkpoint/checkpoint_format.h"
#include "model/checkpoint/reference.h"

#define TRIAL_USERS 32 /* the sample takes so many at a time */
#define TRIAL_BYTES ((size_t)16 << 20)

static double
s_since (int64_t start_us)
{
    return (double)(clock_monotonic_us () - start_us) * 1e-6;
}

void
cost_of_sample (cost_t *self, const sasrec_weights_t *weights, const dataset_t *data)
{
    size_t most = reference_users (data);
    size_t users = most < TRIAL_USERS ? most : TRIAL_USERS;
    int64_t start_us = clock_monotonic_us ();
    model_t *model = model_new ("trial", weights, data->item_ids, data->item_counts);
    self->model_s = s_since (start_us);
    start_us = clock_monotonic_us ();
    json_decref (reference_new (model, data, users));
    self->sample_user_s = s_since (start_us) / (double)users;
    model_destroy (&model);
}

/* Seconds for hashing and writing so much of the block; -1 with error. */
static double
s_write (const char *path, const unsigned char *block, size_t length, char error[160])
{
    char hash[CHECKPOINT_HASH_SIZE];
    int64_t start_us = clock_monotonic_us ();
    checkpoint_hash (&(const void *){block}, &length, 1, hash);
    int status = files_replace (path, &(files_part_t){block, length}, 1, error);
    return status ? -1 : s_since (start_us);
}

int
cost_of_disk (cost_t *self, const char *folder, size_t bytes, char error[160])
{
    char path[512];
    size_t length = bytes < TRIAL_BYTES ? bytes : TRIAL_BYTES;
    assert (length > 0);
    if (snprintf (path, sizeof path, "%s/.trial.%ld", folder, (long)getpid ()) >=
        (int)sizeof path) {
        snprintf (error, 160, "the path of the checkpoints folder is too long");
        return -1;
    }
    unsigned char *block = calloc (length, 1);
    double whole_s = -1;
    assert (block);
    if (files_make_folder (folder, error) == 0) {
        self->file_s = s_write (path, block, 1, error);
        whole_s = self->file_s < 0 ? -1 : s_write (path, block, length, error);
        double more_s = whole_s - self->file_s;
        self->byte_s = more_s > 0 ? more_s / (double)length : 0;
        unlink (path);
    }
    free (block);
    return whole_s < 0 ? -1 : 0;
}
