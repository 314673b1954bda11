/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pooled.h"

#include "store/pgwait.h"

int
pooled_send (PGconn *conn, const char *settings, const pooled_statement_t *statement)
{
    return PQenterPipelineMode (conn) &&
           PQsendQueryParams (conn, settings, 0, NULL, NULL, NULL, NULL, 0) &&
           PQsendQueryParams (conn, statement->sql, statement->count, NULL,
               statement->values, statement->lengths, statement->formats,
               statement->binary_result) &&
           PQpipelineSync (conn);
}

/* What failed first says why; what comes after it was not tried. */
static PGresult *
s_worth_more (PGresult *kept, PGresult *next)
{
    bool failed = kept && PQresultStatus (kept) == PGRES_FATAL_ERROR;
    PQclear (failed ? next : kept);
    return failed ? kept : next;
}

/* NULL ends the results of each statement, but also comes when nothing did in time. */
PGresult *
pooled_result (PGconn *conn, int64_t deadline_ms)
{
    PGresult *kept = NULL;
    for (;;) {
        PGresult *next = pgwait_result (conn, deadline_ms);
        if (next && PQresultStatus (next) == PGRES_PIPELINE_SYNC) {
            PQclear (next);
            PQexitPipelineMode (conn);
            return kept;
        }
        if (next)
            kept = s_worth_more (kept, next);
        else if (PQstatus (conn) != CONNECTION_OK)
            return kept;
        else if (pgwait_late (deadline_ms))
            break;
    }
    PQclear (kept);
    return NULL;
}
