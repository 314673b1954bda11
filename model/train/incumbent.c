/* The model in use. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/incumbent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Item of the data -> of the checkpoint; fresh. */
static int32_t *
s_indexes (const checkpoint_t *checkpoint, const dataset_t *data)
{
    int32_t *indexes = calloc (data->item_count, sizeof *indexes);
    assert (indexes);
    for (size_t i = 0; i < data->item_count; i++)
        indexes[i] = idmap_find (checkpoint->indexes, data->item_ids[i]);
    return indexes;
}

static checkpoint_t *
s_read (const char *folder, const char *version)
{
    char path[CHECKPOINT_PATH_SIZE], error[160] = "its path is too long";
    checkpoint_t *checkpoint = NULL;
    if (checkpoint_path (folder, version, path) == 0)
        checkpoint = checkpoint_read (path, error);
    if (!checkpoint)
        log_warn ("train.in_use_not_read", log_str ("version", version),
            log_str ("error", error));
    return checkpoint;
}

static int
s_run (incumbent_t *self, const checkpoint_t *checkpoint, const dataset_t *data,
    team_t *team, const evaluator_task_t *task)
{
    size_t count;
    int32_t *indexes = s_indexes (checkpoint, data);
    evaluator_network_t network = {checkpoint->weights, indexes};
    evaluator_t *evaluator = evaluator_new (data, &checkpoint->weights->shape, team);
    int status = evaluator_run (evaluator, &network, task, &self->ranking);
    const size_t *ranks = evaluator_ranks (evaluator, &count);
    self->ranks = calloc (count + 1, sizeof *ranks);
    assert (self->ranks);
    memcpy (self->ranks, ranks, count * sizeof *ranks);
    evaluator_destroy (&evaluator);
    free (indexes);
    return status;
}

int
incumbent_measure (incumbent_t *self, const char *folder, const dataset_t *data,
    team_t *team, const evaluator_task_t *task)
{
    char version[CHECKPOINT_VERSION_SIZE], error[160];
    bool named = checkpoint_current (folder, version, error) == 0;
    if (named && strcmp (version, self->version) == 0)
        return 1;
    incumbent_free (self);
    checkpoint_t *checkpoint = named ? s_read (folder, version) : NULL;
    if (!checkpoint)
        return 0;
    memcpy (self->version, version, sizeof version);
    int status = s_run (self, checkpoint, data, team, task);
    checkpoint_destroy (&checkpoint);
    return status;
}

void
incumbent_free (incumbent_t *self)
{
    free (self->ranks);
    *self = (incumbent_t){0};
}
