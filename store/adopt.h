/* Taking over tables that another service made (the Python one of our shape): they get
 * what ours have besides, in place, with their rows. Inside the caller's transaction.
 * Private to store/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_ADOPT_H
#define SASREC_STORE_ADOPT_H

#include "store/db.h"

/* What is in our way in the schema: error says what to do, in one sentence. *found: how
 * many of interactions and predictions may be taken over. -1 when the database cannot be
 * asked, or when something is in the way and adopting is false or would not help. */
int adopt_look (db_t *db, bool adopting, size_t *found, char error[160]);

/* Before the migrations: out of their way. */
db_status_t adopt_move_aside (db_t *db);

/* After them: each takes the place, and the shape, of ours. */
db_status_t adopt_finish (db_t *db);

#endif
