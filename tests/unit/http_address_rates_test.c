/* Tests of actors/http/address_rates. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/address_rates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static address_t
s_address (const char *text)
{
    address_t address;
    assert_true (address_parse (text, strlen (text), &address));
    return address;
}

static void
s_expect (address_rates_t *rates, const char *text, bool allowed)
{
    address_t address = s_address (text);
    assert_int_equal (address_rates_take (rates, &address, 1000) == 0, allowed);
}

static void
test_each_client_has_its_own (void **state)
{
    (void)state;
    const rate_t rate = {1, 1};
    address_rates_t *rates = address_rates_new (&rate);
    s_expect (rates, "192.0.2.1", true);
    s_expect (rates, "192.0.2.1", false);
    s_expect (rates, "192.0.2.2", true);
    s_expect (rates, "2001:db8:0:1::1", true);
    s_expect (rates, "2001:db8:0:1::2", false); /* the same /64 */
    s_expect (rates, "2001:db8:0:2::1", true);
    address_rates_destroy (&rates);
}

/* Of many more than there are places for, the one that asks now is among those kept. */
static void
test_who_asks_now_is_not_forgotten_for_others (void **state)
{
    (void)state;
    const rate_t rate = {1, 3600};
    address_rates_t *rates = address_rates_new (&rate);
    address_t mine = s_address ("192.0.2.1");
    int64_t now_us = 1000;
    assert_int_equal (address_rates_take (rates, &mine, now_us), 0);
    for (unsigned i = 0; i < 100000; i++) {
        char text[40];
        snprintf (text, sizeof text, "10.%u.%u.%u", i >> 16, i >> 8 & 0xff, i & 0xff);
        address_t other = s_address (text);
        assert_int_equal (address_rates_take (rates, &other, ++now_us), 0);
        assert_true (address_rates_take (rates, &mine, now_us) > 0);
    }
    address_rates_destroy (&rates);
}

static void
test_no_limit_needs_no_table (void **state)
{
    (void)state;
    const rate_t rate = {0, 1};
    address_rates_t *rates = address_rates_new (&rate);
    assert_null (rates);
    address_rates_destroy (&rates);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each_client_has_its_own),
        cmocka_unit_test (test_who_asks_now_is_not_forgotten_for_others),
        cmocka_unit_test (test_no_limit_needs_no_table),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
