/* A few connections shared by the HTTP threads for short reads and writes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_POOL_H
#define SASREC_STORE_POOL_H

#include "store/db.h"

typedef struct pool pool_t;

pool_t *pool_new (const char *conninfo, const char *application, size_t size,
    int statement_timeout_ms);
void pool_destroy (pool_t **self_p); /* all connections must be back */

/* A usable connection, or NULL when none is free within wait_ms or the database is away. */
db_t *pool_take (pool_t *self, int wait_ms);
void pool_give (pool_t *self, db_t **db_p);

#endif
