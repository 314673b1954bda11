/* The encoder in bf16: only for a model that loses next to nothing by it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/bf16_trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/checkpoint/canary.h"
#include "model/kernel/blas.h"
#include "model/kernel/forward.h"
#include "tests/unit/tiny_model.h"

enum { ITEMS = 300, WINDOW = 40, K = 10 };

typedef struct {
    dataset_t *data;
    sasrec_weights_t *weights;
    model_t *model;
    json_t *canary;
} world_t;

/* scale: of what queries and keys are made by. */
static world_t *
s_world (float scale)
{
    world_t *self = calloc (1, sizeof *self);
    self->data = tiny_data (100, ITEMS);
    sasrec_shape_t shape = {.items = self->data->item_count,
        .width = 64,
        .blocks = 2,
        .heads = 2,
        .window = WINDOW,
        .ffn_factor = 4,
        .relative_bias = true};
    self->weights = tiny_weights (&shape, 3);
    for (size_t i = 0; i < shape.blocks; i++)
        for (size_t j = 0; j < 3 * shape.width * shape.width; j++)
            if (j % (3 * shape.width) < 2 * shape.width)
                sasrec_block (self->weights, i).qkv_weight[j] *= scale;
    self->model =
        model_new ("v1", self->weights, self->data->item_ids, self->data->item_counts);
    self->canary = canary_new (self->model, self->data);
    return self;
}

static void
s_end (world_t **self_p)
{
    world_t *self = *self_p;
    json_decref (self->canary);
    model_destroy (&self->model);
    sasrec_weights_destroy (&self->weights);
    dataset_destroy (&self->data);
    free (self);
    *self_p = NULL;
}

static bf16_trial_t
s_try (world_t *self)
{
    return bf16_trial (self->model, self->canary, self->data->item_counts);
}

static void
s_answer (const world_t *self, float scores[K])
{
    int64_t items[K], history[] = {10, 50, 20, 70};
    model_scratch_t *scratch = model_scratch_new (self->model, 1);
    model_query_t query = {.history = history, .history_count = 4, .k = K};
    model_answer_t answer = {.item_ids = items, .scores = scores};
    model_recommend (self->model, scratch, &query, 1, &answer);
    assert_int_equal (answer.count, K);
    model_scratch_destroy (&scratch);
}

static void
s_needs_kernel (void)
{
    if (!forward_bf16_best ())
        skip ();
}

static void
a_model_that_loses_nothing_is_taken (void **state)
{
    (void)state;
    s_needs_kernel ();
    world_t *world = s_world (1);
    float exact[K], rounded[K];
    s_answer (world, exact);
    bf16_trial_t trial = s_try (world);
    assert_true (trial.possible && trial.used);
    assert_true (trial.loss >= 0 && trial.loss <= BF16_TRIAL_LOSS_MOST);
    assert_int_equal (trial.histories, BF16_TRIAL_HISTORIES);
    assert_true (model_uses_bf16 (world->model));
    s_answer (world, rounded);
    assert_memory_not_equal (exact, rounded, sizeof exact);
    s_end (&world);
}

/* Its attention takes the one item that a query fits best, of several that fit it nearly as
 * well: rounded, another one. */
static void
a_model_that_ranks_otherwise_is_refused (void **state)
{
    (void)state;
    s_needs_kernel ();
    world_t *world = s_world (30);
    float exact[K], again[K];
    s_answer (world, exact);
    bf16_trial_t trial = s_try (world);
    assert_true (trial.possible && !trial.used);
    assert_true (trial.loss > BF16_TRIAL_LOSS_MOST && trial.loss <= 1);
    assert_false (model_uses_bf16 (world->model));
    s_answer (world, again);
    assert_memory_equal (exact, again, sizeof exact);
    s_end (&world);
}

static void
the_same_model_has_the_same_trial (void **state)
{
    (void)state;
    s_needs_kernel ();
    world_t *world = s_world (30);
    bf16_trial_t first = s_try (world), second = s_try (world);
    assert_true (first.loss == second.loss && first.histories == second.histories);
    s_end (&world);
}

static void
a_scratch_is_of_one_precision (void **state)
{
    (void)state;
    s_needs_kernel ();
    world_t *world = s_world (1);
    model_scratch_t *scratch = model_scratch_new (world->model, 1);
    assert_true (model_scratch_fits (scratch, world->model));
    assert_true (model_use_bf16 (world->model, true));
    assert_false (model_scratch_fits (scratch, world->model));
    model_scratch_destroy (&scratch);
    s_end (&world);
}

static void
without_a_kernel_nothing_is_tried (void **state)
{
    (void)state;
    if (forward_bf16_best ())
        skip ();
    world_t *world = s_world (1);
    bf16_trial_t trial = s_try (world);
    assert_false (trial.possible || trial.used || model_uses_bf16 (world->model));
    s_end (&world);
}

int
main (void)
{
    blas_setup ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_model_that_loses_nothing_is_taken),
        cmocka_unit_test (a_model_that_ranks_otherwise_is_refused),
        cmocka_unit_test (the_same_model_has_the_same_trial),
        cmocka_unit_test (a_scratch_is_of_one_precision),
        cmocka_unit_test (without_a_kernel_nothing_is_tried),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
