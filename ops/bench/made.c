/* SPDX-License-Identifier: Apache-2.0 */
#include "made.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"

enum { USERS = 1000, HISTORY = 20, SAMPLE_USERS = 20 };

/* Every item once, then USERS histories. */
static dataset_t *
s_data (size_t items)
{
    dataset_builder_t *builder = dataset_builder_new ();
    rng_t rng;
    rng_seed (&rng, 1, 0);
    for (size_t i = 0; i < items; i++)
        dataset_builder_add (builder, "everything", (int64_t)i + 1);
    for (size_t user = 0; user < USERS; user++) {
        char name[24];
        snprintf (name, sizeof name, "user_%zu", user);
        for (size_t i = 0; i < HISTORY; i++)
            dataset_builder_add (builder, name, (int64_t)rng_below (&rng, items) + 1);
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

static sasrec_weights_t *
s_weights (const sasrec_shape_t *shape)
{
    sasrec_weights_t *weights = sasrec_weights_new (shape);
    rng_t rng;
    rng_seed (&rng, 2, 0);
    for (size_t i = 0; i < sasrec_tensor_count (shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (weights, i);
        double mean = strstr (tensor.name, "gain") ? 1 : 0;
        for (size_t j = 0; j < tensor.rows * tensor.columns; j++)
            tensor.values[j] = (float)(mean + 0.1 * rng_normal (&rng));
    }
    return weights;
}

int
made_checkpoint (const char *folder, const char *version, const sasrec_shape_t *shape,
    char path[CHECKPOINT_PATH_SIZE])
{
    pid_t child = fork ();
    assert (child >= 0);
    if (child == 0) {
        char error[160];
        dataset_t *data = s_data (shape->items);
        sasrec_weights_t *weights = s_weights (shape);
        checkpoint_draft_t draft = {version, weights, data, NULL, SAMPLE_USERS};
        int rc = checkpoint_write (folder, &draft, NULL, error);
        if (rc)
            fprintf (stderr, "made: %s\n", error);
        _exit (rc ? 1 : 0);
    }
    int status;
    if (waitpid (child, &status, 0) != child || status)
        return -1;
    return checkpoint_path (folder, version, path);
}
