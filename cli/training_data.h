/* The interactions that `sasrec train` and `sasrec evaluate` work on.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_TRAINING_DATA_H
#define SASREC_CLI_TRAINING_DATA_H

#include "cli/command.h"
#include "model/data/events.h"

/* From any file that `sasrec import` reads, as the command's layout says, or from the
 * database when path is NULL. lists: what was done decides what they count for, where one
 * of them is given; options that are right (events_read). *last_id: from the database, those up to this id; 0: what there is, and becomes the last of them (0 for a
 * file). NULL after saying why, and what to do. */
dataset_t *training_data_read (const command_t *command, const char *path,
    const events_lists_t *lists, int64_t *last_id);

#endif
