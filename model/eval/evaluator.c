/* Ranks users in chunks. SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/evaluator.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/eval/sampled.h"
#include "model/kernel/blas.h"
#include "model/net/encoder.h"

#define CHUNK_MOST   32          /* users at a time */
#define CHUNK_SCORES (16u << 20) /* floats: larger catalogues get smaller chunks */
#define TRIAL_CHUNKS 2           /* of each thread */

/* One thread's. */
typedef struct {
    encoder_scratch_t *encoder;
    int32_t *tokens;   /* chunk x window */
    size_t *offsets;   /* chunk + 1 */
    float *hidden;     /* chunk x D */
    float *scores;     /* chunk x V */
    int32_t *excluded; /* the longest history */
    sampled_t *sampled;
} bench_t;

struct evaluator {
    const dataset_t *data;
    sasrec_shape_t shape;
    team_t *team;
    size_t chunk;
    bench_t *benches; /* one per thread */
    uint32_t *users;  /* that can be ranked */
    size_t user_count;
    size_t *ranks;         /* of each user in this run */
    size_t *sampled_ranks; /* likewise, among 100 */
    /* This run's: */
    evaluator_network_t network;
    evaluator_task_t task;
};

static void
s_bench_init (const evaluator_t *self, bench_t *bench, size_t longest)
{
    size_t tokens = self->chunk * self->shape.window;
    bench->encoder = encoder_scratch_new (&self->shape, tokens, self->chunk, false);
    bench->tokens = calloc (tokens, sizeof (int32_t));
    bench->offsets = calloc (self->chunk + 1, sizeof (size_t));
    bench->hidden = calloc (self->chunk * self->shape.width, sizeof (float));
    bench->scores = calloc (self->chunk * self->shape.items, sizeof (float));
    bench->excluded = calloc (longest + 1, sizeof (int32_t));
    bench->sampled = sampled_new (self->data);
    assert (bench->tokens && bench->offsets && bench->hidden && bench->scores &&
            bench->excluded);
}

static void
s_bench_free (bench_t *bench)
{
    encoder_scratch_destroy (&bench->encoder);
    free (bench->tokens);
    free (bench->offsets);
    free (bench->hidden);
    free (bench->scores);
    free (bench->excluded);
    sampled_destroy (&bench->sampled);
}

/* Returns the longest history. */
static size_t
s_list_users (evaluator_t *self)
{
    size_t longest = 0, count;
    for (size_t user = 0; user < self->data->user_count; user++)
        if (ranking_history (self->data, RANKING_TEST, user, &count)) {
            self->users[self->user_count++] = (uint32_t)user;
            longest = count > longest ? count : longest;
        }
    return longest;
}

evaluator_t *
evaluator_new (const dataset_t *data, const sasrec_shape_t *shape, team_t *team)
{
    evaluator_t *self = calloc (1, sizeof (*self));
    assert (self);
    *self = (evaluator_t){.data = data, .shape = *shape, .team = team};
    self->users = calloc (data->user_count, sizeof (*self->users));
    self->ranks = calloc (data->user_count, sizeof (*self->ranks));
    self->sampled_ranks = calloc (data->user_count, sizeof (*self->sampled_ranks));
    self->benches = calloc (team_members (team), sizeof (*self->benches));
    assert (self->users && self->ranks && self->sampled_ranks && self->benches);
    size_t longest = s_list_users (self);
    self->chunk = CHUNK_SCORES / shape->items;
    self->chunk = self->chunk > CHUNK_MOST ? CHUNK_MOST : self->chunk;
    self->chunk = self->chunk ? self->chunk : 1;
    for (size_t i = 0; i < team_members (team); i++)
        s_bench_init (self, &self->benches[i], longest);
    return self;
}

void
evaluator_destroy (evaluator_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    evaluator_t *self = *self_p;
    for (size_t i = 0; i < team_members (self->team); i++)
        s_bench_free (&self->benches[i]);
    free (self->benches);
    free (self->users);
    free (self->ranks);
    free (self->sampled_ranks);
    free (self);
    *self_p = NULL;
}

size_t
evaluator_users (const evaluator_t *self)
{
    return self->user_count;
}

size_t
evaluator_step (const evaluator_t *self, size_t users)
{
    assert (users > 0);
    return self->user_count ? 1 + (self->user_count - 1) / users : 1;
}

static int32_t
s_index (const evaluator_t *self, int32_t item)
{
    return self->network.indexes ? self->network.indexes[item] : item;
}

static int
s_compare (const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* Known items of the history that count as seen, ascending. */
static size_t
s_exclude (
    const evaluator_t *self, bench_t *bench, const int32_t *history, size_t count)
{
    size_t used = 0, begin = (size_t)(history - self->data->items);
    for (size_t i = 0; i < count && !self->task.include_seen; i++)
        if (s_index (self, history[i]) >= 0 && dataset_is_seen (self->data, begin + i))
            bench->excluded[used++] = s_index (self, history[i]);
    qsort (bench->excluded, used, sizeof (int32_t), s_compare);
    return used;
}

/* index: of this run's users. */
static void
s_rank_user (evaluator_t *self, bench_t *bench, size_t index, const float *scores)
{
    size_t count, user = self->users[index * self->task.step];
    const int32_t *history =
        ranking_history (self->data, self->task.split, user, &count);
    int32_t target = s_index (self, history[count]);
    self->ranks[index] = self->sampled_ranks[index] = RANKING_UNREACHABLE;
    if (target < 0)
        return;
    size_t excluded = s_exclude (self, bench, history, count);
    if (!bsearch (&target, bench->excluded, excluded, sizeof target, s_compare))
        self->ranks[index] =
            ranking_rank (scores, self->shape.items, target, bench->excluded, excluded);
    if (self->task.sampled)
        self->sampled_ranks[index] = sampled_rank (bench->sampled, self->task.seed,
            user, scores, target, self->network.indexes);
}

/* The newest known items before the target, at most L; returns how many. */
static size_t
s_read_history (const evaluator_t *self, size_t user, int32_t *tokens)
{
    size_t count, used = 0, window = self->shape.window;
    const int32_t *history =
        ranking_history (self->data, self->task.split, user, &count);
    for (size_t i = count; i > 0 && used < window; i--)
        if (s_index (self, history[i - 1]) >= 0)
            tokens[used++] = s_index (self, history[i - 1]);
    for (size_t i = 0; i < used / 2; i++) {
        int32_t token = tokens[i];
        tokens[i] = tokens[used - 1 - i];
        tokens[used - 1 - i] = token;
    }
    return used;
}

/* As recommend does without a known item: indexes are in the order of popularity. */
static void
s_score_popular (const evaluator_t *self, float *scores)
{
    for (size_t i = 0; i < self->shape.items; i++)
        scores[i] = -(float)i;
}

static void
s_chunk (evaluator_t *self, bench_t *bench, size_t begin, size_t count)
{
    size_t d = self->shape.width, v = self->shape.items, rows = 0, row[CHUNK_MOST];
    const sasrec_weights_t *weights = self->network.weights;
    for (size_t i = 0; i < count; i++) {
        size_t used = s_read_history (self, self->users[(begin + i) * self->task.step],
            bench->tokens + bench->offsets[rows]);
        row[i] = used ? rows : SIZE_MAX;
        if (used) {
            bench->offsets[rows + 1] = bench->offsets[rows] + used;
            rows++;
        }
    }
    if (rows) {
        encoder_last (weights, bench->encoder, bench->tokens, bench->offsets, rows,
            bench->hidden);
        blas_nt (rows, v, d, (blas_matrix_t){bench->hidden, d},
            (blas_matrix_t){sasrec_items (weights), d}, 0, bench->scores, v);
    }
    for (size_t i = 0; i < count; i++)
        if (row[i] != SIZE_MAX)
            s_rank_user (self, bench, begin + i, bench->scores + row[i] * v);
    for (size_t i = 0; i < count; i++)
        if (row[i] == SIZE_MAX) { /* the others' scores are not needed any more */
            s_score_popular (self, bench->scores);
            s_rank_user (self, bench, begin + i, bench->scores);
        }
}

static size_t
s_ranked (const evaluator_t *self)
{
    return (self->user_count + self->task.step - 1) / self->task.step;
}

static bool
s_stopped (const evaluator_t *self)
{
    return self->task.stop && *self->task.stop;
}

static void
s_task (void *context, size_t member)
{
    evaluator_t *self = context;
    size_t stride = team_members (self->team) * self->chunk, ranked = s_ranked (self);
    for (size_t at = member * self->chunk; at < ranked && !s_stopped (self);
         at += stride)
        s_chunk (self, &self->benches[member], at,
            ranked - at < self->chunk ? ranked - at : self->chunk);
}

int
evaluator_run (evaluator_t *self, const evaluator_network_t *network,
    const evaluator_task_t *task, ranking_t *ranking)
{
    assert (task->step > 0);
    self->network = *network;
    self->task = *task;
    team_run (self->team, s_task, self);
    *ranking = ranking_of (self->ranks, s_ranked (self));
    return s_stopped (self) ? -1 : 0;
}

ranking_t
evaluator_sampled (const evaluator_t *self)
{
    return ranking_of (self->sampled_ranks, s_ranked (self));
}

const size_t *
evaluator_ranks (const evaluator_t *self, size_t *count)
{
    *count = s_ranked (self);
    return self->ranks;
}

double
evaluator_cost_s (
    evaluator_t *self, const evaluator_network_t *network, const evaluator_task_t *task)
{
    if (!self->user_count)
        return 0;
    ranking_t ranking;
    evaluator_task_t trial = *task;
    trial.step =
        evaluator_step (self, TRIAL_CHUNKS * self->chunk * team_members (self->team));
    evaluator_run (self, network, &trial, &ranking); /* touches new memory */
    int64_t start_us = clock_monotonic_us ();
    evaluator_run (self, network, &trial, &ranking);
    return (double)(clock_monotonic_us () - start_us) * 1e-6 / (double)ranking.users;
}
