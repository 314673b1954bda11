/* The options that say what a file is, of every command that reads one.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILE_OPTIONS_H
#define SASREC_CLI_FILE_OPTIONS_H

#include <argp.h>

extern const struct argp_option file_options[]; /* ended by {0} */

/* Its input is the command_t, whose layout it fills. */
error_t file_options_parse (int key, char *text, struct argp_state *state);

#endif
