/* The model that a command line means. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_CHOSEN_MODEL_H
#define SASREC_CLI_CHOSEN_MODEL_H

#include "cli/command.h"
#include "model/checkpoint/checkpoint.h"
#include "model/serve/model.h"

/* name: a path, or a version in the checkpoints folder, or NULL for the current one.
 * path receives the file. NULL after saying why not. */
model_t *chosen_model_load (
    const command_t *command, const char *name, char path[CHECKPOINT_PATH_SIZE]);

/* Where commands that read a model look for it. */
extern const config_key_t chosen_model_settings[];

#endif
