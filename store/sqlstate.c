/* What an SQLSTATE means (PostgreSQL documentation, appendix A).
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlstate.h"

#include <string.h>

static const struct {
    const char *prefix; /* of the code; the first that fits counts */
    db_status_t status;
} s_table[] = {
    {"57014", DB_RETRY},  /* query_canceled: a time-out */
    {"57", DB_AWAY},      /* shutdown, crash, starting up */
    {"08", DB_AWAY},      /* connection */
    {"25006", DB_AWAY},   /* read only: no longer the primary */
    {"25P03", DB_AWAY},   /* idle in transaction for too long: closed by the server */
    {"0A000", DB_AWAY},   /* a prepared statement's table changed: prepare again */
    {"26000", DB_AWAY},   /* prepared statement vanished */
    {"28", DB_AWAY},      /* authorisation */
    {"3D", DB_AWAY},      /* no such database */
    {"3F", DB_UNABLE},    /* no such schema */
    {"42", DB_UNABLE},    /* no right; or the schema is not ours: not migrated */
    {"53100", DB_UNABLE}, /* no room left */
    {"22", DB_DATA},      /* data exception */
    {"23", DB_DATA},      /* constraint */
    {"44", DB_DATA},      /* WITH CHECK OPTION of a view */
    {"54", DB_DATA},      /* a limit: row or value too large */
    {"P0", DB_DATA},      /* RAISE in somebody's trigger */
    {"40", DB_RETRY},     /* rolled back: deadlock, serialisation */
    {"53", DB_RETRY},     /* no memory, too many connections */
    {"55P03", DB_LOCKED}, /* lock_not_available: a time-out, or NOWAIT */
};

db_status_t
sqlstate_status (const char *code)
{
    if (!code || !*code)
        return DB_AWAY;
    for (size_t i = 0; i < sizeof s_table / sizeof *s_table; i++)
        if (strncmp (code, s_table[i].prefix, strlen (s_table[i].prefix)) == 0)
            return s_table[i].status;
    return DB_REFUSED;
}
