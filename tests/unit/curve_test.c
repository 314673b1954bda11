/* The file of a training's curve. SPDX-License-Identifier: Apache-2.0 */
#include "cli/curve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/files.h"

typedef struct {
    char folder[64], csv[128];
    char error[160];
} bench_t;

static int
s_setup (void **state)
{
    bench_t *self = calloc (1, sizeof (*self));
    snprintf (self->folder, sizeof (self->folder), "/tmp/curve_test.XXXXXX");
    if (!mkdtemp (self->folder))
        return -1;
    snprintf (self->csv, sizeof (self->csv), "%s/run.csv", self->folder);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    bench_t *self = *state;
    unlink (self->csv);
    rmdir (self->folder);
    free (self);
    return 0;
}

/* Epochs [first, last] with a loss of 10 - epoch. */
static void
s_add (bench_t *self, bool keep, size_t first, size_t last)
{
    curve_t *curve = curve_new (self->csv, keep);
    for (size_t epoch = first; epoch <= last; epoch++) {
        trainer_epoch_t report = {.epoch = epoch,
            .loss = 10 - (double)epoch,
            .valid_ndcg10 = 0.01 * (double)epoch,
            .positions_per_second = (double)(100 * first)};
        assert_int_equal (curve_add (curve, &report, self->error), 0);
    }
    curve_destroy (&curve);
}

static char *
s_text (bench_t *self, const char *path)
{
    char *text;
    size_t length;
    assert_int_equal (files_read (path, 1 << 20, &text, &length, self->error), 0);
    text = realloc (text, length + 1);
    text[length] = '\0';
    return text;
}

static size_t
s_lines (const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void
test_a_line_per_epoch (void **state)
{
    bench_t *self = *state;
    s_add (self, false, 1, 3);
    char *text = s_text (self, self->csv);
    assert_int_equal (s_lines (text), 4);
    assert_non_null (strstr (text, "epoch,loss,valid_ndcg10"));
    assert_non_null (strstr (text, "\n2,8.000000,0.020000,"));
    free (text);
}

static void
test_a_resumed_run_goes_on_with_the_old_lines (void **state)
{
    bench_t *self = *state;
    s_add (self, false, 1, 4);
    s_add (self, true, 3, 5);
    char *text = s_text (self, self->csv);
    assert_int_equal (s_lines (text), 6);
    assert_non_null (strstr (text, "\n2,8.000000,0.020000,0.000000,100,"));
    assert_non_null (strstr (text, "\n3,7.000000,0.030000,0.000000,300,"));
    free (text);
}

static void
test_a_new_run_starts_over (void **state)
{
    bench_t *self = *state;
    s_add (self, false, 1, 4);
    s_add (self, false, 1, 1);
    char *text = s_text (self, self->csv);
    assert_int_equal (s_lines (text), 2);
    free (text);
}

static void
test_a_folder_that_is_not_there_is_told (void **state)
{
    bench_t *self = *state;
    curve_t *curve = curve_new ("/nonexistent/run.csv", false);
    trainer_epoch_t report = {.epoch = 1};
    assert_int_equal (curve_add (curve, &report, self->error), -1);
    curve_destroy (&curve);
}

int
main (void)
{
#define TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_a_line_per_epoch),
        TEST (test_a_resumed_run_goes_on_with_the_old_lines),
        TEST (test_a_new_run_starts_over),
        TEST (test_a_folder_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
