/* Is the metric what is served? NDCG@10 and HR@10 of the test items, by the evaluator, which
 * runs training's encoder and ranks all scores, and of what a model answers through its
 * serving encoder, its scan and its kept histories. One JSON object on stdout; the exit
 * status is 1 when they are further apart than 1e-6. bf16: of the encoder, whatever its
 * trial says; then 0.0005. SPDX-License-Identifier: Apache-2.0
 *
 *   bench_served CHECKPOINT PAIRS [bf16] */
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checkpoint/load.h"
#include "model/eval/evaluator.h"
#include "model/kernel/blas.h"
#include "pairs.h"

enum { K = 10, BATCH = 64, THREADS = 2, CACHE = 1 << 26 };
#define CLOSE 1e-6

typedef struct {
    const model_t *model;
    const dataset_t *data;
    ranking_sum_t sum;
    model_scratch_t *scratch;
    model_query_t queries[BATCH];
    model_answer_t answers[BATCH];
    int64_t items[BATCH][K], targets[BATCH];
    float scores[BATCH][K];
    int64_t *histories[BATCH];
} served_t;

static ranking_t
s_evaluate (const model_t *model, const dataset_t *data)
{
    int32_t *indexes = calloc (data->item_count, sizeof *indexes);
    assert (indexes);
    for (size_t i = 0; i < data->item_count; i++)
        indexes[i] = model_item_index (model, data->item_ids[i]);
    team_t *team = team_new (THREADS);
    evaluator_t *evaluator = evaluator_new (data, &model_weights (model)->shape, team);
    evaluator_network_t network = {model_weights (model), indexes};
    evaluator_task_t task = {.split = RANKING_TEST, .step = 1};
    ranking_t ranking;
    evaluator_run (evaluator, &network, &task, &ranking);
    evaluator_destroy (&evaluator);
    team_destroy (&team);
    free (indexes);
    return ranking;
}

static void
s_answer (served_t *self, size_t count)
{
    model_recommend (self->model, self->scratch, self->queries, count, self->answers);
    for (size_t i = 0; i < count; i++) {
        size_t rank = 0;
        while (
            rank < self->answers[i].count && self->items[i][rank] != self->targets[i])
            rank++;
        ranking_add (
            &self->sum, rank < self->answers[i].count ? rank : RANKING_UNREACHABLE);
        free (self->histories[i]);
    }
}

/* False for a user who has no target. */
static bool
s_ask (served_t *self, size_t user, size_t place)
{
    size_t count;
    const dataset_t *data = self->data;
    const int32_t *items = ranking_history (data, RANKING_TEST, user, &count);
    if (!items)
        return false;
    int64_t *history = calloc (count + 1, sizeof *history);
    assert (history);
    for (size_t i = 0; i < count; i++)
        history[i] = data->item_ids[items[i]];
    self->histories[place] = history;
    self->targets[place] = data->item_ids[items[count]];
    self->queries[place] =
        (model_query_t){.history = history, .history_count = count, .k = K};
    self->answers[place] =
        (model_answer_t){.item_ids = self->items[place], .scores = self->scores[place]};
    return true;
}

static ranking_t
s_serve (const model_t *model, const dataset_t *data)
{
    served_t *self = calloc (1, sizeof *self);
    assert (self);
    self->model = model;
    self->data = data;
    self->scratch = model_scratch_new (model, BATCH);
    size_t count = 0;
    for (size_t user = 0; user < data->user_count; user++) {
        count += s_ask (self, user, count);
        if (count == BATCH) {
            s_answer (self, count);
            count = 0;
        }
    }
    s_answer (self, count);
    ranking_t ranking = ranking_mean (&self->sum);
    model_scratch_destroy (&self->scratch);
    free (self);
    return ranking;
}

static json_t *
s_json (const ranking_t *ranking)
{
    return json_pack ("{s:I,s:f,s:f}", "users", (json_int_t)ranking->users, "ndcg10",
        ranking->ndcg10, "hr10", ranking->hr10);
}

int
main (int argc, char **argv)
{
    char error[160];
    bool bf16 = argc == 4 && strcmp (argv[3], "bf16") == 0;
    bf16_trial_t trial = {0};
    if (argc != 3 + bf16) {
        fputs ("usage: bench_served CHECKPOINT PAIRS [bf16]\n", stderr);
        return 64;
    }
    blas_setup ();
    model_t *model = bf16 ? load_model_in_bf16 (argv[1], &trial, error)
                          : load_model (argv[1], error);
    dataset_t *data = model ? pairs_read (argv[2], error) : NULL;
    if (!data) {
        fprintf (stderr, "bench_served: %s\n", error);
        return 64;
    }
    if (bf16 && !model_use_bf16 (model, true)) {
        fputs ("bench_served: this machine has no faster kernel for bf16\n", stderr);
        return 64;
    }
    model_keep_histories (model, CACHE);
    ranking_t measured = s_evaluate (model, data);
    ranking_t served = s_serve (model, data), again = s_serve (model, data),
              third = s_serve (model, data);
    double off = fabs (served.ndcg10 - measured.ndcg10);
    json_t *report = json_pack ("{s:o,s:o,s:o,s:o,s:f}", "evaluated",
        s_json (&measured), "served", s_json (&served), "again", s_json (&again),
        "kept", s_json (&third), "ndcg10_off_by", off);
    if (bf16)
        json_object_set_new (report, "trial",
            json_pack ("{s:I,s:f}", "histories", (json_int_t)trial.histories, "loss",
                trial.loss));
    json_dumpf (report, stdout, JSON_INDENT (2) | JSON_REAL_PRECISION (12));
    puts ("");
    json_decref (report);
    model_destroy (&model);
    dataset_destroy (&data);
    bool same = again.ndcg10 == served.ndcg10 && third.ndcg10 == served.ndcg10;
    return off <= (bf16 ? BF16_TRIAL_LOSS_MOST : CLOSE) && same ? 0 : 1;
}
