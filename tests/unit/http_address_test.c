/* Addresses, networks, and whom a chain of proxies speaks for.
 * SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

static address_t
s_address (const char *text)
{
    address_t address;
    if (!address_parse (text, strlen (text), &address))
        fail_msg ("\"%s\" is an address", text);
    return address;
}

static void
test_addresses_are_read_as_people_write_them (void **state)
{
    (void)state;
    static const struct {
        const char *text, *same;
    } cases[] = {{"192.0.2.7", "192.0.2.7"}, {" 192.0.2.7\t", "192.0.2.7"},
        {"192.0.2.7:8080", "192.0.2.7"}, {"2001:DB8::7", "2001:db8::7"},
        {"[2001:db8::7]", "2001:db8::7"}, {"[2001:db8::7]:443", "2001:db8::7"},
        {"::ffff:192.0.2.7", "192.0.2.7"}, {"::1", "::1"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char printed[ADDRESS_TEXT_SIZE];
        address_t address = s_address (cases[i].text);
        assert_string_equal (address_print (&address, printed), cases[i].same);
    }
}

static void
test_what_is_no_address_is_refused (void **state)
{
    (void)state;
    static const char *const cases[] = {"", " ", "localhost", "192.0.2", "192.0.2.256",
        "unknown", "[::1]x", "[2001:db8::7", "2001:db8::7::", "_hidden", "1.2.3.4.5",
        "0000000000000000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        address_t address;
        if (address_parse (cases[i], strlen (cases[i]), &address))
            fail_msg ("\"%s\" is no address", cases[i]);
    }
}

static void
test_loopback (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {{"127.0.0.1", true}, {"127.255.0.1", true}, {"::1", true},
        {"128.0.0.1", false}, {"::2", false}, {"10.0.0.1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        address_t address = s_address (cases[i].text);
        assert_int_equal (address_is_loopback (&address), cases[i].loopback);
    }
}

static void
test_a_socket_has_one (void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_un_like {
        sa_family_t family;
    } other = {AF_UNIX};
    inet_pton (AF_INET, "192.0.2.7", &v4.sin_addr);
    address_t expected = s_address ("192.0.2.7"), none = {{0}};
    address_t address = address_of_socket ((struct sockaddr *)&v4);
    assert_true (address_equal (&address, &expected));
    address = address_of_socket ((struct sockaddr *)&other);
    assert_true (address_equal (&address, &none));
}

static void
test_networks_have_what_is_in_them (void **state)
{
    (void)state;
    char error[160];
    networks_t *networks =
        networks_new (" 10.0.0.0/8,192.0.2.1 ,2001:db8::/33, 172.16.0.0/12", error);
    assert_non_null (networks);
    static const struct {
        const char *text;
        bool in;
    } cases[] = {{"10.255.1.2", true}, {"11.0.0.1", false}, {"192.0.2.1", true},
        {"192.0.2.2", false}, {"2001:db8:7fff::1", true}, {"2001:db8:8000::1", false},
        {"172.31.255.255", true}, {"172.32.0.0", false}, {"::1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        address_t address = s_address (cases[i].text);
        if (networks_have (networks, &address) != cases[i].in)
            fail_msg ("%s", cases[i].text);
    }
    networks_destroy (&networks);
}

static void
test_a_bad_network_is_named (void **state)
{
    (void)state;
    static const char *const cases[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
        "10.0.0.0/8x", "proxy.example.com", "10.0.0.1 10.0.0.2", "::/129"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[160] = "";
        if (networks_new (cases[i], error))
            fail_msg ("\"%s\" is no network", cases[i]);
        assert_non_null (strstr (error, cases[i]));
    }
}

static void
test_the_client_is_whom_the_last_trusted_proxy_heard (void **state)
{
    (void)state;
    static const struct {
        const char *peer, *forwarded, *client;
    } cases[] = {{"192.0.2.7", "198.51.100.1", "192.0.2.7"}, /* a stranger says so */
        {"10.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "203.0.113.9,198.51.100.1, 10.0.0.2", "198.51.100.1"},
        {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"}, {"10.0.0.1", NULL, "10.0.0.1"},
        {"10.0.0.1", "", "10.0.0.1"}, {"10.0.0.1", "unknown", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1, garbage, 10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", "2001:db8::9", "2001:db8::9"}};
    char error[160];
    networks_t *trusted = networks_new ("10.0.0.0/8", error);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        address_t peer = s_address (cases[i].peer);
        address_t client = networks_client (trusted, &peer, cases[i].forwarded);
        char text[ADDRESS_TEXT_SIZE];
        assert_string_equal (address_print (&client, text), cases[i].client);
    }
    networks_destroy (&trusted);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_addresses_are_read_as_people_write_them),
        cmocka_unit_test (test_what_is_no_address_is_refused),
        cmocka_unit_test (test_loopback),
        cmocka_unit_test (test_a_socket_has_one),
        cmocka_unit_test (test_networks_have_what_is_in_them),
        cmocka_unit_test (test_a_bad_network_is_named),
        cmocka_unit_test (test_the_client_is_whom_the_last_trusted_proxy_heard),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
