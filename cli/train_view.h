/* What `sasrec train` shows on stderr while it trains: what was chosen from the data; a
 * bar, first of the first epoch, then of all that may follow; and a line for an epoch.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_TRAIN_VIEW_H
#define SASREC_CLI_TRAIN_VIEW_H

#include <stdbool.h>

#include "cli/curve.h"
#include "model/train/trainer.h"

typedef struct train_view train_view_t;

/* curve: NULL, or where each epoch is added to; borrowed. */
train_view_t *train_view_new (bool quiet, curve_t *curve);
void train_view_destroy (train_view_t **self_p);

/* Fills the hooks but stop. */
void train_view_attach (train_view_t *self, trainer_hooks_t *hooks);

#endif
