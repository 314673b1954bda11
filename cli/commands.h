/* The subcommands: each reads its own command line and returns an exit status.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_COMMANDS_H
#define SASREC_CLI_COMMANDS_H

int command_migrate (int argc, char **argv);
int command_seed (int argc, char **argv);
int command_import (int argc, char **argv);
int command_export (int argc, char **argv);
int command_prune (int argc, char **argv);
int command_train (int argc, char **argv);
int command_evaluate (int argc, char **argv);
int command_recommend (int argc, char **argv);
int command_serve (int argc, char **argv);
int command_topics (int argc, char **argv);
int command_dlq (int argc, char **argv);
int command_config (int argc, char **argv);

#endif
