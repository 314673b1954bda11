/* Hidden states, loss, gradients and Adam steps against what PyTorch computed for the
 * same weights (tests/fixtures/make_reference.py). The tolerance is that of two float
 * implementations with different orders of summation, times a few layers.
 * SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/train/adam.h"
#include "model/kernel/blas.h"
#include "model/net/encoder.h"
#include "model/train/loss.h"

#define ROWS 12

static const int32_t s_tokens[ROWS] = {2, 0, 6, 1, 5, 5, 3, 2, 4, 10, 7, 8};
static const int32_t s_targets[ROWS] = {0, 6, 1, 9, 5, 3, 2, 4, 10, 1, 8, 3};
static const size_t s_offsets[4] = {0, 4, 10, 12};

static const sasrec_shape_t s_pre = {.items = 11,
    .width = 8,
    .blocks = 2,
    .heads = 2,
    .window = 6,
    .ffn_factor = 2,
    .post_norm = false,
    .relative_bias = true};
static const sasrec_shape_t s_post = {.items = 11,
    .width = 8,
    .blocks = 2,
    .heads = 1,
    .window = 6,
    .ffn_factor = 1,
    .post_norm = true};

/* One network of the fixture, and ours beside it. */
typedef struct {
    const char *path;
    sasrec_weights_t *weights, *gradients;
    encoder_scratch_t *encoder;
    loss_t *loss;
} network_t;

/* Values of a line "name count value value ..."; exactly count of them. */
static void
s_read (const char *path, const char *name, float *values, size_t count)
{
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    char word[96];
    size_t given;
    bool found = false;
    int c;
    while (!found && fscanf (file, "%95s", word) == 1) {
        if (strcmp (word, name) == 0 && fscanf (file, "%zu", &given) == 1)
            found = true;
        else
            while ((c = fgetc (file)) != '\n' && c != EOF)
                ;
    }
    if (!found || given != count)
        fail_msg ("%s: no %s of %zu values", path, name, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal (fscanf (file, "%f", &values[i]), 1);
    fclose (file);
}

static void
s_compare (const network_t *self, const char *name, const float *given, size_t count,
    float tolerance)
{
    float want[512];
    assert_true (count <= 512);
    s_read (self->path, name, want, count);
    for (size_t i = 0; i < count; i++)
        if (fabsf (given[i] - want[i]) > tolerance * (1.0f + fabsf (want[i])))
            fail_msg (
                "%s[%zu]: %g, PyTorch %g", name, i, (double)given[i], (double)want[i]);
}

static network_t
s_network (const char *path, const sasrec_shape_t *shape)
{
    network_t self = {.path = path,
        .weights = sasrec_weights_new (shape),
        .gradients = sasrec_weights_new (shape),
        .encoder = encoder_scratch_new (shape, ROWS, 3, true),
        .loss = loss_new (LOSS_FULL, shape->items, shape->width)};
    for (size_t i = 0; i < sasrec_tensor_count (shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (self.weights, i);
        char name[96];
        snprintf (name, sizeof (name), "weight:%s", tensor.name);
        s_read (path, name, tensor.values, tensor.rows * tensor.columns);
    }
    return self;
}

static void
s_free (network_t *self)
{
    sasrec_weights_destroy (&self->weights);
    sasrec_weights_destroy (&self->gradients);
    encoder_scratch_destroy (&self->encoder);
    loss_destroy (&self->loss);
}

/* Mean loss; gradients are added up. hidden_copy: NULL or room for ROWS x D. */
static float
s_pass (network_t *self, float *hidden_copy)
{
    float *hidden = encoder_forward (
        self->weights, self->encoder, s_tokens, s_offsets, 3, (encoder_dropout_t){0});
    if (hidden_copy)
        memcpy (
            hidden_copy, hidden, ROWS * self->weights->shape.width * sizeof (float));
    loss_input_t input = {.hidden = hidden,
        .targets = s_targets,
        .rows = ROWS,
        .items = sasrec_items (self->weights),
        .weight = 1.0f / ROWS};
    double sum = loss_run (self->loss, &input, hidden, sasrec_items (self->gradients));
    encoder_backward (self->weights, self->encoder, hidden, self->gradients);
    return (float)(sum / ROWS);
}

static void
s_check_pass (const char *path, const sasrec_shape_t *shape)
{
    network_t self = s_network (path, shape);
    float hidden[ROWS * 8];
    float loss = s_pass (&self, hidden);
    s_compare (&self, "hidden", hidden, ROWS * 8, 1e-5f);
    s_compare (&self, "loss", &loss, 1, 1e-5f);
    for (size_t i = 0; i < sasrec_tensor_count (shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (self.gradients, i);
        char name[96];
        snprintf (name, sizeof (name), "gradient:%s", tensor.name);
        s_compare (&self, name, tensor.values, tensor.rows * tensor.columns, 1e-5f);
    }
    s_free (&self);
}

static void
s_check_steps (const char *path, const sasrec_shape_t *shape)
{
    network_t self = s_network (path, shape);
    adam_settings_t settings = {.beta1 = 0.9f, .beta2 = 0.98f, .epsilon = 1e-8f};
    adam_t *adam = adam_new (self.weights->values, self.weights->count, &settings);
    float losses[100];
    for (size_t step = 0; step < 100; step++) {
        losses[step] = s_pass (&self, NULL);
        adam_begin (adam, 0.003f);
        adam_update (adam, 0, &self.gradients->values, 1, 0, self.weights->count);
    }
    s_compare (&self, "losses", losses, 100, 1e-4f);
    adam_destroy (&adam);
    s_free (&self);
}

static void
test_pre_norm_is_pytorch (void **state)
{
    (void)state;
    s_check_pass (FIXTURES "/reference_pre.txt", &s_pre);
}

static void
test_post_norm_is_pytorch (void **state)
{
    (void)state;
    s_check_pass (FIXTURES "/reference_post.txt", &s_post);
}

static void
test_pre_norm_learns_as_pytorch (void **state)
{
    (void)state;
    s_check_steps (FIXTURES "/reference_pre.txt", &s_pre);
}

static void
test_post_norm_learns_as_pytorch (void **state)
{
    (void)state;
    s_check_steps (FIXTURES "/reference_post.txt", &s_post);
}

int
main (void)
{
    blas_setup ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_pre_norm_is_pytorch),
        cmocka_unit_test (test_post_norm_is_pytorch),
        cmocka_unit_test (test_pre_norm_learns_as_pytorch),
        cmocka_unit_test (test_post_norm_learns_as_pytorch),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
