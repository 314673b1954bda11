/* Who asked for what, in the log: by the key's name, never by anything that opens a door.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_AUDIT_H
#define SASREC_ACTORS_HTTP_AUDIT_H

#include "actors/http/context.h"

/* The exchange is answered. Requests by key are told (http.audit) as SASREC_AUDIT says, all
 * requests at level debug (http.request). route: NULL for a path that is none. */
void audit (const http_context_t *context, const exchange_t *exchange,
    const route_t *route, int64_t duration_us);

#endif
