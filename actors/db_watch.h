/* An actor's connection, and what /readyz says of it: is PostgreSQL there (check
 * "postgres"), and is the schema ours (check "schema")? Owns both checks.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_DB_WATCH_H
#define SASREC_ACTORS_DB_WATCH_H

#include <stdbool.h>

#include "store/db.h"

typedef struct db_watch db_watch_t;

db_watch_t *db_watch_new (
    const char *conninfo, const char *application, int statement_timeout_ms);
void db_watch_destroy (db_watch_t **self_p);

db_t *db_watch_db (db_watch_t *self); /* borrowed */

/* Looks, publishes, and says whether both are there. */
bool db_watch_check (db_watch_t *self);

bool db_watch_ready (const db_watch_t *self); /* as published last */

/* Ready, and the connection is still there, or came back at once. */
bool db_watch_usable (db_watch_t *self);

/* Any loss is published at once, not at the next check; and so is that the database
 * cannot do it (DB_UNABLE), for some seconds, by all watches. True for DB_OK. */
bool db_watch_note (db_watch_t *self, db_status_t status);

/* What an actor without a watch met (DB_UNABLE): reason is its db_error. The watches say it
 * with their next look, for some seconds. Safe from any thread. */
void db_watch_unable (const char *reason);

/* Somebody was told DB_UNABLE by a statement of his own, which may be his affair alone (a
 * right that is optional): the watches look at the schema again with their next look.
 * Safe from any thread. */
void db_watch_doubt (void);

/* A sentence for who is refused while it is not ready. */
const char *db_watch_reason (const db_watch_t *self);

#endif
