/* From a file to a model that answers. SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/load.h"

#include "model/checkpoint/canary.h"
#include "model/checkpoint/checkpoint.h"

model_t *
load_model (const char *path, char error[160])
{
    checkpoint_t *checkpoint = checkpoint_read (path, error);
    if (!checkpoint)
        return NULL;
    model_t *self = model_new (checkpoint->version, checkpoint->weights,
        checkpoint->item_ids, checkpoint->item_counts);
    model_set_baseline (self, &checkpoint->baseline);
    const json_t *canary = json_object_get (checkpoint->metadata, "canary");
    sasrec_weights_t *weights = checkpoint->weights;
    model_own_weights (self, &checkpoint->weights);
    if (canary_check (self, canary, error) != 0)
        model_destroy (&self);
    else
        sasrec_weights_rest (weights); /* few of the items' floats are needed again */
    checkpoint_destroy (&checkpoint);
    return self;
}
