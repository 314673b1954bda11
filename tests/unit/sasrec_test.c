/* Weights whose items are those of a file. SPDX-License-Identifier: Apache-2.0 */
#include "model/net/sasrec.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Items end within a page, at its end, in the first page, and in the file's last bytes. */
static const sasrec_shape_t s_shapes[] = {
    {3001, 7, 1, 1, 5, 2, false, true},
    {1024, 4, 1, 1, 5, 2, false, false},
    {3, 5, 1, 1, 1200, 1, false, false},
};
enum { SHAPES = sizeof s_shapes / sizeof *s_shapes, START = 64, BEHIND = 100 };

typedef struct {
    int file;
    float *items; /* the same as in the file */
    size_t count;
} fixture_t;

/* START bytes of something else, the items, and some more of something else. */
static fixture_t
s_new (const sasrec_shape_t *shape, size_t behind)
{
    char path[] = "/tmp/sasrec_test.XXXXXX";
    fixture_t self = {.file = mkstemp (path), .count = shape->items * shape->width};
    assert_true (self.file >= 0);
    assert_int_equal (unlink (path), 0);
    self.items = calloc (self.count, sizeof *self.items);
    assert_non_null (self.items);
    for (size_t i = 0; i < self.count; i++)
        self.items[i] = (float)i + 1;
    size_t bytes = self.count * sizeof *self.items;
    char other[START + BEHIND];
    memset (other, 0x55, sizeof other);
    assert_int_equal (pwrite (self.file, other, START, 0), START);
    assert_int_equal (pwrite (self.file, self.items, bytes, START), bytes);
    assert_int_equal (
        pwrite (self.file, other, behind, (off_t)(START + bytes)), behind);
    return self;
}

static void
s_free (fixture_t *self)
{
    close (self->file);
    free (self->items);
}

static void
s_check (const fixture_t *self, const sasrec_weights_t *weights)
{
    assert_int_equal ((uintptr_t)weights->values % 64, 0);
    assert_memory_equal (
        sasrec_items (weights), self->items, self->count * sizeof (float));
    for (size_t i = self->count; i < weights->count; i++)
        assert_true (weights->values[i] == 0);
}

static void
mapped_items_are_the_files_and_all_else_is_zero (void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * SHAPES; i++) {
        fixture_t self = s_new (&s_shapes[i / 2], i % 2 ? BEHIND : 0);
        sasrec_weights_t *weights =
            sasrec_weights_map (&s_shapes[i / 2], self.file, START);
        assert_non_null (weights);
        s_check (&self, weights);
        sasrec_weights_destroy (&weights);
        s_free (&self);
    }
}

static void
rest_loses_nothing (void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        fixture_t self = s_new (&s_shapes[i], BEHIND);
        sasrec_weights_t *weights = sasrec_weights_map (&s_shapes[i], self.file, START);
        assert_non_null (weights);
        sasrec_positions (weights)[0] = 7;
        sasrec_norm_gain (weights)[0] = 8;
        sasrec_weights_rest (weights, 0, weights->shape.items);
        assert_true (sasrec_positions (weights)[0] == 7);
        assert_true (sasrec_norm_gain (weights)[0] == 8);
        for (size_t first = 0, end; first < s_shapes[i].items; first = end) {
            end = s_shapes[i].items - first < 7 ? s_shapes[i].items : first + 7;
            sasrec_weights_rest (weights, first, end);
        }
        sasrec_positions (weights)[0] = sasrec_norm_gain (weights)[0] = 0;
        s_check (&self, weights);
        sasrec_weights_destroy (&weights);
        s_free (&self);
    }
}

static void
what_is_written_to_weights_stays_out_of_the_file (void **state)
{
    (void)state;
    fixture_t self = s_new (&s_shapes[0], BEHIND);
    sasrec_weights_t *weights = sasrec_weights_map (&s_shapes[0], self.file, START);
    assert_non_null (weights);
    sasrec_items (weights)[0] = 99;
    sasrec_weights_destroy (&weights);
    float first = 0;
    assert_int_equal (pread (self.file, &first, sizeof first, START), sizeof first);
    assert_true (first == 1);
    s_free (&self);
}

static void
a_file_that_cannot_be_mapped_gives_null (void **state)
{
    (void)state;
    assert_null (sasrec_weights_map (&s_shapes[0], -1, START));
}

static void
rest_leaves_weights_in_memory_alone (void **state)
{
    (void)state;
    sasrec_weights_t *weights = sasrec_weights_new (&s_shapes[0]);
    sasrec_items (weights)[0] = 3;
    sasrec_weights_rest (weights, 0, weights->shape.items);
    assert_true (sasrec_items (weights)[0] == 3);
    sasrec_weights_destroy (&weights);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (mapped_items_are_the_files_and_all_else_is_zero),
        cmocka_unit_test (rest_loses_nothing),
        cmocka_unit_test (what_is_written_to_weights_stays_out_of_the_file),
        cmocka_unit_test (a_file_that_cannot_be_mapped_gives_null),
        cmocka_unit_test (rest_leaves_weights_in_memory_alone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
