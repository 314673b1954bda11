/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include <math.h>
#include <stdio.h>

json_t *
report_ranking (const ranking_t *ranking)
{
    return json_pack ("{s:f,s:f,s:f,s:I,s:I,s:f}", "ndcg@10", ranking->ndcg10, "hr@10",
        ranking->hr10, "mrr", ranking->mrr, "users", (json_int_t)ranking->users,
        "unreachable", (json_int_t)ranking->unreachable, "ndcg@10_error",
        ranking->ndcg10_error);
}

json_t *
report_floors (const floors_t *floors)
{
    return json_pack ("{s:o,s:o}", "popularity", report_ranking (&floors->popularity),
        "markov", report_ranking (&floors->markov));
}

static void
s_print_row (const char *name, const ranking_t *ranking)
{
    printf ("  %-26s %8.4f %8.4f %8.4f\n", name, ranking->ndcg10, ranking->hr10,
        ranking->mrr);
}

/* Targets that cannot be recommended: from this share on they deserve a sentence. */
#define MANY 0.05

static void
s_print_unreachable (const ranking_t *model)
{
    double share = model->users ? (double)model->unreachable / (double)model->users : 0;
    if (model->unreachable)
        printf ("  %zu of %zu users went on to an item that they had before, or that "
                "the model does not know: missed.\n",
            model->unreachable, model->users);
    if (share >= MANY)
        printf ("  In this data repeats are common (%.0f %%), and requests leave out "
                "seen items by default: ask with\n  include_seen, and measure that "
                "with --include-seen.\n",
            100 * share);
}

void
report_print (const char *title, const ranking_t *model, const floors_t *floors)
{
    printf ("  %-26s %8s %8s %8s\n", title, "NDCG@10", "HR@10", "MRR");
    s_print_row ("model", model);
    printf ("  %-26s %8.4f %8.4f\n", "+- standard error", model->ndcg10_error,
        model->users ? sqrt (model->hr10 * (1 - model->hr10) / (double)model->users)
                     : 0);
    if (floors) {
        s_print_row ("Markov chain (floor)", &floors->markov);
        s_print_row ("popularity (floor)", &floors->popularity);
        if (floors->popularity.hr10 > 0)
            printf ("  HR@10 is %.1f times that of popularity.\n",
                model->hr10 / floors->popularity.hr10);
    }
    s_print_unreachable (model);
}
