/* The schema: store/schema/NNN_name.sql, built into the program, applied in order and
 * recorded in schema_migrations. All of it is one transaction under an advisory lock: safe
 * at each start, from several processes at once, and nothing is left behind when it fails.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_MIGRATE_H
#define SASREC_STORE_MIGRATE_H

#include "store/db.h"

/* Creates the database, and the schema that conninfo names, when they are missing and the
 * role may; with nothing to do it needs no right but to read schema_migrations. *applied
 * (may be NULL): how many ran now. -1 with error: among others, when the schema has tables
 * of our names that are not ours. */
int migrate_run (const char *conninfo, size_t *applied, char error[160]);

/* The same, and takes over tables named interactions and predictions that have the columns
 * (docs/database.md), and a view named interactions. */
int migrate_adopt (const char *conninfo, size_t *applied, char error[160]);

/* True when every migration this program knows is recorded. */
bool migrate_current (db_t *db);

#endif
