/* Products with weights in bf16, by every kernel there is, beside sums in double of the
 * numbers as they are rounded. Skipped where the machine has no kernel for it. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/model_samples.h"

enum { ROWS = 70, DEPTH = 200, COLUMNS = 150 };

typedef struct {
    const forward_kernel_t *kernel;
    size_t depth, columns;
    float *a; /* ROWS x (DEPTH + slack) */
    float b[DEPTH * COLUMNS];
    float bias[COLUMNS + FORWARD_SLACK];
    float *before, *c; /* ROWS x (COLUMNS + slack) */
    void *panels, *room;
    size_t next_panel;
} world_t;

#define LDA (DEPTH + FORWARD_SLACK)
#define LDC (COLUMNS + FORWARD_SLACK)

/* The upper half of a float, to the nearest, of two the even one; by comparing. */
static float
s_rounded (float number)
{
    uint32_t bits, low_bits, high_bits;
    memcpy (&bits, &number, sizeof bits);
    low_bits = bits & 0xffff0000u;
    high_bits = low_bits + 0x10000u;
    float low, high;
    memcpy (&low, &low_bits, sizeof low);
    memcpy (&high, &high_bits, sizeof high);
    float below = fabsf (number - low), above = fabsf (high - number);
    bool even = (low_bits >> 16 & 1) == 0;
    return below < above || (below == above && even) ? low : high;
}

static void
s_pack (world_t *self)
{
    size_t panels = (self->columns + FORWARD_BF16_COLUMNS - 1) / FORWARD_BF16_COLUMNS;
    size_t depth = (self->depth + FORWARD_BF16_DEPTH - 1) / FORWARD_BF16_DEPTH *
                   FORWARD_BF16_DEPTH;
    self->next_panel = depth * FORWARD_BF16_COLUMNS / 2;
    size_t bytes = panels * self->next_panel * sizeof (float);
    self->panels = memset (aligned_alloc (64, bytes), 0, bytes);
    uint16_t *to = self->panels;
    for (size_t i = 0; i < self->depth; i++)
        for (size_t j = 0; j < self->columns; j++) {
            uint32_t bits;
            float number = s_rounded (self->b[i * self->columns + j]);
            memcpy (&bits, &number, sizeof bits);
            size_t panel = j / FORWARD_BF16_COLUMNS, column = j % FORWARD_BF16_COLUMNS;
            to[panel * self->next_panel * 2 +
                (i / 2 * FORWARD_BF16_COLUMNS + column) * 2 + i % 2] =
                (uint16_t)(bits >> 16);
        }
}

/* What lies behind a row of a is not a number: nothing may come of it. */
static world_t *
s_world (const forward_kernel_t *kernel, size_t depth, size_t columns)
{
    world_t *self = calloc (1, sizeof *self);
    uint64_t state = 5;
    self->kernel = kernel;
    self->depth = depth;
    self->columns = columns;
    self->a = calloc (ROWS * LDA, sizeof *self->a);
    self->before = calloc (ROWS * LDC, sizeof *self->before);
    self->c = calloc (ROWS * LDC, sizeof *self->c);
    for (size_t r = 0; r < ROWS; r++) {
        sample_fill (self->a + r * LDA, depth, 1, &state);
        for (size_t i = depth; i < LDA; i++)
            self->a[r * LDA + i] = NAN;
    }
    sample_fill (self->b, depth * columns, 0.3f, &state);
    sample_fill (self->bias, columns, 1, &state);
    sample_fill (self->before, ROWS * LDC, 1, &state);
    size_t room = forward_room (self->kernel, depth);
    self->room = memset (aligned_alloc (64, room), 0, room);
    s_pack (self);
    return self;
}

static void
s_end (world_t **self_p)
{
    world_t *self = *self_p;
    free (self->a);
    free (self->before);
    free (self->c);
    free (self->panels);
    free (self->room);
    free (self);
    *self_p = NULL;
}

typedef struct {
    bool bias, add, gelu;
} how_t;

static void
s_multiply (world_t *self, size_t first, size_t rows, how_t how)
{
    memcpy (self->c + first * LDC, self->before + first * LDC,
        rows * LDC * sizeof *self->c);
    if (self->kernel->begin)
        self->kernel->begin ();
    self->kernel->multiply (&(forward_product_t){.rows = rows,
        .columns = self->columns,
        .depth = self->depth,
        .a = self->a + first * LDA,
        .lda = LDA,
        .b = self->panels,
        .next_panel = self->next_panel,
        .bias = how.bias ? self->bias : NULL,
        .add = how.add,
        .gelu = how.gelu,
        .c = self->c + first * LDC,
        .ldc = LDC,
        .room = self->room});
    if (self->kernel->end)
        self->kernel->end ();
}

static double
s_expected (const world_t *self, size_t row, size_t column, how_t how)
{
    double sum = how.bias ? (double)self->bias[column] : 0;
    for (size_t i = 0; i < self->depth; i++)
        sum += (double)s_rounded (self->a[row * LDA + i]) *
               (double)s_rounded (self->b[i * self->columns + column]);
    sum += how.add ? (double)self->before[row * LDC + column] : 0;
    double u = sqrt (2 / 3.14159265358979) * (sum + 0.044715 * sum * sum * sum);
    return how.gelu ? 0.5 * sum * (1 + tanh (u)) : sum;
}

static void
s_assert_right (world_t *self, size_t rows, how_t how)
{
    s_multiply (self, 0, rows, how);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < self->columns; j++) {
            double is = (double)self->c[r * LDC + j];
            double expected = s_expected (self, r, j, how);
            if (!(fabs (is - expected) <= 2e-5))
                fail_msg (
                    "%s: %zu rows, depth %zu, %zu columns: [%zu][%zu] is %g, not %g",
                    self->kernel->name, rows, self->depth, self->columns, r, j, is,
                    expected);
        }
}

static const size_t s_depths[] = {1, 8, 32, 50, 64, 200};
static const size_t s_columns[] = {1, 16, 24, 40, 64, 150};
#define DEPTHS (sizeof s_depths / sizeof *s_depths)

typedef void (check_t) (world_t *world);

static void
s_check_all (check_t *check)
{
    const forward_kernel_t *kernel;
    if (!forward_bf16_kernel (0))
        skip ();
    for (size_t k = 0; (kernel = forward_bf16_kernel (k)); k++)
        for (size_t i = 0; i < DEPTHS; i++) {
            world_t *world = s_world (kernel, s_depths[i], s_columns[i]);
            check (world);
            s_end (&world);
        }
}

static void
s_check_sums (world_t *world)
{
    static const size_t rows[] = {1, 5, 16, 17, 31, 32, 33, 47, 64, 70};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        s_assert_right (world, rows[r], (how_t){.bias = true});
        s_assert_right (world, rows[r], (how_t){.bias = true, .add = true});
    }
    s_assert_right (world, ROWS, (how_t){.bias = true, .gelu = true});
    s_assert_right (world, ROWS, (how_t){0});
}

static void
every_size_gives_what_sums_give (void **state)
{
    (void)state;
    s_check_all (s_check_sums);
}

static void
s_check_bits (world_t *world)
{
    float *together = calloc (ROWS * LDC, sizeof *together);
    s_multiply (world, 0, ROWS, (how_t){.bias = true, .gelu = true});
    memcpy (together, world->c, ROWS * LDC * sizeof *together);
    for (size_t r = 0; r < ROWS; r++) {
        s_multiply (world, r, 1, (how_t){.bias = true, .gelu = true});
        assert_memory_equal (
            world->c + r * LDC, together + r * LDC, world->columns * sizeof *together);
    }
    free (together);
}

static void
other_rows_change_no_bit (void **state)
{
    (void)state;
    s_check_all (s_check_bits);
}

/* Whether one pays is measured, so no test says so. */
static void
the_best_is_one_of_them (void **state)
{
    (void)state;
    const forward_kernel_t *best = forward_bf16_best (), *kernel;
    size_t k = 0;
    while ((kernel = forward_bf16_kernel (k)) && kernel != best)
        k++;
    assert_ptr_equal (kernel, best);
    assert_ptr_equal (forward_bf16_best (), best);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_size_gives_what_sums_give),
        cmocka_unit_test (other_rows_change_no_bit),
        cmocka_unit_test (the_best_is_one_of_them),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
