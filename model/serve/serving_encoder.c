/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/serving_encoder.h"

#include <assert.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "model/serve/serving_steps.h"

/* Rows that one of two threads takes at a time: a quarter of those that are left, so that
 * both end together and yet few parts read a block's weights; at least so many times those
 * that are multiplied together. */
#define PART_LEAST 2
#define PARTS_MOST 64

/* Products beyond which another thread is called, which comes within 50 us: about 100 us. */
#define ALONE_MOST 5e6

#define SPINS 1000 /* before others may have the core */

/* Rows a power of two apart would share their places in the caches. */
static size_t
s_ld (size_t width)
{
    return (width + 15) / 16 * 16 + FORWARD_SLACK;
}

serving_encoder_t *
serving_encoder_new (const packed_t *packed, size_t token_limit, size_t sequence_limit)
{
    const sasrec_shape_t *shape = &packed->shape;
    serving_encoder_t *self = calloc (1, sizeof *self);
    assert (self && token_limit >= shape->window);
    self->shape = *shape;
    self->kernel = packed->kernel;
    self->token_limit = token_limit;
    self->sequence_limit = sequence_limit;
    self->ld = s_ld (shape->width);
    self->ld_inner = s_ld (shape->width * shape->ffn_factor);
    size_t rows = token_limit * self->ld, inner = token_limit * self->ld_inner;
    size_t scores = forward_scores (self->kernel, shape->window);
    size_t floats = (6 * rows + inner + 2 * scores + 15) / 16 * 16;
    size_t room = forward_room (self->kernel, shape->width * shape->ffn_factor);
    size_t bytes = floats * sizeof (float) + 2 * room;
    self->memory = aligned_alloc (64, bytes);
    assert (self->memory);
    memset (self->memory, 0, bytes);
    float **const places[] = {
        &self->x, &self->normed, &self->query, &self->key, &self->value, &self->mixed};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        *places[i] = self->memory + i * rows;
    self->inner = self->memory + 6 * rows;
    self->scores[0] = self->inner + inner;
    self->scores[1] = self->scores[0] + scores;
    for (size_t i = 0; room && i < 2; i++)
        self->rooms[i] = (char *)(self->memory + floats) + i * room;
    self->kept = kept_new (packed, shape->window, true);
    return self;
}

void
serving_encoder_destroy (serving_encoder_t **self_p)
{
    if (!*self_p)
        return;
    assist_destroy (&(*self_p)->assist);
    kept_destroy (&(*self_p)->kept);
    free ((*self_p)->memory);
    free (*self_p);
    *self_p = NULL;
}

static void
s_run (serving_pass_t *pass)
{
    size_t last = pass->self->shape.blocks - 1;
    for (size_t i = 0; i < last; i++) {
        const packed_block_t *block = &pass->packed->blocks[i];
        serving_keys (pass, block);
        serving_queries (pass, block);
        serving_attend_all (pass, i, false);
        serving_go_on (pass, block);
    }
    serving_keys (pass, &pass->packed->blocks[last]);
    serving_go_on_with_last (pass, last);
}

/* One sequence on two threads. Rows need each other in attention only: before it all parts
 * of its projections have to be done. So a phase is all from one attention to the next. */
#define PHASES_MOST 64

typedef struct {
    serving_pass_t pass;
    size_t parts, phases;
    size_t ends
        [PARTS_MOST]; /* of parts, counted from the last row, which sees most keys */
    atomic_size_t next[PHASES_MOST]; /* part to be taken */
    atomic_size_t done[PHASES_MOST]; /* parts */
} shared_t;

static void
s_do_part (const shared_t *shared, size_t phase, size_t part, size_t thread)
{
    serving_pass_t pass = shared->pass;
    const packed_block_t *blocks = pass.packed->blocks;
    size_t begin = part > 0 ? shared->ends[part - 1] : 0;
    pass.first = pass.rows - shared->ends[part];
    pass.rows = shared->ends[part] - begin;
    pass.thread = thread;
    serving_part_t rows = {pass.sequences, pass.first, pass.rows, pass.first};
    if (phase > 0) {
        serving_attend (&pass, phase - 1, &rows);
        serving_go_on (&pass, &blocks[phase - 1]);
    }
    serving_keys (&pass, &blocks[phase]);
    if (phase + 1 < shared->phases)
        serving_queries (&pass, &blocks[phase]);
    serving_keep (&pass, phase, &rows);
}

static void
s_begin (const serving_encoder_t *self)
{
    if (self->kernel->begin)
        self->kernel->begin ();
}

static void
s_end (const serving_encoder_t *self)
{
    if (self->kernel->end)
        self->kernel->end ();
}

static void
s_do_parts (shared_t *shared, size_t thread)
{
    for (size_t i = 0; i < shared->phases; i++) {
        size_t part;
        while ((part = atomic_fetch_add (&shared->next[i], 1)) < shared->parts) {
            s_do_part (shared, i, part, thread);
            atomic_fetch_add (&shared->done[i], 1);
        }
        for (size_t spins = 0; atomic_load (&shared->done[i]) < shared->parts; spins++)
            if (spins > SPINS)
                sched_yield ();
    }
}

static void
s_assist (void *context)
{
    shared_t *shared = context;
    s_begin (shared->pass.self);
    s_do_parts (shared, 1);
    s_end (shared->pass.self);
}

/* Numbers of a block's matrices, which each row meets. */
static size_t
s_block_weights (const sasrec_shape_t *shape)
{
    return (4 + 2 * shape->ffn_factor) * shape->width * shape->width;
}

static void
s_make_parts (shared_t *shared)
{
    size_t least = PART_LEAST * shared->pass.self->kernel->rows;
    size_t left = shared->pass.rows;
    while (left > 0) {
        size_t part = left / 4 > least ? left / 4 : least;
        bool rest = part > left || shared->parts == PARTS_MOST - 1;
        left -= rest ? left : part;
        shared->ends[shared->parts++] = shared->pass.rows - left;
    }
}

static void
s_run_together (serving_pass_t *pass)
{
    serving_encoder_t *self = pass->self;
    shared_t shared = {.pass = *pass, .phases = self->shape.blocks};
    s_make_parts (&shared);
    assist_call (self->assist, s_assist, &shared);
    s_do_parts (&shared, 0);
    assist_end (self->assist);
    serving_go_on_with_last (pass, self->shape.blocks - 1);
}

static bool
s_worth_it (const serving_pass_t *pass)
{
    double blocks = (double)pass->self->shape.blocks - 0.8;
    double row = (double)s_block_weights (&pass->self->shape);
    return pass->count == 1 && blocks * row * (double)pass->rows > ALONE_MOST;
}

/* The thread is made when it is first of use. */
static bool
s_has_assist (serving_encoder_t *self)
{
    if (!self->assist)
        self->assist = assist_new ();
    return self->assist != NULL;
}

static void
s_finish (const serving_pass_t *pass, float *hidden)
{
    serving_encoder_t *self = pass->self;
    size_t d = self->shape.width;
    serving_normalize (pass, &pass->packed->norm, self->x, self->normed);
    for (size_t b = 0; b < pass->count; b++) {
        const serving_sequence_t *sequence = &pass->sequences[b];
        memcpy (hidden + b * d, self->normed + b * self->ld, d * sizeof *hidden);
        if (sequence->kept)
            kept_set_count (
                sequence->kept, serving_before (sequence) + sequence->count);
    }
}

void
serving_encoder_last (serving_encoder_t *self, const packed_t *packed,
    const serving_sequence_t *sequences, size_t count, bool idle, float *hidden)
{
    if (count == 0)
        return;
    serving_pass_t pass = {self, packed, sequences, count, 0, 0, 0};
    for (size_t b = 0; b < count; b++) {
        assert (
            sequences[b].count > 0 &&
            serving_before (&sequences[b]) + sequences[b].count <= self->shape.window);
        if (sequences[b].kept)
            kept_reserve (
                sequences[b].kept, serving_before (&sequences[b]) + sequences[b].count);
        pass.rows += sequences[b].count;
    }
    assert (count <= self->sequence_limit && pass.rows <= self->token_limit);
    assert (packed->kernel == self->kernel);
    serving_embed (&pass);
    s_begin (self);
    if (idle && s_worth_it (&pass) && s_has_assist (self))
        s_run_together (&pass);
    else
        s_run (&pass);
    s_end (self);
    s_finish (&pass, hidden);
}
