/* The receipt tracker. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "bridge/tracker.h"

static receipt_t
s_take (tracker_t *tracker, int32_t partition, int64_t offset)
{
    receipt_t receipt;
    assert_int_equal (tracker_take (tracker, 0, partition, offset, &receipt), 0);
    return receipt;
}

static int64_t
s_storable (tracker_t *tracker)
{
    uint16_t topic;
    int32_t partition;
    int64_t next;
    return tracker_storable (tracker, &topic, &partition, &next) == 0 ? next : -1;
}

static void
test_offset_follows_the_contiguous_done_run (void **state)
{
    (void)state;
    tracker_t *tracker = tracker_new (10);
    tracker_assign (tracker, 0, 3);
    receipt_t a = s_take (tracker, 3, 100), b = s_take (tracker, 3, 101),
              c = s_take (tracker, 3, 105);
    assert_true (tracker_settle (tracker, &b, RECEIPT_DONE));
    assert_int_equal (s_storable (tracker), -1);
    assert_true (tracker_settle (tracker, &a, RECEIPT_DONE));
    assert_int_equal (s_storable (tracker), 102);
    assert_int_equal (s_storable (tracker), -1);
    assert_true (tracker_settle (tracker, &c, RECEIPT_DEAD));
    assert_int_equal (s_storable (tracker), 106);
    tracker_destroy (&tracker);
}

static void
test_a_receipt_settles_once (void **state)
{
    (void)state;
    tracker_t *tracker = tracker_new (10);
    tracker_assign (tracker, 0, 0);
    receipt_t a = s_take (tracker, 0, 0), none = {0};
    assert_true (tracker_settle (tracker, &a, RECEIPT_DONE));
    assert_false (tracker_settle (tracker, &a, RECEIPT_DONE));
    assert_false (tracker_settle (tracker, &none, RECEIPT_DONE));
    assert_int_equal (tracker_outstanding (tracker), 0);
    tracker_destroy (&tracker);
}

static void
test_receipts_of_an_older_assignment_are_stale (void **state)
{
    (void)state;
    tracker_t *tracker = tracker_new (10);
    tracker_assign (tracker, 0, 0);
    receipt_t old = s_take (tracker, 0, 7);
    tracker_revoke (tracker, 0, 0);
    assert_int_equal (tracker_outstanding (tracker), 0);
    assert_false (tracker_settle (tracker, &old, RECEIPT_DONE));
    tracker_assign (tracker, 0, 0);
    receipt_t again = s_take (tracker, 0, 7);
    assert_false (tracker_settle (tracker, &old, RECEIPT_DONE));
    assert_int_equal (s_storable (tracker), -1);
    assert_true (tracker_settle (tracker, &again, RECEIPT_DONE));
    assert_int_equal (s_storable (tracker), 8);
    tracker_destroy (&tracker);
}

static void
test_limit_and_foreign_partitions_are_refused (void **state)
{
    (void)state;
    tracker_t *tracker = tracker_new (2);
    receipt_t receipt;
    assert_int_equal (tracker_take (tracker, 0, 0, 0, &receipt), -1);
    tracker_assign (tracker, 0, 0);
    receipt_t first = s_take (tracker, 0, 0);
    assert_int_equal (
        tracker_take (tracker, 0, 0, 0, &receipt), -1); /* taken already */
    s_take (tracker, 0, 1);
    assert_true (tracker_full (tracker));
    assert_int_equal (tracker_take (tracker, 0, 0, 2, &receipt), -1);
    assert_true (tracker_settle (tracker, &first, RECEIPT_DONE));
    assert_false (tracker_full (tracker));
    tracker_destroy (&tracker);
}

/* Any order of settling, over several partitions: the stored offset never passes an open
 * message and ends behind the last one. */
static void
test_random_orders (void **state)
{
    (void)state;
    enum { PARTITIONS = 3, EACH = 500, ALL = PARTITIONS * EACH };
    rng_t rng;
    rng_seed (&rng, 11, 0);
    tracker_t *tracker = tracker_new (ALL);
    static receipt_t receipts[ALL];
    static int open[PARTITIONS][EACH];
    for (int i = 0; i < PARTITIONS; i++)
        tracker_assign (tracker, 0, i);
    for (int i = 0; i < ALL; i++) {
        receipts[i] = s_take (tracker, i % PARTITIONS, i / PARTITIONS);
        open[i % PARTITIONS][i / PARTITIONS] = 1;
    }
    int64_t stored[PARTITIONS] = {0};
    for (int left = ALL; left > 0; left--) {
        int pick = (int)rng_below (&rng, (uint64_t)left);
        receipt_t receipt = receipts[pick];
        receipts[pick] = receipts[left - 1];
        open[receipt.partition][receipt.offset] = 0;
        assert_true (tracker_settle (tracker, &receipt, RECEIPT_DONE));
        uint16_t topic;
        int32_t partition;
        int64_t next;
        while (tracker_storable (tracker, &topic, &partition, &next) == 0) {
            assert_true (next > stored[partition]);
            for (int64_t offset = stored[partition]; offset < next; offset++)
                assert_false (open[partition][offset]);
            stored[partition] = next;
        }
    }
    for (int i = 0; i < PARTITIONS; i++)
        assert_int_equal (stored[i], EACH);
    assert_int_equal (tracker_outstanding (tracker), 0);
    tracker_destroy (&tracker);
}

static void
test_a_rewind_starts_at_the_oldest_open_message (void **state)
{
    (void)state;
    int64_t offset = -1;
    tracker_t *tracker = tracker_new (10);
    tracker_assign (tracker, 0, 0);
    receipt_t a = s_take (tracker, 0, 7), b = s_take (tracker, 0, 8),
              c = s_take (tracker, 0, 9);
    assert_true (tracker_settle (tracker, &a, RECEIPT_DONE));
    assert_int_equal (tracker_rewind (tracker, &c, &offset), 0);
    assert_int_equal (offset, 8);
    assert_int_equal (tracker_outstanding (tracker), 0);
    assert_int_equal (s_storable (tracker), 8); /* what was done stays done */
    assert_int_equal (tracker_rewind (tracker, &b, &offset), -1);
    assert_false (tracker_settle (tracker, &b, RECEIPT_DONE));
    b = s_take (tracker, 0, 8);
    assert_true (tracker_settle (tracker, &b, RECEIPT_DONE));
    assert_int_equal (s_storable (tracker), 9);
    tracker_destroy (&tracker);
}

/* A log that ends with what is given to nobody is done once all before that is. */
static void
test_the_end_of_a_log_is_stored_when_all_before_it_is_settled (void **state)
{
    (void)state;
    int64_t offset = -1;
    tracker_t *tracker = tracker_new (10);
    assert_false (tracker_end (tracker, 0, 0, 7)); /* not ours */
    tracker_assign (tracker, 0, 0);
    assert_true (tracker_end (tracker, 0, 0, 7));
    assert_int_equal (s_storable (tracker), 7);
    receipt_t a = s_take (tracker, 0, 7), b = s_take (tracker, 0, 8);
    assert_false (tracker_end (tracker, 0, 0, 12));
    assert_true (tracker_settle (tracker, &a, RECEIPT_DONE));
    assert_int_equal (s_storable (tracker), 8);
    assert_int_equal (tracker_rewind (tracker, &b, &offset), 0);
    b = s_take (tracker, 0, 8);
    assert_true (tracker_settle (tracker, &b, RECEIPT_DONE));
    assert_int_equal (s_storable (tracker), 9); /* more may come before the end */
    assert_true (tracker_end (tracker, 0, 0, 12));
    assert_int_equal (s_storable (tracker), 12);
    assert_false (tracker_end (tracker, 0, 0, 12));
    tracker_destroy (&tracker);
}

static void
test_what_could_not_be_stored_is_told_again (void **state)
{
    (void)state;
    tracker_t *tracker = tracker_new (10);
    tracker_assign (tracker, 0, 0);
    tracker_unstored (tracker, 0, 0);
    assert_int_equal (s_storable (tracker), -1); /* nothing was settled yet */
    receipt_t a = s_take (tracker, 0, 4);
    tracker_settle (tracker, &a, RECEIPT_DONE);
    assert_int_equal (s_storable (tracker), 5);
    tracker_unstored (tracker, 0, 0);
    assert_int_equal (s_storable (tracker), 5);
    tracker_destroy (&tracker);
}

static void
s_note_release (void *item)
{
    (*(int *)item)++;
}

/* Settled, rewound, revoked: what is kept is let go once, whichever comes first. */
static void
test_what_is_kept_is_let_go_once (void **state)
{
    (void)state;
    int released[4] = {0};
    tracker_t *tracker = tracker_new (10);
    tracker_assign (tracker, 0, 0);
    tracker_assign (tracker, 0, 1);
    receipt_t receipts[] = {s_take (tracker, 0, 1), s_take (tracker, 0, 2),
        s_take (tracker, 1, 1), s_take (tracker, 1, 2)};
    for (int i = 0; i < 4; i++)
        tracker_keep (tracker, &receipts[i], &released[i], 100, s_note_release);
    assert_int_equal (tracker_bytes (tracker), 400);
    assert_ptr_equal (tracker_item (tracker, &receipts[1]), &released[1]);
    tracker_settle (tracker, &receipts[1], RECEIPT_DONE);
    assert_null (tracker_item (tracker, &receipts[1]));
    int64_t offset;
    tracker_rewind (tracker, &receipts[0], &offset);
    assert_null (tracker_item (tracker, &receipts[0]));
    tracker_revoke (tracker, 0, 1);
    assert_int_equal (tracker_bytes (tracker), 0);
    tracker_destroy (&tracker);
    for (int i = 0; i < 4; i++)
        assert_int_equal (released[i], 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_offset_follows_the_contiguous_done_run),
        cmocka_unit_test (test_a_receipt_settles_once),
        cmocka_unit_test (test_receipts_of_an_older_assignment_are_stale),
        cmocka_unit_test (test_limit_and_foreign_partitions_are_refused),
        cmocka_unit_test (test_random_orders),
        cmocka_unit_test (test_a_rewind_starts_at_the_oldest_open_message),
        cmocka_unit_test (
            test_the_end_of_a_log_is_stored_when_all_before_it_is_settled),
        cmocka_unit_test (test_what_could_not_be_stored_is_told_again),
        cmocka_unit_test (test_what_is_kept_is_let_go_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
