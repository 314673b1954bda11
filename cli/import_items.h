/* sasrec import --items: a catalogue from a file. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_IMPORT_ITEMS_H
#define SASREC_CLI_IMPORT_ITEMS_H

#include "cli/command.h"
#include "cli/files/source.h"

/* All of it or nothing; path: for what its end says of the format. The exit status. */
int import_items (
    const command_t *command, db_t *db, source_t *source, const char *path);

#endif
