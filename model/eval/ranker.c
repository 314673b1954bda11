/* Ranks users in chunks. SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/ranker.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/kernel/blas.h"
#include "model/net/encoder.h"
#include "model/eval/sampled.h"

#define CHUNK_MOST   32          /* users at a time */
#define CHUNK_SCORES (16u << 20) /* floats: larger catalogues get smaller chunks */
#define SAMPLED_SEED 1

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

struct ranker {
    const dataset_t *data;
    sasrec_shape_t shape;
    team_t *team;
    size_t user_limit;
    size_t chunk;
    bench_t *benches; /* one per thread */
    uint32_t *users;  /* with 3 items or more */
    size_t user_count;
    uint32_t *ranks;                 /* of each user in this run */
    uint32_t *sampled_ranks;         /* likewise, among 100 */
    const sasrec_weights_t *weights; /* this run's */
    ranking_split_t split;
    size_t step; /* each step-th user is ranked */
};

static size_t
s_length (const dataset_t *data, size_t user)
{
    return data->offsets[user + 1] - data->offsets[user];
}

static void
s_bench_init (const ranker_t *self, bench_t *bench, size_t longest)
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

ranker_t *
ranker_new (
    const dataset_t *data, const sasrec_shape_t *shape, team_t *team, size_t user_limit)
{
    ranker_t *self = calloc (1, sizeof (*self));
    assert (self);
    *self = (ranker_t){
        .data = data, .shape = *shape, .team = team, .user_limit = user_limit};
    self->users = calloc (data->user_count, sizeof (*self->users));
    self->ranks = calloc (data->user_count, sizeof (*self->ranks));
    self->sampled_ranks = calloc (data->user_count, sizeof (*self->sampled_ranks));
    self->benches = calloc (team_members (team), sizeof (*self->benches));
    assert (self->users && self->ranks && self->sampled_ranks && self->benches);
    size_t longest = 0;
    for (size_t u = 0; u < data->user_count; u++) {
        longest = s_length (data, u) > longest ? s_length (data, u) : longest;
        if (s_length (data, u) >= 3)
            self->users[self->user_count++] = (uint32_t)u;
    }
    self->chunk = CHUNK_SCORES / shape->items;
    self->chunk = self->chunk > CHUNK_MOST ? CHUNK_MOST : self->chunk;
    self->chunk = self->chunk ? self->chunk : 1;
    for (size_t i = 0; i < team_members (team); i++)
        s_bench_init (self, &self->benches[i], longest);
    return self;
}

void
ranker_destroy (ranker_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    ranker_t *self = *self_p;
    for (size_t i = 0; i < team_members (self->team); i++) {
        bench_t *bench = &self->benches[i];
        encoder_scratch_destroy (&bench->encoder);
        free (bench->tokens);
        free (bench->offsets);
        free (bench->hidden);
        free (bench->scores);
        free (bench->excluded);
        sampled_destroy (&bench->sampled);
    }
    free (self->benches);
    free (self->users);
    free (self->ranks);
    free (self->sampled_ranks);
    free (self);
    *self_p = NULL;
}

/* Items before the target of the split. */
static const int32_t *
s_history (const ranker_t *self, size_t user, size_t *count)
{
    *count = s_length (self->data, user) - (self->split == RANKING_TEST ? 1 : 2);
    return self->data->items + self->data->offsets[user];
}

static int
s_compare (const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* index: of this run's users. */
static void
s_rank_user (ranker_t *self, bench_t *bench, size_t index, const float *scores)
{
    size_t count, user = self->users[index * self->step];
    const int32_t *history = s_history (self, user, &count);
    memcpy (bench->excluded, history, count * sizeof (int32_t));
    qsort (bench->excluded, count, sizeof (int32_t), s_compare);
    self->ranks[index] = (uint32_t)ranking_rank (
        scores, self->shape.items, history[count], bench->excluded, count);
    self->sampled_ranks[index] = (uint32_t)sampled_rank (
        bench->sampled, SAMPLED_SEED, user, scores, history[count], NULL);
}

static size_t
s_ranked (const ranker_t *self)
{
    return (self->user_count + self->step - 1) / self->step;
}

static void
s_chunk (ranker_t *self, bench_t *bench, size_t begin, size_t count)
{
    size_t d = self->shape.width, v = self->shape.items;
    for (size_t i = 0; i < count; i++) {
        size_t length;
        const int32_t *history =
            s_history (self, self->users[(begin + i) * self->step], &length);
        size_t kept = length < self->shape.window ? length : self->shape.window;
        memcpy (bench->tokens + bench->offsets[i], history + length - kept,
            kept * sizeof (int32_t));
        bench->offsets[i + 1] = bench->offsets[i] + kept;
    }
    encoder_last (self->weights, bench->encoder, bench->tokens, bench->offsets, count,
        bench->hidden);
    blas_nt (count, v, d, (blas_matrix_t){bench->hidden, d},
        (blas_matrix_t){sasrec_items (self->weights), d}, 0, bench->scores, v);
    for (size_t i = 0; i < count; i++)
        s_rank_user (self, bench, begin + i, bench->scores + i * v);
}

static void
s_task (void *context, size_t member)
{
    ranker_t *self = context;
    size_t stride = team_members (self->team) * self->chunk, ranked = s_ranked (self);
    for (size_t at = member * self->chunk; at < ranked; at += stride)
        s_chunk (self, &self->benches[member], at,
            ranked - at < self->chunk ? ranked - at : self->chunk);
}

size_t
ranker_step (const ranker_t *self, ranking_split_t split)
{
    double pairs = (double)self->user_count * (double)self->shape.items;
    bool all = split == RANKING_TEST && pairs <= RANKER_PAIRS;
    if (all || !self->user_limit || !self->user_count)
        return 1;
    return 1 + (self->user_count - 1) / self->user_limit;
}

static ranking_t
s_mean (const ranker_t *self, const uint32_t *ranks)
{
    ranking_sum_t sum = {0};
    for (size_t i = 0; i < s_ranked (self); i++)
        ranking_add (&sum, ranks[i]);
    return ranking_mean (&sum);
}

ranking_t
ranker_run (ranker_t *self, const sasrec_weights_t *weights, ranking_split_t split)
{
    self->weights = weights;
    self->split = split;
    self->step = ranker_step (self, split);
    team_run (self->team, s_task, self);
    return s_mean (self, self->ranks);
}

/* A chunk for each member, from the end; a small set leaves some with less or nothing, so
 * that no user is ranked by two threads. */
static void
s_trial (void *context, size_t member)
{
    ranker_t *self = context;
    size_t ranked = s_ranked (self), done = member * self->chunk;
    if (done >= ranked)
        return;
    size_t left = ranked - done;
    size_t count = left < self->chunk ? left : self->chunk;
    s_chunk (self, &self->benches[member], left - count, count);
}

double
ranker_cost_s (ranker_t *self, const sasrec_weights_t *weights)
{
    if (!self->user_count)
        return 0;
    self->weights = weights;
    self->split = RANKING_VALID;
    self->step = ranker_step (self, RANKING_VALID);
    team_run (self->team, s_trial, self); /* touches new memory */
    int64_t start_ms = clock_monotonic_ms ();
    team_run (self->team, s_trial, self);
    double trial_s = (double)(clock_monotonic_ms () - start_ms) / 1000.0;
    double share =
        (double)(self->chunk * team_members (self->team)) / (double)s_ranked (self);
    return share < 1 ? trial_s / share : trial_s;
}

ranking_t
ranker_sampled (const ranker_t *self)
{
    return s_mean (self, self->sampled_ranks);
}
