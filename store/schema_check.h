/* Is what we need in the database? What the check "schema" on /readyz says.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_SCHEMA_CHECK_H
#define SASREC_STORE_SCHEMA_CHECK_H

#include "store/db.h"

/* True when the migrations that this program knows are applied, our role has the rights
 * that serving needs, and `interactions`, which may be a view of somebody's own table, can
 * be read. Else reason says in a sentence what to do. */
bool schema_check (db_t *db, char reason[160]);

#endif
