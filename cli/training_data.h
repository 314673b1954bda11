/* The interactions that `sasrec train` and `sasrec evaluate` work on.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_TRAINING_DATA_H
#define SASREC_CLI_TRAINING_DATA_H

#include "cli/command.h"
#include "model/data/dataset.h"

/* From any file that `sasrec import` reads, as the command's layout says, or from the
 * database when path is NULL. NULL after saying why,
 * and what to do. */
dataset_t *training_data_read (const command_t *command, const char *path);

#endif
