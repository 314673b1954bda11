/* Tests of base/ring. SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static char s_items[8]; /* only their addresses matter */

static void
test_first_in_is_first_out (void **state)
{
    (void)state;
    ring_t *ring = ring_new (3);
    for (int i = 0; i < 3; i++)
        assert_int_equal (ring_push (ring, &s_items[i]), 0);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal (ring_pop (ring), &s_items[i]);
    ring_destroy (&ring);
    assert_null (ring);
}

static void
test_order_survives_the_wrap (void **state)
{
    (void)state;
    ring_t *ring = ring_new (3);
    ring_push (ring, &s_items[0]);
    ring_push (ring, &s_items[1]);
    for (int i = 2; i < 8; i++) {
        assert_int_equal (ring_push (ring, &s_items[i]), 0);
        assert_ptr_equal (ring_pop (ring), &s_items[i - 2]);
    }
    assert_int_equal (ring_count (ring), 2);
    assert_ptr_equal (ring_pop (ring), &s_items[6]);
    assert_ptr_equal (ring_pop (ring), &s_items[7]);
    ring_destroy (&ring);
}

static void
test_full_ring_refuses_and_keeps_its_items (void **state)
{
    (void)state;
    ring_t *ring = ring_new (1);
    assert_false (ring_full (ring));
    ring_push (ring, &s_items[0]);
    assert_true (ring_full (ring));
    assert_int_equal (ring_push (ring, &s_items[1]), -1);
    assert_int_equal (ring_count (ring), 1);
    assert_ptr_equal (ring_pop (ring), &s_items[0]);
    ring_destroy (&ring);
}

static void
test_empty_ring_pops_null (void **state)
{
    (void)state;
    ring_t *ring = ring_new (2);
    assert_null (ring_pop (ring));
    assert_null (ring_peek (ring));
    ring_destroy (&ring);
}

static void
test_peek_leaves_the_item (void **state)
{
    (void)state;
    ring_t *ring = ring_new (2);
    ring_push (ring, &s_items[0]);
    assert_ptr_equal (ring_peek (ring), &s_items[0]);
    assert_int_equal (ring_count (ring), 1);
    assert_ptr_equal (ring_pop (ring), &s_items[0]);
    ring_destroy (&ring);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_first_in_is_first_out),
        cmocka_unit_test (test_order_survives_the_wrap),
        cmocka_unit_test (test_full_ring_refuses_and_keeps_its_items),
        cmocka_unit_test (test_empty_ring_pops_null),
        cmocka_unit_test (test_peek_leaves_the_item),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
