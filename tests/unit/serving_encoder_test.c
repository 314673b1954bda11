/* The encoder for serving: beside the one that trains, with every kernel this CPU has,
 * bf16's too; alone, in a batch and item by item. SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/serving_encoder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/kernel/blas.h"
#include "model/net/encoder.h"
#include "tests/unit/model_samples.h"

enum { SEQUENCES = 5, TOKENS = 270, WIDTH_MOST = 144 };

static const size_t s_offsets[SEQUENCES + 1] = {0, 1, 71, 221, 227, TOKENS};

/* Widths of whole vectors and not, heads narrower than one; each with what trained
 * networks have: both norms, a bias by distance. */
static const sasrec_shape_t s_shapes[] = {
    {50, 64, 2, 2, 150, 4, false, true},
    {50, 64, 2, 1, 150, 1, true, false},
    {50, 50, 3, 2, 150, 2, false, true},
    {50, 12, 2, 4, 150, 3, true, true},
    {50, 144, 2, 2, 150, 2, false, false},
    {50, 8, 1, 1, 150, 1, false, true},
};
#define SHAPES (sizeof s_shapes / sizeof *s_shapes)

typedef struct {
    sasrec_weights_t *weights;
    packed_t *packed;
    serving_encoder_t *encoder;
    int32_t tokens[TOKENS];
    float hidden[SEQUENCES * WIDTH_MOST];
} world_t;

static world_t *
s_world (const sasrec_shape_t *shape, const forward_kernel_t *kernel)
{
    world_t *self = calloc (1, sizeof *self);
    self->weights = sample_weights (shape, 11);
    self->packed = packed_new (self->weights, kernel);
    self->encoder = serving_encoder_new (self->packed, TOKENS, SEQUENCES);
    for (size_t t = 0; t < TOKENS; t++)
        self->tokens[t] = (int32_t)((t * t * 7 + t * 3 + 1) % shape->items);
    return self;
}

static void
s_end (world_t **self_p)
{
    world_t *self = *self_p;
    serving_encoder_destroy (&self->encoder);
    packed_destroy (&self->packed);
    sasrec_weights_destroy (&self->weights);
    free (self);
    *self_p = NULL;
}

/* Every kernel there is, those with weights in bf16 last. */
static const forward_kernel_t *
s_kernel (size_t index)
{
    size_t floats = 0;
    while (forward_kernel (floats))
        floats++;
    return index < floats ? forward_kernel (index)
                          : forward_bf16_kernel (index - floats);
}

static size_t
s_length (size_t sequence)
{
    return s_offsets[sequence + 1] - s_offsets[sequence];
}

static void
s_run_batch (world_t *self)
{
    serving_sequence_t sequences[SEQUENCES];
    for (size_t b = 0; b < SEQUENCES; b++)
        sequences[b] =
            (serving_sequence_t){self->tokens + s_offsets[b], s_length (b), NULL};
    serving_encoder_last (
        self->encoder, self->packed, sequences, SEQUENCES, false, self->hidden);
}

/* Hidden vectors are of a LayerNorm, about 1 in size: a product of 600 terms is off by some
 * 1e-6 there. */
static void
s_assert_close (const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf (a[i] - b[i]) <= 2e-5f * (1.0f + fabsf (b[i]))))
            fail_msg ("[%zu]: %g and %g", i, (double)a[i], (double)b[i]);
}

/* What is rounded to 8 bits is off by up to 2^-9 of itself. */
static void
s_assert_near (const float *hidden, const float *expected, size_t count)
{
    double square = 0, off = 0;
    for (size_t j = 0; j < count; j++) {
        double difference = (double)hidden[j] - (double)expected[j];
        square += (double)expected[j] * (double)expected[j];
        off += difference * difference;
    }
    assert_true (off > 0 && sqrt (off / square) < 0.01);
}

typedef const forward_kernel_t *(kernel_f)(size_t number);
typedef void (assert_f) (const float *hidden, const float *expected, size_t count);

static void
s_compare_with_training (kernel_f *kernels, assert_f *check)
{
    for (size_t i = 0; i < SHAPES; i++) {
        const sasrec_shape_t *shape = &s_shapes[i];
        encoder_scratch_t *scratch =
            encoder_scratch_new (shape, TOKENS, SEQUENCES, false);
        float expected[SEQUENCES * WIDTH_MOST];
        const forward_kernel_t *kernel;
        for (size_t k = 0; (kernel = kernels (k)); k++) {
            world_t *world = s_world (shape, kernel);
            encoder_last (
                world->weights, scratch, world->tokens, s_offsets, SEQUENCES, expected);
            s_run_batch (world);
            check (world->hidden, expected, SEQUENCES * shape->width);
            s_end (&world);
        }
        encoder_scratch_destroy (&scratch);
    }
}

static void
every_kernel_gives_what_training_gives (void **state)
{
    (void)state;
    s_compare_with_training (forward_kernel, s_assert_close);
}

static void
bf16_is_near_what_training_gives (void **state)
{
    (void)state;
    if (!forward_bf16_kernel (0))
        skip ();
    s_compare_with_training (forward_bf16_kernel, s_assert_near);
}

static void
a_batch_changes_no_bit (void **state)
{
    (void)state;
    const forward_kernel_t *kernel;
    for (size_t k = 0; (kernel = s_kernel (k)); k++)
        for (size_t i = 0; i < SHAPES; i++) {
            world_t *world = s_world (&s_shapes[i], kernel);
            size_t width = s_shapes[i].width;
            s_run_batch (world);
            for (size_t b = 0; b < SEQUENCES; b++) {
                float alone[WIDTH_MOST];
                const int32_t *tokens = world->tokens + s_offsets[b];
                serving_sequence_t one = {tokens, s_length (b), NULL};
                serving_encoder_last (
                    world->encoder, world->packed, &one, 1, false, alone);
                assert_memory_equal (
                    alone, world->hidden + b * width, width * sizeof *alone);
            }
            s_end (&world);
        }
}

/* Grows through several panels, by one item and by some; then goes back to a beginning and
 * on with other items. */
static void
what_is_kept_changes_no_bit (void **state)
{
    (void)state;
    const size_t steps[] = {1, 1, 5, 1, 60, 1, 1, 30, 50};
    const forward_kernel_t *kernel;
    for (size_t k = 0; (kernel = s_kernel (k)); k++)
        for (size_t i = 0; i < SHAPES; i++) {
            world_t *world = s_world (&s_shapes[i], kernel);
            size_t bytes = s_shapes[i].width * sizeof (float), count = 0;
            kept_t *kept = kept_new (world->packed, 1, false);
            const int32_t *tokens = world->tokens;
            for (size_t s = 0; s <= sizeof steps / sizeof *steps; s++) {
                float whole[WIDTH_MOST], grown[WIDTH_MOST];
                size_t more = 20;
                if (s < sizeof steps / sizeof *steps)
                    more = steps[s];
                else {
                    kept_set_count (kept, count = 65);
                    for (size_t t = 65; t < 85; t++)
                        world->tokens[t] = (int32_t)(t % 50);
                }
                serving_sequence_t next = {tokens + count, more, kept};
                serving_encoder_last (
                    world->encoder, world->packed, &next, 1, false, grown);
                count += more;
                assert_int_equal (kept_count (kept), count);
                serving_sequence_t all = {tokens, count, NULL};
                serving_encoder_last (
                    world->encoder, world->packed, &all, 1, false, whole);
                assert_memory_equal (grown, whole, bytes);
            }
            kept_destroy (&kept);
            s_end (&world);
        }
}

static void
kept_and_new_histories_share_a_batch (void **state)
{
    (void)state;
    world_t *world = s_world (&s_shapes[0], NULL);
    size_t width = s_shapes[0].width;
    s_run_batch (world);
    float hidden[SEQUENCES * WIDTH_MOST];
    kept_t *kept[SEQUENCES] = {0};
    serving_sequence_t sequences[SEQUENCES];
    for (size_t b = 0; b < SEQUENCES; b++) {
        const int32_t *tokens = world->tokens + s_offsets[b];
        size_t old = b % 2 ? s_length (b) / 2 : 0;
        kept[b] = old ? kept_new (world->packed, old, false) : NULL;
        serving_sequence_t begin = {tokens, old, kept[b]};
        if (old)
            serving_encoder_last (
                world->encoder, world->packed, &begin, 1, false, hidden);
        sequences[b] = (serving_sequence_t){tokens + old, s_length (b) - old, kept[b]};
    }
    serving_encoder_last (
        world->encoder, world->packed, sequences, SEQUENCES, false, hidden);
    assert_memory_equal (hidden, world->hidden, SEQUENCES * width * sizeof (float));
    for (size_t b = 0; b < SEQUENCES; b++)
        kept_destroy (&kept[b]);
    s_end (&world);
}

/* Kept or not, from the beginning or after some; those that are too short for it, too. */
static void
s_compare_threads (const sasrec_shape_t *shape, const forward_kernel_t *kernel)
{
    world_t *world = s_world (shape, kernel);
    float alone[WIDTH_MOST], together[WIDTH_MOST];
    for (size_t round = 0; round < 20; round++) {
        size_t count = 131 + round, old = round % 3 ? 7 * round : 0;
        serving_sequence_t all = {world->tokens, count, NULL};
        serving_encoder_last (world->encoder, world->packed, &all, 1, false, alone);
        kept_t *kept = round % 2 ? kept_new (world->packed, count, false) : NULL;
        old = kept ? old : 0;
        serving_sequence_t begin = {world->tokens, old, kept};
        if (old)
            serving_encoder_last (
                world->encoder, world->packed, &begin, 1, true, together);
        serving_sequence_t rest = {world->tokens + old, count - old, kept};
        serving_encoder_last (world->encoder, world->packed, &rest, 1, true, together);
        assert_memory_equal (together, alone, shape->width * sizeof *alone);
        kept_destroy (&kept);
    }
    s_end (&world);
}

static void
a_second_thread_changes_no_bit (void **state)
{
    (void)state;
    const forward_kernel_t *kernel;
    for (size_t k = 0; (kernel = s_kernel (k)); k++)
        for (size_t i = 0; i < SHAPES; i++)
            s_compare_threads (&s_shapes[i], kernel);
}

int
main (void)
{
    blas_setup ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_kernel_gives_what_training_gives),
        cmocka_unit_test (bf16_is_near_what_training_gives),
        cmocka_unit_test (a_batch_changes_no_bit),
        cmocka_unit_test (what_is_kept_changes_no_bit),
        cmocka_unit_test (kept_and_new_histories_share_a_batch),
        cmocka_unit_test (a_second_thread_changes_no_bit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
