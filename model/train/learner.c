/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/learner.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/train/adam.h"
#include "model/net/encoder.h"
#include "model/train/loss.h"
#include "model/train/touched.h"
#include "model/train/weighed.h"

/* Streams of random numbers of a seed (base/rng.h); 1 and 2 are the initialisation and
 * the order of users. */
#define RNG_NEGATIVES ((uint64_t)1 << 32)

/* One thread's. */
typedef struct {
    encoder_scratch_t *encoder;
    loss_t *loss;
    sasrec_weights_t *gradients;
    float *factors;     /* T: of the positions' weights; NULL: they weigh alike */
    weighed_t *weighed; /* NULL: no kinds */
    size_t targets;     /* of this step: those with a weight */
    double sum;         /* of losses in this step */
} worker_t;

struct learner {
    recipe_t recipe;
    batcher_t *batcher;
    team_t *team;
    uint64_t seed;
    sasrec_weights_t *weights;
    sasrec_weights_t averaged; /* a view */
    touched_t *touched;        /* NULL: the loss looks at all items */
    sasrec_weights_t
        *compact; /* with touched: the weights of this step, its items only */
    adam_t *adam;
    worker_t *workers;
    float **gradients; /* of the workers, in their order */
    float **rest;      /* the same from the positions on: behind the items */
    uint64_t steps;
    size_t positions; /* of this step's batch */
};

/* Tables N(0, 0.02), which sqrt(D) scales up; products Xavier normal; gains 1. */
static void
s_initialise (sasrec_weights_t *weights, uint64_t seed)
{
    rng_t rng;
    rng_seed (&rng, seed, 1);
    for (size_t i = 0; i < sasrec_tensor_count (&weights->shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (weights, i);
        size_t count = tensor.rows * tensor.columns;
        bool vector = strstr (tensor.name, "gain") || strstr (tensor.name, "bias");
        double scale = sqrt (2.0 / (double)(tensor.rows + tensor.columns));
        if (i < 2)
            scale = 0.02;
        for (size_t j = 0; j < count; j++)
            tensor.values[j] = vector ? 0.0f : (float)(scale * rng_normal (&rng));
        for (size_t j = 0; j < count && strstr (tensor.name, "gain"); j++)
            tensor.values[j] = 1.0f;
    }
}

/* What the arithmetic of a step sees. */
static const sasrec_weights_t *
s_seen (const learner_t *self)
{
    return self->compact ? self->compact : self->weights;
}

static void
s_worker_init (learner_t *self, worker_t *worker)
{
    const sasrec_shape_t *shape = &s_seen (self)->shape;
    worker->encoder = encoder_scratch_new (shape, batcher_token_limit (self->batcher),
        batcher_sequence_limit (self->batcher), true);
    worker->loss = loss_new (self->recipe.loss,
        self->touched ? touched_drawn_limit (self->touched) : shape->items,
        shape->width);
    worker->gradients = sasrec_weights_new (shape);
    if (batcher_has_weights (self->batcher))
        worker->weighed = weighed_new (batcher_token_limit (self->batcher));
    if (self->recipe.balance <= 0 && !worker->weighed)
        return;
    worker->factors = calloc (batcher_token_limit (self->batcher), sizeof (float));
    assert (worker->factors);
}

static void
s_init_adam (learner_t *self)
{
    adam_settings_t settings = {.beta1 = 0.9f,
        .beta2 = 0.98f,
        .epsilon = 1e-8f,
        .decay = (float)self->recipe.decay,
        .average = (float)self->recipe.average};
    self->adam = adam_new (self->weights->values, self->weights->count, &settings);
    if (self->touched)
        adam_track_rows (
            self->adam, self->recipe.shape.items, self->recipe.shape.width);
    self->averaged = *self->weights;
    self->averaged.owned = false;
    self->averaged.values = (float *)adam_averaged (self->adam);
}

static void
s_init_touched (learner_t *self)
{
    const recipe_t *recipe = &self->recipe;
    if (!loss_draws (recipe->loss))
        return;
    self->touched = touched_new (self->batcher, team_members (self->team), recipe->loss,
        recipe->shape.items, recipe->negatives);
    sasrec_shape_t shape = recipe->shape;
    shape.items = touched_limit (self->touched);
    self->compact = sasrec_weights_new (&shape);
}

learner_t *
learner_new (const recipe_t *recipe, batcher_t *batcher, team_t *team, uint64_t seed)
{
    learner_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->recipe = *recipe;
    self->batcher = batcher;
    self->team = team;
    self->seed = seed;
    self->weights = sasrec_weights_new (&recipe->shape);
    s_initialise (self->weights, seed);
    s_init_touched (self);
    s_init_adam (self);
    self->workers = calloc (team_members (team), sizeof (*self->workers));
    self->gradients = calloc (team_members (team), sizeof (*self->gradients));
    self->rest = calloc (team_members (team), sizeof (*self->rest));
    assert (self->workers && self->gradients && self->rest);
    for (size_t i = 0; i < team_members (team); i++) {
        s_worker_init (self, &self->workers[i]);
        self->gradients[i] = self->workers[i].gradients->values;
        self->rest[i] = sasrec_positions (self->workers[i].gradients);
    }
    return self;
}

void
learner_destroy (learner_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    learner_t *self = *self_p;
    for (size_t i = 0; i < team_members (self->team); i++) {
        encoder_scratch_destroy (&self->workers[i].encoder);
        loss_destroy (&self->workers[i].loss);
        sasrec_weights_destroy (&self->workers[i].gradients);
        free (self->workers[i].factors);
        weighed_destroy (&self->workers[i].weighed);
    }
    free (self->workers);
    free (self->gradients);
    free (self->rest);
    adam_destroy (&self->adam);
    touched_destroy (&self->touched);
    sasrec_weights_destroy (&self->compact);
    sasrec_weights_destroy (&self->weights);
    free (self);
    *self_p = NULL;
}

/* Members gather a share of the touched rows each. */
static void
s_gather (void *context, size_t member)
{
    learner_t *self = context;
    size_t members = team_members (self->team), d = self->recipe.shape.width;
    const int32_t *items = touched_items (self->touched);
    const float *from = sasrec_items (self->weights);
    float *to = sasrec_items (self->compact);
    size_t count = touched_count (self->touched);
    for (size_t i = count * member / members; i < count * (member + 1) / members; i++)
        memcpy (to + i * d, from + (size_t)items[i] * d, d * sizeof (float));
}

/* The small table of this step, and the other weights behind it. */
static void
s_compact (learner_t *self)
{
    rng_t rng;
    rng_seed (&rng, self->seed, RNG_NEGATIVES + self->steps);
    touched_collect (self->touched, &rng);
    team_run (self->team, s_gather, self);
    const float *rest = sasrec_positions (self->weights);
    const float *end = self->weights->values + self->weights->count;
    memcpy (
        sasrec_positions (self->compact), rest, (size_t)(end - rest) * sizeof (float));
}

static batcher_share_t
s_share (const learner_t *self, size_t member)
{
    return self->touched ? touched_share (self->touched, member)
                         : batcher_share (self->batcher, member);
}

/* Of positions: their number without weights. */
static double
s_weight (const float *weights, size_t begin, size_t end)
{
    double sum = weights ? 0 : (double)(end - begin);
    for (size_t t = begin; weights && t < end; t++)
        sum += (double)weights[t];
    return sum;
}

/* recipe.balance, scaled so that a user of mean weight has factor 1; times the targets'
 * own weights. */
static void
s_balance (const learner_t *self, const batcher_share_t *share, float *factors)
{
    double mean = batcher_mean_weight (self->batcher);
    for (size_t b = 0; b < share->sequence_count; b++) {
        size_t begin = share->offsets[b], end = share->offsets[b + 1];
        double weight = s_weight (share->weights, begin, end);
        float factor =
            weight > 0 ? (float)pow (mean / weight, self->recipe.balance) : 0;
        for (size_t t = begin; t < end; t++)
            factors[t] = share->weights ? factor * share->weights[t] : factor;
    }
}

static loss_input_t
s_loss_input (const learner_t *self, size_t member, const batcher_share_t *share)
{
    loss_input_t input = {.targets = share->targets,
        .rows = share->offsets[share->sequence_count],
        .items = sasrec_items (s_seen (self)),
        .weight = 1.0f / (float)self->positions,
        .factors = self->workers[member].factors,
        .population = self->recipe.shape.items};
    if (self->touched) {
        input.drawn = touched_drawn (self->touched);
        input.negatives = touched_negatives (self->touched, member);
    }
    return input;
}

/* hidden becomes its gradient. */
static void
s_run_loss (const learner_t *self, worker_t *worker, const batcher_share_t *share,
    loss_input_t *input, float *hidden)
{
    size_t rows = input->rows, width = self->recipe.shape.width;
    if (worker->weighed)
        weighed_gather (worker->weighed, share->weights, width, input, hidden);
    input->hidden = hidden;
    worker->targets = input->rows;
    worker->sum =
        loss_run (worker->loss, input, hidden, sasrec_items (worker->gradients));
    if (worker->weighed)
        weighed_scatter (worker->weighed, rows, width, hidden);
}

static void
s_gradients (void *context, size_t member)
{
    learner_t *self = context;
    worker_t *worker = &self->workers[member];
    batcher_share_t share = s_share (self, member);
    worker->sum = 0;
    worker->targets = 0;
    if (share.sequence_count == 0)
        return;
    encoder_dropout_t dropout = {(float)self->recipe.dropout,
        (float)self->recipe.attention_dropout,
        (self->seed * 1000003 + self->steps) * 1024 + member};
    float *hidden = encoder_forward (s_seen (self), worker->encoder, share.tokens,
        share.offsets, share.sequence_count, dropout);
    if (worker->factors)
        s_balance (self, &share, worker->factors);
    loss_input_t input = s_loss_input (self, member, &share);
    s_run_loss (self, worker, &share, &input, hidden);
    encoder_backward (s_seen (self), worker->encoder, hidden, worker->gradients);
}

/* Weights behind `begin` in equal shares of whole cache lines; gradients: of the weight
 * at `begin` and on. */
static void
s_update_range (learner_t *self, size_t member, size_t begin, float *const *gradients)
{
    size_t members = team_members (self->team), count = self->weights->count - begin;
    size_t piece = (count / 16 + members - 1) / members * 16;
    size_t first = member * piece < count ? member * piece : count;
    size_t end = member + 1 == members || first + piece > count ? count : first + piece;
    adam_update (self->adam, begin, gradients, members, first, end);
}

static void
s_update_touched (learner_t *self, size_t member)
{
    size_t members = team_members (self->team), count = touched_count (self->touched);
    adam_update_rows (self->adam, touched_items (self->touched),
        count * member / members, count * (member + 1) / members, self->gradients,
        members);
    size_t begin =
        (size_t)(sasrec_positions (self->weights) - sasrec_items (self->weights));
    s_update_range (self, member, begin, self->rest);
}

static void
s_update (void *context, size_t member)
{
    learner_t *self = context;
    if (self->touched)
        s_update_touched (self, member);
    else
        s_update_range (self, member, 0, self->gradients);
}

double
learner_step (learner_t *self, size_t batch, double learning_rate, uint64_t *positions)
{
    self->positions = batcher_fill (self->batcher, batch);
    self->steps++;
    if (self->touched)
        s_compact (self);
    team_run (self->team, s_gradients, self);
    adam_begin (self->adam, (float)learning_rate);
    team_run (self->team, s_update, self);
    double sum = 0;
    for (size_t i = 0; i < team_members (self->team); i++)
        sum += self->workers[i].sum;
    *positions += self->positions;
    return sum;
}

size_t
learner_targets (const learner_t *self)
{
    size_t targets = 0;
    for (size_t i = 0; i < team_members (self->team); i++)
        targets += self->workers[i].targets;
    return targets;
}

const sasrec_weights_t *
learner_weights (learner_t *self)
{
    adam_settle (self->adam);
    return &self->averaged;
}

size_t
learner_state (learner_t *self, part_t parts[LEARNER_STATE_PARTS])
{
    parts[0] = (part_t){"learner.steps", &self->steps, sizeof (self->steps)};
    parts[1] = (part_t){"learner.weights", self->weights->values,
        self->weights->count * sizeof (float)};
    return 2 + adam_state (self->adam, parts + 2);
}
