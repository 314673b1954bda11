/* Which positions a loss looks at. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/weighed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define ROWS  6
#define WIDTH 2

static const int32_t s_targets[ROWS] = {10, 11, 12, 13, 14, 15};
static const int32_t s_negatives[ROWS] = {20, 21, 22, 23, 24, 25};
static const float s_factors[ROWS] = {0.5f, 1, 1.5f, 2, 2.5f, 3};

/* Rows with a weight hold their place, in hidden and after the way back. */
static void
s_check (const float weights[ROWS])
{
    float hidden[ROWS * WIDTH];
    size_t count = 0;
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        hidden[i] = (float)i;
    weighed_t *weighed = weighed_new (ROWS);
    loss_input_t input = {.targets = s_targets,
        .negatives = s_negatives,
        .factors = s_factors,
        .rows = ROWS};
    weighed_gather (weighed, weights, WIDTH, &input, hidden);
    for (size_t i = 0; i < ROWS; i++) {
        if (!(weights[i] > 0))
            continue;
        assert_int_equal (input.targets[count], s_targets[i]);
        assert_int_equal (input.negatives[count], s_negatives[i]);
        assert_memory_equal (&input.factors[count], &s_factors[i], sizeof (float));
        const float row[WIDTH] = {(float)(i * WIDTH), (float)(i * WIDTH + 1)};
        assert_memory_equal (hidden + count++ * WIDTH, row, sizeof row);
    }
    assert_int_equal (input.rows, count);
    weighed_scatter (weighed, ROWS, WIDTH, hidden);
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        float want = weights[i / WIDTH] > 0 ? (float)i : 0;
        assert_memory_equal (&hidden[i], &want, sizeof want);
    }
    weighed_destroy (&weighed);
    assert_null (weighed);
}

static void
test_every_choice_of_rows (void **state)
{
    (void)state;
    for (unsigned chosen = 0; chosen < 1u << ROWS; chosen++) {
        float weights[ROWS];
        for (size_t i = 0; i < ROWS; i++)
            weights[i] = chosen >> i & 1 ? 0.25f : 0;
        s_check (weights);
    }
}

static void
test_without_factors_they_are_one (void **state)
{
    (void)state;
    const float weights[ROWS] = {0, 1}, one = 1;
    float hidden[ROWS * WIDTH] = {0};
    weighed_t *weighed = weighed_new (ROWS);
    loss_input_t input = {.targets = s_targets, .rows = ROWS};
    weighed_gather (weighed, weights, WIDTH, &input, hidden);
    assert_int_equal (input.rows, 1);
    assert_memory_equal (input.factors, &one, sizeof one);
    assert_null (input.negatives);
    weighed_destroy (&weighed);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_choice_of_rows),
        cmocka_unit_test (test_without_factors_they_are_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
