/* The schema: store/schema/NNN_name.sql, built into the program, applied in order under
 * an advisory lock and recorded in schema_migrations. Safe at each start, from several
 * processes at once. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_MIGRATE_H
#define SASREC_STORE_MIGRATE_H

#include "store/db.h"

/* Creates the database itself when it is missing and the role may. *applied (may be
 * NULL): how many ran now. -1 with error. */
int migrate_run (const char *conninfo, size_t *applied, char error[160]);

/* True when every migration this program knows is recorded. */
bool migrate_current (db_t *db);

#endif
