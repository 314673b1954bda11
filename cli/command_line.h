/* The command line of a subcommand: its own options, those of files, --json and --quiet,
 * the settings; their help; and the same as data, for the man page and the completions.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_COMMAND_LINE_H
#define SASREC_CLI_COMMAND_LINE_H

#include "cli/command.h"

/* Fills the command; wrong usage ends the process, as --help does. */
void command_line_parse (command_t *self, int argc, char **argv);

/* The option lists of a command, each ended by {0}, valid during the call. */
typedef void (command_describe_f) (void *context, const command_spec_t *spec,
    const struct argp_option *const *lists, size_t count);

/* From now on commands describe themselves instead of running: command_new gives NULL
 * after calling describe. NULL: they run again. */
void command_line_on_describe (command_describe_f *describe, void *context);
bool command_line_describe (const command_t *self); /* for command_new: it did */

#endif
