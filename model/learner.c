/* One training step on a team of threads. SPDX-License-Identifier: Apache-2.0 */
#include "model/learner.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "model/adam.h"
#include "model/encoder.h"
#include "model/loss.h"

/* One thread's. */
typedef struct {
    encoder_scratch_t *encoder;
    loss_t *loss;
    sasrec_weights_t *gradients;
    double sum; /* of losses in this step */
} worker_t;

struct learner {
    recipe_t recipe;
    batcher_t *batcher;
    team_t *team;
    uint64_t seed;
    sasrec_weights_t *weights;
    sasrec_weights_t averaged; /* a view */
    adam_t *adam;
    worker_t *workers;
    float **gradients; /* of the workers, in their order */
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

static void
s_worker_init (learner_t *self, worker_t *worker)
{
    const sasrec_shape_t *shape = &self->recipe.shape;
    worker->encoder = encoder_scratch_new (shape, batcher_token_limit (self->batcher),
        batcher_sequence_limit (self->batcher), true);
    worker->loss = loss_new (shape->items, shape->width);
    worker->gradients = sasrec_weights_new (shape);
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
    adam_settings_t settings = {.beta1 = 0.9f,
        .beta2 = 0.98f,
        .epsilon = 1e-8f,
        .decay = (float)recipe->decay,
        .average = (float)recipe->average};
    self->adam = adam_new (self->weights->values, self->weights->count, &settings);
    self->workers = calloc (team_members (team), sizeof (*self->workers));
    self->gradients = calloc (team_members (team), sizeof (*self->gradients));
    assert (self->workers && self->gradients);
    for (size_t i = 0; i < team_members (team); i++) {
        s_worker_init (self, &self->workers[i]);
        self->gradients[i] = self->workers[i].gradients->values;
    }
    self->averaged = *self->weights;
    self->averaged.owned = false;
    self->averaged.values = (float *)adam_averaged (self->adam);
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
    }
    free (self->workers);
    free (self->gradients);
    adam_destroy (&self->adam);
    sasrec_weights_destroy (&self->weights);
    free (self);
    *self_p = NULL;
}

static void
s_gradients (void *context, size_t member)
{
    learner_t *self = context;
    worker_t *worker = &self->workers[member];
    batcher_share_t share = batcher_share (self->batcher, member);
    worker->sum = 0;
    if (share.sequence_count == 0)
        return;
    dropout_t dropout = {(float)self->recipe.dropout,
        (self->seed * 1000003 + self->steps) * 1024 + member};
    float *hidden = encoder_forward (self->weights, worker->encoder, share.tokens,
        share.offsets, share.sequence_count, dropout);
    loss_input_t input = {.hidden = hidden,
        .targets = share.targets,
        .rows = share.offsets[share.sequence_count],
        .items = sasrec_items (self->weights),
        .weight = 1.0f / (float)self->positions};
    worker->sum =
        loss_softmax (worker->loss, &input, hidden, sasrec_items (worker->gradients));
    encoder_backward (self->weights, worker->encoder, hidden, worker->gradients);
}

static void
s_update (void *context, size_t member)
{
    learner_t *self = context;
    size_t members = team_members (self->team), count = self->weights->count;
    size_t piece = (count / 16 + members - 1) / members * 16; /* whole cache lines */
    size_t begin = member * piece < count ? member * piece : count;
    size_t end = member + 1 == members || begin + piece > count ? count : begin + piece;
    adam_update (self->adam, self->gradients, members, begin, end);
}

double
learner_step (learner_t *self, size_t batch, double learning_rate, uint64_t *positions)
{
    self->positions = batcher_fill (self->batcher, batch);
    self->steps++;
    team_run (self->team, s_gradients, self);
    adam_begin (self->adam, (float)learning_rate);
    team_run (self->team, s_update, self);
    double sum = 0;
    for (size_t i = 0; i < team_members (self->team); i++)
        sum += self->workers[i].sum;
    *positions += self->positions;
    return sum;
}

const sasrec_weights_t *
learner_weights (const learner_t *self)
{
    return &self->averaged;
}
