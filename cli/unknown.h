/* What was typed and is not ours: options, and variables of the environment. Each gets
 * the nearest word that is. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_UNKNOWN_H
#define SASREC_CLI_UNKNOWN_H

#include <argp.h>
#include <stddef.h>

/* Option lists, each ended by {0}. */
typedef struct {
    const struct argp_option *const *lists;
    size_t count;
} unknown_options_t;

/* The first long option that is none of these, nor the beginning of one; NULL: there is
 * none. *meant: the nearest of them, without its dashes, or NULL. */
const char *unknown_option (
    unknown_options_t known, int argc, char **argv, const char **meant);

/* Names variables that begin with SASREC_ and are not settings, one line on stderr for
 * each; returns how many. command: before it; NULL: they are only counted. */
size_t unknown_variables (const char *command);

#endif
