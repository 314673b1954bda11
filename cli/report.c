/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include <math.h>
#include <stdio.h>

json_t *
report_ranking (const ranking_t *ranking)
{
    return json_pack ("{s:f,s:f,s:f,s:I,s:f}", "ndcg@10", ranking->ndcg10, "hr@10",
        ranking->hr10, "mrr", ranking->mrr, "users", (json_int_t)ranking->users,
        "ndcg@10_error", ranking->ndcg10_error);
}

json_t *
report_floors (const ranking_t *popularity, const ranking_t *markov)
{
    return json_pack ("{s:o,s:o}", "popularity", report_ranking (popularity), "markov",
        report_ranking (markov));
}

static void
s_print_row (const char *name, const ranking_t *ranking)
{
    printf ("  %-26s %8.4f %8.4f %8.4f\n", name, ranking->ndcg10, ranking->hr10,
        ranking->mrr);
}

void
report_print (const char *title, const ranking_t *model, const ranking_t *popularity,
    const ranking_t *markov)
{
    printf ("  %-26s %8s %8s %8s\n", title, "NDCG@10", "HR@10", "MRR");
    s_print_row ("model", model);
    printf ("  %-26s %8.4f %8.4f\n", "+- standard error", model->ndcg10_error,
        model->users ? sqrt (model->hr10 * (1 - model->hr10) / (double)model->users)
                     : 0);
    if (markov)
        s_print_row ("Markov chain (floor)", markov);
    if (popularity)
        s_print_row ("popularity (floor)", popularity);
    if (popularity && popularity->hr10 > 0)
        printf ("  HR@10 is %.1f times that of popularity.\n",
            model->hr10 / popularity->hr10);
}
