/* base/item_key and base/item_keys. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/item_key.h"
#include "base/item_keys.h"
#include "base/jsonread.h"

/* By another SHA-256: 2 ** 52 + int (sha256 (key).hexdigest ()[:13], 16). */
static void
the_integer_follows_from_the_text (void **state)
{
    (void)state;
    assert_int_equal (item_key_id ("SKU-12", 0), 7511847843820715);
    assert_int_equal (item_key_id ("SKU-12", 1), 5600572298502582);
    assert_int_equal (item_key_id ("0316769487", 0), 4898010319223080);
    assert_int_equal (item_key_id ("\xc3\xa9", 0), 5815958423995196);
}

static void
the_integers_of_keys_are_the_upper_half (void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        char key[24];
        snprintf (key, sizeof key, "key %d", i);
        int64_t id = item_key_id (key, (unsigned)i % (ITEM_KEY_TRIES + 1));
        assert_in_range (id, ITEM_KEY_FIRST, JSON_INTEGER_MAX);
    }
}

static void
a_key_is_1_to_128_bytes_without_control_characters (void **state)
{
    (void)state;
    char text[130];
    memset (text, 'x', sizeof text);
    text[129] = '\0';
    assert_false (item_key_valid (text));
    text[128] = '\0';
    assert_true (item_key_valid (text));
    assert_true (item_key_valid (" "));
    assert_true (item_key_valid ("\xf0\x9f\x8e\xb8, \"7\""));
    static const char *const bad[] = {"", "a\tb", "\x7f", "\xc2\x85", "\xff", "\xc3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false (item_key_valid (bad[i]));
}

static void
an_integer_is_written_plainly (void **state)
{
    (void)state;
    int64_t id = -1;
    assert_true (item_key_is_integer ("0", &id) && id == 0);
    assert_true (item_key_is_integer ("42", &id) && id == 42);
    assert_true (
        item_key_is_integer ("9007199254740991", &id) && id == JSON_INTEGER_MAX);
    static const char *const others[] = {"", "042", "00", "+1", "-1", " 1", "1 ", "1.0",
        "1e3", "0x1", "9007199254740992", "99999999999999999999", "x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false (item_key_is_integer (others[i], &id));
    assert_int_equal (id, JSON_INTEGER_MAX);
}

static void
a_table_finds_keys_both_ways (void **state)
{
    (void)state;
    item_keys_t *keys = item_keys_new (0, 0);
    assert_int_equal (item_keys_find (keys, "x"), HASH_INDEX_NONE);
    assert_int_equal (item_keys_add (keys, "SKU-1", 5), 0);
    assert_int_equal (item_keys_add (keys, "", 0), 1);
    assert_int_equal (item_keys_add (keys, "SKU-2 and more", 5), 2);
    assert_int_equal (item_keys_count (keys), 3);
    assert_int_equal (item_keys_named (keys), 2);
    assert_string_equal (item_keys_get (keys, 0), "SKU-1");
    assert_null (item_keys_get (keys, 1));
    assert_string_equal (item_keys_get (keys, 2), "SKU-2");
    assert_int_equal (item_keys_find (keys, "SKU-2"), 2);
    assert_int_equal (item_keys_find (keys, "SKU"), HASH_INDEX_NONE);
    assert_int_equal (item_keys_find (keys, ""), HASH_INDEX_NONE);
    item_keys_destroy (&keys);
    assert_null (keys);
}

static void
s_assert_cost (size_t count)
{
    char key[24];
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += (size_t)snprintf (key, sizeof key, "SKU-%zu", i);
    item_keys_t *keys = item_keys_new (count, bytes);
    for (size_t i = 0; i < count; i++)
        item_keys_add (keys, key, (size_t)snprintf (key, sizeof key, "SKU-%zu", i));
    assert_true (item_keys_size (keys) <= bytes + 42 * count + 1024);
    for (size_t i = 0; i < count; i += 997) {
        snprintf (key, sizeof key, "SKU-%zu", i);
        assert_int_equal (item_keys_find (keys, key), i);
    }
    item_keys_destroy (&keys);
}

/* Of the second its hash table is as empty as it gets. */
static void
a_key_costs_at_most_42_bytes_beyond_its_text (void **state)
{
    (void)state;
    s_assert_cost (1000000);
    s_assert_cost ((1 << 19) + 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_integer_follows_from_the_text),
        cmocka_unit_test (the_integers_of_keys_are_the_upper_half),
        cmocka_unit_test (a_key_is_1_to_128_bytes_without_control_characters),
        cmocka_unit_test (an_integer_is_written_plainly),
        cmocka_unit_test (a_table_finds_keys_both_ways),
        cmocka_unit_test (a_key_costs_at_most_42_bytes_beyond_its_text),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
