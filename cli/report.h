/* Ranking figures for people and for programs. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_REPORT_H
#define SASREC_CLI_REPORT_H

#include <jansson.h>

#include "model/eval/floors.h"

/* {"ndcg@10","hr@10","mrr","users","unreachable","ndcg@10_error"}, fresh. */
json_t *report_ranking (const ranking_t *ranking);

/* {"popularity":{...},"markov":{...}}, fresh. */
json_t *report_floors (const floors_t *floors);

/* A table of the model and, unless NULL, the floors. title: "test, 100 users". Says how
 * many targets could not be reached, and what that means when they are many. */
void report_print (const char *title, const ranking_t *model, const floors_t *floors);

#endif
