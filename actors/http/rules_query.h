/* The rules of a request in the query of its URL (proto/rule_words.h), and the name of more
 * of them. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_RULES_QUERY_H
#define SASREC_ACTORS_HTTP_RULES_QUERY_H

#include "actors/http/context.h"
#include "proto/request.h"

#define RULES_QUERY_LIST_LIMIT 100 /* items or names in one list: a head is small */

/* Fills the request's rules and rule_set. Beside seen an include_seen does not count. What
 * is written as an integer is an item's key where the model in use has no such item, but
 * one of that key. False: the problem has been replied. */
bool rules_query_read (
    http_context_t *context, exchange_t *exchange, request_t *request);

#endif
