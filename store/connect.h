/* Making a connection, as PQconnectdbParams does, but a process that stops does not wait
 * for it (pgwait). Private to store/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_CONNECT_H
#define SASREC_STORE_CONNECT_H

#include "store/conninfo.h"

/* Never NULL: PQstatus says whether it is open, PQerrorMessage why not ("": no answer in
 * time). connect_timeout counts for each host, and each address that it has; one that says
 * nothing for so long is left out, and libpq tries the others by its rules. */
PGconn *connect_open (const conninfo_t *conninfo);

#endif
