/* The file of settings, as a service has it: lines NAME=VALUE with the names of the
 * environment. Blanks around both do not count, nor do empty lines and those that begin
 * with '#'; a value may stand in quotes, '...' or "...", which are taken off; nothing is
 * replaced or escaped. systemd (EnvironmentFile=) reads the same in it, but for backslashes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_CONFIG_FILE_H
#define SASREC_BASE_CONFIG_FILE_H

#include <stddef.h>

#include "base/config.h"

/* A problem is a sentence that begins with the file and the number of the line; it never
 * repeats a secret. */
typedef void (config_file_told_f) (void *context, const char *problem);

/* Offers each line to the config. Returns how many problems there were, each of them
 * told: the file cannot be read, a line is none, a name stands there twice, is unknown, or
 * has a bad value. */
size_t config_file_load (
    config_t *config, const char *path, config_file_told_f *told, void *context);

#endif
