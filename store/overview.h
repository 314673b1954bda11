/* What the table predictions says of the service, for people: what waits, what ended, what
 * went wrong. Reads a part that is bounded by time, with the statement's own time-out.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_OVERVIEW_H
#define SASREC_STORE_OVERVIEW_H

#include "store/db.h"

#define OVERVIEW_PENDING_LIMIT 1000000 /* counted no further */
#define OVERVIEW_FAULT_LIMIT   5

typedef struct {
    char request_id[40];
    char status[16]; /* "FAILED", "EXPIRED" */
    char at[40];     /* RFC 3339, UTC */
    char error[160]; /* one line */
} overview_fault_t;

typedef struct {
    size_t pending;   /* rows that have not ended; OVERVIEW_PENDING_LIMIT: or more */
    size_t unsent;    /* of these: never sent, or given back */
    double oldest_s;  /* age of the oldest of them; 0: there is none */
    size_t completed; /* of the rows of the last hour, by how they ended */
    size_t failed;
    size_t expired;
    overview_fault_t faults[OVERVIEW_FAULT_LIMIT]; /* of the last hour, newest first */
    size_t fault_count;
} overview_t;

/* DB_OK, or why not (store/db.h). */
db_status_t overview_read (db_t *db, overview_t *overview);

#endif
