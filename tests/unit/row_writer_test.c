/* Tests of store/row_writer, with a table that is made up.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "store/row_writer.h"

#define ROW_LIMIT 200

typedef enum { GOOD, BAD, LOCKED, REFUSED, SAYS_NO_ROOM, BREAKS } kind_t;

typedef struct {
    char id[16];
    kind_t kind;
    bool written;
    bool gone;
} row_t;

typedef struct {
    row_t rows[ROW_LIMIT];
    row_writer_t *writer;
    db_status_t all; /* what every statement gets; DB_OK: what its rows are */
    size_t statements;
    size_t probes;
    size_t written; /* rows, in order */
    row_t *order[ROW_LIMIT];
    bool patient;
} table_t;

static const db_status_t s_status[] = {
    DB_OK, DB_DATA, DB_LOCKED, DB_REFUSED, DB_RETRY, DB_AWAY};

static db_status_t
table_write (void *context, void *const *rows, size_t count)
{
    table_t *self = context;
    self->statements++;
    if (self->all != DB_OK)
        return self->all;
    for (size_t i = 0; i < count; i++)
        if (((row_t *)rows[i])->kind != GOOD)
            return s_status[((row_t *)rows[i])->kind];
    return DB_OK;
}

static db_status_t
table_find_locked (void *context, void *const *rows, size_t count, bool *locked)
{
    table_t *self = context;
    self->probes++;
    if (self->all != DB_OK)
        return self->all;
    for (size_t i = 0; i < count; i++)
        locked[i] = ((row_t *)rows[i])->kind == LOCKED;
    return DB_OK;
}

static void
table_written (void *context, void *row)
{
    table_t *self = context;
    assert_false (((row_t *)row)->written);
    ((row_t *)row)->written = true;
    self->order[self->written++] = row;
}

static row_refusal_t
table_refused (void *context, void *row, const row_fault_t *fault)
{
    table_t *self = context;
    if (fault->status == DB_REFUSED && self->patient)
        return ROW_ASIDE;
    ((row_t *)row)->gone = true;
    return ROW_GONE;
}

static const char *
table_id (const void *row)
{
    return ((const row_t *)row)->id;
}

static const char *
table_reason (void *context)
{
    (void)context;
    return "why";
}

static const row_writer_ops_t s_ops = {table_write, table_find_locked, table_written,
    table_refused, table_id, table_reason};

static int
s_set_up (void **state)
{
    table_t *self = calloc (1, sizeof *self);
    row_writer_args_t args = {
        .name = "test", .limit = ROW_LIMIT, .batch_limit = 100, .timeout_ms = 1000};
    self->writer = row_writer_new (&args, &s_ops, self);
    self->patient = true;
    *state = self;
    return 0;
}

static int
s_tear_down (void **state)
{
    table_t *self = *state;
    while (row_writer_pop (self->writer))
        continue;
    row_writer_destroy (&self->writer);
    free (self);
    return 0;
}

static void
s_push (table_t *self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf (self->rows[i].id, sizeof self->rows[i].id, "%zu", i);
        assert_int_equal (row_writer_push (self->writer, &self->rows[i], 0), 0);
    }
}

static void
test_rows_are_written_in_order (void **state)
{
    table_t *self = *state;
    s_push (self, 150);
    assert_int_equal (row_writer_serve (self->writer, 0), DB_OK);
    assert_int_equal (row_writer_count (self->writer), 50);
    assert_int_equal (row_writer_serve (self->writer, 0), DB_OK);
    assert_int_equal (self->statements, 2);
    for (size_t i = 0; i < 150; i++)
        assert_ptr_equal (self->order[i], &self->rows[i]);
    assert_true (row_writer_due_ms (self->writer) == INT64_MAX);
}

static void
test_a_bad_row_is_found_and_given_back (void **state)
{
    table_t *self = *state;
    self->rows[37].kind = self->rows[38].kind = BAD;
    s_push (self, 100);
    assert_int_equal (row_writer_serve (self->writer, 0), DB_OK);
    assert_int_equal (self->written, 98);
    assert_true (self->rows[37].gone && self->rows[38].gone);
    assert_int_equal (row_writer_count (self->writer), 0);
}

static void
test_locked_rows_cost_one_wait_whatever_their_number (void **state)
{
    table_t *self = *state;
    for (size_t i = 0; i < 100; i += 3)
        self->rows[i].kind = LOCKED;
    s_push (self, 100);
    assert_int_equal (row_writer_serve (self->writer, 0), DB_OK);
    assert_int_equal (self->statements, 2);
    assert_int_equal (self->written, 66);
    assert_int_equal (row_writer_aside (self->writer), 34);
}

static void
test_a_locked_row_is_not_waited_for_again (void **state)
{
    table_t *self = *state;
    self->rows[0].kind = LOCKED;
    s_push (self, 1);
    row_writer_serve (self->writer, 0);
    size_t statements = self->statements;
    for (int64_t now_ms = 0; now_ms < 100000; now_ms += 10)
        row_writer_serve (self->writer, now_ms);
    assert_int_equal (self->statements, statements);
    assert_in_range (self->probes, 5, 15); /* the pauses grow */
    assert_string_equal (table_id (row_writer_aside_row (self->writer, 0)), "0");
    assert_int_equal (row_writer_oldest_ms (self->writer), 0);
}

static void
test_what_was_set_aside_is_written_when_it_can_be (void **state)
{
    table_t *self = *state;
    for (size_t i = 0; i < 10; i++)
        self->rows[i].kind = REFUSED;
    s_push (self, 10);
    row_writer_serve (self->writer, 0);
    assert_int_equal (row_writer_aside (self->writer), 10);
    for (int64_t now_ms = 0; now_ms < 300000; now_ms += 100)
        row_writer_serve (self->writer, now_ms);
    for (size_t i = 0; i < 10; i++)
        self->rows[i].kind = GOOD;
    int64_t due_ms = row_writer_due_ms (self->writer);
    assert_in_range (due_ms, 300000 - 100, 300000 + 30000);
    row_writer_serve (self->writer, due_ms);
    row_writer_serve (self->writer, due_ms); /* the first that passed made all due */
    assert_int_equal (self->written, 10);
    assert_int_equal (row_writer_count (self->writer), 0);
}

static void
test_a_refused_row_can_be_given_up (void **state)
{
    table_t *self = *state;
    self->rows[0].kind = REFUSED;
    self->patient = false;
    s_push (self, 2);
    row_writer_serve (self->writer, 0);
    assert_true (self->rows[0].gone && self->rows[1].written);
}

static void
test_what_concerns_all_rows_makes_them_wait (void **state)
{
    table_t *self = *state;
    s_push (self, 100);
    const db_status_t all[] = {DB_RETRY, DB_LOCKED};
    for (size_t i = 0; i < 2; i++) {
        self->all = all[i];
        assert_int_equal (row_writer_serve (self->writer, 0), DB_RETRY);
        assert_true (row_writer_due_ms (self->writer) > 0);
    }
    assert_int_equal (row_writer_aside (self->writer), 0);
    self->all = DB_OK;
    assert_int_equal (row_writer_serve (self->writer, 1000), DB_OK);
    assert_int_equal (self->written, 100);
}

/* A row may claim that there is no room, or end the connection: the others go on. */
static void
test_a_row_may_pretend_that_all_are_concerned (void **state)
{
    table_t *self = *state;
    const kind_t kinds[] = {SAYS_NO_ROOM, BREAKS};
    self->rows[3].kind = kinds[0];
    self->rows[60].kind = kinds[1];
    s_push (self, 100);
    for (int64_t now_ms = 0; now_ms < 10000; now_ms += 100)
        row_writer_serve (self->writer, now_ms);
    assert_int_equal (self->written, 98);
    assert_int_equal (row_writer_aside (self->writer), 2);
}

static void
test_a_full_one_takes_no_more (void **state)
{
    table_t *self = *state;
    row_t more = {.id = "more"};
    s_push (self, ROW_LIMIT);
    assert_int_equal (row_writer_push (self->writer, &more, 0), -1);
    assert_int_equal (row_writer_room (self->writer), 0);
}

#define TABLE_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST (test_rows_are_written_in_order),
        TABLE_TEST (test_a_bad_row_is_found_and_given_back),
        TABLE_TEST (test_locked_rows_cost_one_wait_whatever_their_number),
        TABLE_TEST (test_a_locked_row_is_not_waited_for_again),
        TABLE_TEST (test_what_was_set_aside_is_written_when_it_can_be),
        TABLE_TEST (test_a_refused_row_can_be_given_up),
        TABLE_TEST (test_what_concerns_all_rows_makes_them_wait),
        TABLE_TEST (test_a_row_may_pretend_that_all_are_concerned),
        TABLE_TEST (test_a_full_one_takes_no_more),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
