/* What PostgreSQL says of all items, as far as recommending is concerned; and then, again
 * and again, what is new. Cheap while nothing changes: one look into an index. Nothing
 * is missed and nothing has to be told: what a transaction changed is new from its COMMIT
 * on, however long it took, whoever it was. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_FACTS_H
#define SASREC_STORE_FACTS_H

#include <stddef.h>

#include "proto/fact.h"
#include "store/db.h"

#define FACTS_NEW_MOST 20000 /* in one look; beyond it all are read anew */

typedef struct facts facts_t; /* what has been read so far */

facts_t *facts_new (void);
void facts_destroy (facts_t **self_p);

typedef void (facts_each_t) (void *context, const fact_t *fact);

/* Everything, in pages; not DB_OK: what was told is not all, begin afresh. */
db_status_t facts_read_all (facts_t *self, db_t *db, facts_each_t *each, void *context);

/* What is new since the last time that this or facts_read_all went well. *overflow: it is
 * too much, nothing was told and all is to be read. */
db_status_t facts_read_new (
    facts_t *self, db_t *db, facts_each_t *each, void *context, bool *overflow);

#endif
