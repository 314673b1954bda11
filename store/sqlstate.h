/* What an SQLSTATE means for the caller. Private to store/.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_SQLSTATE_H
#define SASREC_STORE_SQLSTATE_H

#include "store/db.h"

/* code NULL or "": the connection failed. Never DB_OK. */
db_status_t sqlstate_status (const char *code);

#endif
