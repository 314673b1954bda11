/* What a checkpoint says about its making. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/lineage.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "model/kernel/blas_core.h"

void
lineage_version (char version[CHECKPOINT_VERSION_SIZE])
{
    int64_t now_ms = clock_unix_ms ();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    gmtime_r (&seconds, &utc);
    size_t length = strftime (version, CHECKPOINT_VERSION_SIZE, "%Y%m%d-%H%M%S", &utc);
    snprintf (version + length, CHECKPOINT_VERSION_SIZE - length, ".%03d",
        (int)(now_ms % 1000));
}

static json_t *
s_ranking (const ranking_t *ranking)
{
    return json_pack ("{sI sI sf sf sf sf}", "users", (json_int_t)ranking->users,
        "unreachable", (json_int_t)ranking->unreachable, "ndcg@10", ranking->ndcg10,
        "hr@10", ranking->hr10, "mrr", ranking->mrr, "ndcg@10_error",
        ranking->ndcg10_error);
}

static json_t *
s_data (const dataset_t *data, const course_plan_t *plan)
{
    return json_pack ("{sI sI sI sI sb}", "users", (json_int_t)data->user_count,
        "items", (json_int_t)data->item_count, "interactions",
        (json_int_t)data->interaction_count, "last_id", (json_int_t)plan->last_id,
        "include_seen", plan->options.include_seen);
}

json_t *
lineage_json (
    const trainer_job_t *job, const course_plan_t *plan, const trainer_report_t *report)
{
    json_t *json = json_pack ("{s{so so so} s{so so} so so s{sI sI sI sI sI sf sf ss}}",
        "metrics", "valid", s_ranking (&report->valid), "test",
        s_ranking (&report->test), "test_sampled100", s_ranking (&report->sampled),
        "floors", "popularity", s_ranking (&report->floors.popularity), "markov",
        s_ranking (&report->floors.markov), "options", recipe_json (&plan->recipe),
        "data", s_data (job->data, plan), "run", "seed", (json_int_t)plan->options.seed,
        "threads", (json_int_t)plan->options.threads, "epochs",
        (json_int_t)report->epochs, "best_epoch", (json_int_t)report->best_epoch,
        "diverged_epoch", (json_int_t)report->diverged_epoch, "positions_per_second",
        report->positions_per_second, "seconds", report->seconds, "blas", blas_core ());
    assert (json);
    return json;
}
