/* What happens to every request, whichever route it takes: counted, refused where no
 * handler should see it, answered. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_DISPATCH_H
#define SASREC_ACTORS_HTTP_DISPATCH_H

#include "actors/http/context.h"

#define DISPATCH_BODY_LIMIT 262144 /* 256 KiB */

/* Always leaves a reply in the exchange. */
void dispatch (http_context_t *context, exchange_t *exchange);

#endif
