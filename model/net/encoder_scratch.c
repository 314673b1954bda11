/* Memory of the encoder: one allocation, cut into rows of T.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/net/encoder_scratch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/net/attention.h"

/* With base NULL only counts; so sizes and pointers cannot disagree. */
typedef struct {
    float *base;
    size_t used;
} cutter_t;

static float *
s_cut (cutter_t *self, size_t floats)
{
    float *at = self->base ? self->base + self->used : NULL;
    self->used += (floats + 15) / 16 * 16;
    return at;
}

static void
s_cut_block (
    encoder_kept_t *kept, const sasrec_shape_t *shape, size_t t, cutter_t *cutter)
{
    size_t d = shape->width, f = d * shape->ffn_factor;
    kept->input = s_cut (cutter, t * d);
    kept->normed = s_cut (cutter, shape->post_norm ? 0 : t * d);
    kept->qkv = s_cut (cutter, t * 3 * d);
    kept->mixed = s_cut (cutter, t * d);
    kept->middle = s_cut (cutter, t * d);
    kept->between = s_cut (cutter, t * d);
    kept->hidden = s_cut (cutter, t * f);
    kept->active = s_cut (cutter, t * f);
    kept->sum = s_cut (cutter, shape->post_norm ? t * d : 0);
    kept->stats_outer = s_cut (cutter, t * 2);
    kept->stats_middle = s_cut (cutter, t * 2);
}

static size_t
s_kept_count (const encoder_scratch_t *self)
{
    return self->training ? self->shape.blocks : 1;
}

static void
s_cut_all (encoder_scratch_t *self, cutter_t *cutter)
{
    size_t t = self->token_limit, d = self->shape.width;
    size_t wide = self->shape.ffn_factor > 3 ? self->shape.ffn_factor * d : 3 * d;
    for (size_t i = 0; i < s_kept_count (self); i++)
        s_cut_block (&self->kept[i], &self->shape, t, cutter);
    self->output = s_cut (cutter, t * d);
    self->stats = s_cut (cutter, t * 2);
    self->final = s_cut (cutter, t * d);
    self->narrow = s_cut (cutter, t * d);
    self->dx = s_cut (cutter, self->training ? t * d : 0);
    self->dwide = s_cut (cutter, self->training ? t * wide : 0);
    self->attention = s_cut (cutter, attention_scratch_floats (self->shape.window));
}

encoder_scratch_t *
encoder_scratch_new (const sasrec_shape_t *shape, size_t token_limit,
    size_t sequence_limit, bool training)
{
    assert (token_limit > 0 && sequence_limit > 0);
    encoder_scratch_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->shape = *shape;
    self->token_limit = token_limit;
    self->sequence_limit = sequence_limit;
    self->training = training;
    self->kept = calloc (s_kept_count (self), sizeof (*self->kept));
    assert (self->kept);
    cutter_t cutter = {0};
    s_cut_all (self, &cutter);
    self->memory = aligned_alloc (64, cutter.used * sizeof (float));
    assert (self->memory);
    cutter = (cutter_t){.base = self->memory};
    s_cut_all (self, &cutter);
    return self;
}

void
encoder_scratch_destroy (encoder_scratch_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    free ((*self_p)->memory);
    free ((*self_p)->kept);
    free (*self_p);
    *self_p = NULL;
}

/* Another stream of the key; splitmix64. */
static uint64_t
s_key (uint64_t key, uint64_t stream)
{
    uint64_t x = key + (stream + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

dropout_t
encoder_dropout (encoder_dropout_t dropout, size_t block, unsigned place)
{
    return (dropout_t){
        dropout.rate, s_key (dropout.key, block * ENCODER_DROP_PLACES + place)};
}

dropout_t
encoder_attention_dropout (encoder_dropout_t dropout, size_t block, size_t sequence)
{
    uint64_t key = s_key (~dropout.key, block);
    return (dropout_t){dropout.attention_rate, s_key (key, sequence)};
}
