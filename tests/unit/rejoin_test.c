/* Joining anew, by hand-made time. SPDX-License-Identifier: Apache-2.0 */
#include "bridge/rejoin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
test_who_has_all_is_left_alone (void **state)
{
    (void)state;
    rejoin_t rejoin = {0};
    assert_false (rejoin_due (&rejoin, 1 << 30));
    rejoin_note (&rejoin, false, 1000);
    assert_false (rejoin_due (&rejoin, 1 << 30));
}

static void
test_who_lacks_some_tries_after_a_while (void **state)
{
    (void)state;
    rejoin_t rejoin = {0};
    rejoin_note (&rejoin, true, 1000);
    assert_false (rejoin_due (&rejoin, 1000 + REJOIN_FIRST_MS - 1));
    assert_true (rejoin_due (&rejoin, 1000 + REJOIN_FIRST_MS));
    rejoin_cancel (&rejoin);
    assert_false (rejoin_due (&rejoin, 1 << 30));
}

static void
test_tries_become_rarer_up_to_a_limit (void **state)
{
    (void)state;
    rejoin_t rejoin = {0};
    int64_t now_ms = 1000, wanted_ms = REJOIN_FIRST_MS;
    for (int i = 0; i < 20; i++) {
        rejoin_note (&rejoin, true, now_ms);
        assert_false (rejoin_due (&rejoin, now_ms + wanted_ms - 1));
        assert_true (rejoin_due (&rejoin, now_ms + wanted_ms));
        now_ms += wanted_ms;
        rejoin_tried (&rejoin);
        assert_false (rejoin_due (&rejoin, now_ms + wanted_ms));
        wanted_ms = 2 * wanted_ms < REJOIN_LAST_MS ? 2 * wanted_ms : REJOIN_LAST_MS;
    }
    assert_int_equal (wanted_ms, REJOIN_LAST_MS);
    rejoin_note (&rejoin, false, now_ms);
    rejoin_note (&rejoin, true, now_ms);
    assert_true (rejoin_due (&rejoin, now_ms + REJOIN_FIRST_MS));
}

static void
test_what_cannot_be_tried_is_put_off_and_does_not_count (void **state)
{
    (void)state;
    rejoin_t rejoin = {0};
    rejoin_note (&rejoin, true, 0);
    for (int64_t now_ms = REJOIN_FIRST_MS; now_ms < 20 * REJOIN_FIRST_MS;
         now_ms += REJOIN_FIRST_MS) {
        assert_true (rejoin_due (&rejoin, now_ms));
        rejoin_put_off (&rejoin, now_ms);
        assert_false (rejoin_due (&rejoin, now_ms));
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_who_has_all_is_left_alone),
        cmocka_unit_test (test_who_lacks_some_tries_after_a_while),
        cmocka_unit_test (test_tries_become_rarer_up_to_a_limit),
        cmocka_unit_test (test_what_cannot_be_tried_is_put_off_and_does_not_count),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
