/* The curve of a training run: a CSV file with a line per epoch (docs/training.md draws
 * it). Written anew after each epoch, so it can be watched.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_CURVE_H
#define SASREC_CLI_CURVE_H

#include <stdbool.h>

#include "model/train/trainer.h"

typedef struct curve curve_t;

/* keep: start with the epochs in the file, if it is there (a resumed run); those from
 * the first new epoch on are replaced. */
curve_t *curve_new (const char *path, bool keep);
void curve_destroy (curve_t **self_p);

/* -1 with error when the file cannot be written. */
int curve_add (curve_t *self, const trainer_epoch_t *epoch, char error[160]);

#endif
