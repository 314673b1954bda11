/* The names the server answers to. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
test_whose_a_host_is (void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool ours;
    } cases[] = {{"localhost", true}, {"LOCALHOST:8501", true}, {"a.localhost", true},
        {"127.0.0.1:8000", true}, {"127.9.9.9", true}, {"[::1]:8000", true},
        {"192.0.2.7:8000", true}, /* the address that was reached */
        {"192.0.2.8", false}, {"[2001:db8::1]", false}, {"evil.example", false},
        {"localhost.evil.example", false}, {"127.0.0.1.evil.example", false},
        {"notlocalhost", false}, {"rec.example.com", true},
        {"REC.example.com:443", true}, {"x.rec.example.com", false},
        {"shop.example", true}, {"a.b.shop.example", true}, {"evilshop.example", false},
        {"bound.example:8000", true}, {"", false}, {":8000", false}, {NULL, false},
        {"localhost:80@evil.example", false}, {"localhost:x", false},
        {"[::1]evil.example", false}, {"*", false}};
    address_t local;
    address_parse ("192.0.2.7", 9, &local);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (hosts_allow (cases[i].host, "bound.example", &local,
                "rec.example.com, .shop.example") != cases[i].ours)
            fail_msg ("%s", cases[i].host);
}

static void
test_a_star_is_any_name (void **state)
{
    (void)state;
    address_t local = {{0}};
    assert_true (hosts_allow ("evil.example", "0.0.0.0", &local, "*"));
    assert_false (hosts_allow ("evil.example", "0.0.0.0", &local, ""));
    assert_false (hosts_allow ("", "0.0.0.0", &local, "*"));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_whose_a_host_is),
        cmocka_unit_test (test_a_star_is_any_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
