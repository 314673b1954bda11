/* Ranking figures for people and for programs. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_REPORT_H
#define SASREC_CLI_REPORT_H

#include <jansson.h>

#include "model/eval/ranking.h"

/* {"ndcg@10","hr@10","mrr","users","ndcg@10_error"}, fresh. */
json_t *report_ranking (const ranking_t *ranking);

/* {"popularity":{...},"markov":{...}}, fresh. */
json_t *report_floors (const ranking_t *popularity, const ranking_t *markov);

/* A table of the model and, unless NULL, the floors. title: "test, 100 users". */
void report_print (const char *title, const ranking_t *model,
    const ranking_t *popularity, const ranking_t *markov);

#endif
