/* The table api_keys. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_API_KEYS_H
#define SASREC_STORE_API_KEYS_H

#include "base/api_key.h"
#include "store/db.h"

#define API_KEYS_LIMIT 10000 /* that hold at a time; the newest of more */

/* DB_DATA: a key of that name holds already. */
db_status_t api_keys_add (db_t *db, const api_key_t *key);

/* By name. *revoked: whether there was one that held. */
db_status_t api_keys_revoke (db_t *db, const char *name, bool *revoked);

/* Those that hold: fresh, the caller frees. *any: the table has a row, if only of revoked
 * keys. A row that somebody else wrote and that makes no sense is left out. */
db_status_t api_keys_read (db_t *db, api_key_t **keys, size_t *count, bool *any);

/* All there ever were, the newest first. revoked: "" while it holds; times are RFC 3339. */
typedef void (api_keys_row_fn) (
    void *context, const api_key_t *key, const char *created, const char *revoked);
db_status_t api_keys_list (db_t *db, api_keys_row_fn *row, void *context);

#endif
