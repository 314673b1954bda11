/* From a file to a model that answers. SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/load.h"

#include <string.h>

#include "model/checkpoint/canary.h"
#include "model/checkpoint/checkpoint.h"

/* What a history of this model has no place for. A list that is longer than any of ours is
 * none. */
static void
s_set_dropped (model_t *self, const json_t *metadata)
{
    const json_t *training = json_object_get (metadata, "training");
    const json_t *options = json_object_get (training, "options");
    const char *events = json_string_value (json_object_get (options, "drop_events"));
    if (events && strlen (events) < MODEL_DROPPED_SIZE)
        model_set_dropped (self, events);
}

/* trial: NULL for none. */
static model_t *
s_load (const char *path, bf16_trial_t *trial, char error[160])
{
    checkpoint_t *checkpoint = checkpoint_read_unproved (path, error);
    if (!checkpoint)
        return NULL;
    model_t *self = model_take (checkpoint->version, &checkpoint->weights,
        &checkpoint->indexes, checkpoint->item_counts);
    model_set_keys (self, &checkpoint->item_keys);
    model_set_baseline (self, &checkpoint->baseline);
    s_set_dropped (self, checkpoint->metadata);
    const json_t *canary = json_object_get (checkpoint->metadata, "canary");
    int rc = canary_check (self, canary, error);
    if (checkpoint_prove (checkpoint, error) != 0 || rc != 0)
        model_destroy (&self);
    if (self && trial)
        *trial = bf16_trial (self, canary, checkpoint->item_counts);
    if (self)
        sasrec_weights_rest (model_weights (self), 0, model_item_count (self));
    checkpoint_destroy (&checkpoint);
    return self;
}

model_t *
load_model (const char *path, char error[160])
{
    return s_load (path, NULL, error);
}

model_t *
load_model_in_bf16 (const char *path, bf16_trial_t *trial, char error[160])
{
    return s_load (path, trial, error);
}
