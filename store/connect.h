/* Making a connection, as PQconnectdbParams does, but a process that stops does not wait
 * for it (pgwait). Private to store/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_CONNECT_H
#define SASREC_STORE_CONNECT_H

#include "store/conninfo.h"

/* Never NULL: PQstatus says whether it is open, PQerrorMessage why not ("": no answer in
 * time). connect_timeout counts for each address that the host has. Of several hosts
 * libpq alone knows the rules: then it waits, as long as that takes. */
PGconn *connect_open (const conninfo_t *conninfo);

#endif
