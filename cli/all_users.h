/* Recommendations for everybody, into one file, in the order of the user ids. One thread
 * reads histories from the database, others take a group of users each, ask the model and
 * write in turn: reading, computing and writing go on at the same time, with no more than a
 * few groups in memory. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_ALL_USERS_H
#define SASREC_CLI_ALL_USERS_H

#include "cli/command.h"
#include "cli/rule_options.h"
#include "model/serve/model.h"

typedef struct {
    const char *path; /* .csv or .jsonl */
    size_t k;
    const rule_options_t *rules;
    bool resume;
    size_t threads;
} all_users_options_t;

/* The end of the name says the format: all_users_run may be called. */
bool all_users_format (const char *path);

/* An exit status, after saying what was done or why it was not. */
int all_users_run (
    const command_t *command, const model_t *model, const all_users_options_t *options);

#endif
