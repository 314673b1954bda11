/* The rules of a message as those of a query to the model. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_QUERY_RULES_H
#define SASREC_ACTORS_QUERY_RULES_H

#include "model/serve/model.h"
#include "proto/rules.h"

/* Borrowed from the rules, whose texts are the query's keys. */
void query_rules_set (model_query_t *query, const rules_t *rules);

#endif
