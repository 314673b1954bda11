/* The subcommands: each reads its own command line and returns an exit status. The one
 * table of them, from which help, man page and completions are made.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_COMMANDS_H
#define SASREC_CLI_COMMANDS_H

#include <stddef.h>

int command_migrate (int argc, char **argv);
int command_seed (int argc, char **argv);
int command_import (int argc, char **argv);
int command_export (int argc, char **argv);
int command_prune (int argc, char **argv);
int command_train (int argc, char **argv);
int command_evaluate (int argc, char **argv);
int command_recommend (int argc, char **argv);
int command_serve (int argc, char **argv);
int command_probe (int argc, char **argv);
int command_status (int argc, char **argv);
int command_keys (int argc, char **argv);
int command_topics (int argc, char **argv);
int command_dlq (int argc, char **argv);
int command_config (int argc, char **argv);
int command_man (int argc, char **argv);
int command_completion (int argc, char **argv);

typedef struct {
    const char *group; /* "Data"; the rows of a group follow one another */
    const char *name;
    int (*run) (int argc, char **argv);
    const char *help; /* half a sentence */
} commands_row_t;

extern const commands_row_t commands_table[];
extern const size_t commands_count;

/* NULL: there is no such command. */
const commands_row_t *commands_find (const char *name);

#endif
