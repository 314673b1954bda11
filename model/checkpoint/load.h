/* From a file to a model that answers: read, checked, and proven by its canary.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_LOAD_H
#define SASREC_MODEL_CHECKPOINT_LOAD_H

#include "model/checkpoint/bf16_trial.h"
#include "model/serve/model.h"

/* Reads, checks (model/checkpoint/checkpoint.h) and runs the canary. NULL with error, which
 * says what is wrong with the file. */
model_t *load_model (const char *path, char error[160]);

/* The same; then its encoder multiplies in bf16, if the trial says so. */
model_t *load_model_in_bf16 (const char *path, bf16_trial_t *trial, char error[160]);

#endif
