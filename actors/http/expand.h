/* ?expand=items: what the table items has, beside the ids of an answer, so that nobody has
 * to ask for titles after it. One query by key for an answer; none without the parameter.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_EXPAND_H
#define SASREC_ACTORS_HTTP_EXPAND_H

#include "actors/http/context.h"

/* Whether the URL says it. False: it says something else, and the problem has been
 * replied. */
bool expand_read (exchange_t *exchange, bool *wanted);

/* ,"items":[...], one for each id in that order, null where there is no row. False: the
 * problem has been replied. */
bool expand_write (http_context_t *context, exchange_t *exchange, const int64_t *ids,
    size_t count, strbuf_t *body);

#endif
