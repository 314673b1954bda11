/* The db_writer actor: results into their rows, whatever waits in one transaction (up to
 * the batch limit). It takes some every 5 ms at most, since a transaction costs as much as
 * ten rows; the first after a pause waits for nothing. A result that PostgreSQL refuses
 * makes its row FAILED with the reason; one whose row is locked or in the way otherwise is
 * set aside and tried again later (store/row_writer.h), and the others are written. While
 * the database is away a bounded backlog is kept and tried again; past it the pipe fills
 * and the router drops (rows stay PENDING and are sent again); with Kafka the bridge stops
 * reading. A receipt is given back only after COMMIT.
 *
 * commands      START; $TERM (what waits is written, for at most DB_WRITER_FLUSH_MS, and
 *               not on a new connection; the try that is running ends first)
 * messages in   result_t from write
 * messages out  settlements to settle
 *
 * Owns the check "results": fails while one is unwritten for more than 10 s.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_DB_WRITER_H
#define SASREC_ACTORS_DB_WRITER_H

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "actors/ended.h"
#include "actors/spans.h"

#define DB_WRITER_FLUSH_MS 1500

typedef struct {
    const char *write_endpoint;
    const char *conninfo;
    int statement_timeout_ms;
    size_t batch_limit;     /* rows in one transaction */
    size_t waiting_limit;   /* results kept while the database is away */
    ended_t *ended;         /* told of each row that ended, after COMMIT; or NULL */
    atomic_size_t *backlog; /* in, out: less by each row that ended */
    const char *settle_endpoint; /* NULL without Kafka */
    spans_t *spans;              /* NULL: no tracing */
    bool shows_database; /* owns the checks "postgres" and "schema" here (db_watch.h) */
} db_writer_args_t;

/* args: db_writer_args_t, borrowed until the actor ends. */
void db_writer_actor (zsock_t *pipe, void *args);

#endif
