/* Tests of demo/catalog. SPDX-License-Identifier: Apache-2.0 */
#include "demo/catalog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
test_every_item_has_a_title_of_its_own (void **state)
{
    (void)state;
    catalog_t *catalog = catalog_new (2000, 3);
    assert_int_equal (catalog_item_count (catalog), 2000);
    for (size_t i = 0; i < 2000; i++) {
        assert_true (strlen (catalog_title (catalog, i)) > 10);
        assert_true (strlen (catalog_category (catalog, i)) > 3);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal (
                catalog_title (catalog, i), catalog_title (catalog, j));
    }
    catalog_destroy (&catalog);
    assert_null (catalog);
}

static void
test_series_cover_the_items_one_after_another (void **state)
{
    (void)state;
    static const size_t counts[] = {CATALOG_ITEM_LEAST, 31, 47, 500, 5003};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        catalog_t *catalog = catalog_new (counts[c], 1);
        size_t next = 0;
        for (size_t s = 0; s < catalog_series_count (catalog); s++) {
            assert_int_equal (catalog_series_first (catalog, s), next);
            assert_in_range (catalog_series_length (catalog, s), 6, 30);
            for (size_t i = 0; i < catalog_series_length (catalog, s); i++)
                assert_int_equal (catalog_series (catalog, next++), s);
        }
        assert_int_equal (next, counts[c]);
        catalog_destroy (&catalog);
    }
}

static void
test_same_seed_same_catalog (void **state)
{
    (void)state;
    catalog_t *one = catalog_new (300, 9);
    catalog_t *two = catalog_new (300, 9);
    catalog_t *other = catalog_new (300, 10);
    size_t different = 0;
    for (size_t i = 0; i < 300; i++) {
        assert_string_equal (catalog_title (one, i), catalog_title (two, i));
        different += strcmp (catalog_title (one, i), catalog_title (other, i)) != 0;
    }
    assert_true (different > 100);
    catalog_destroy (&one);
    catalog_destroy (&two);
    catalog_destroy (&other);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_item_has_a_title_of_its_own),
        cmocka_unit_test (test_series_cover_the_items_one_after_another),
        cmocka_unit_test (test_same_seed_same_catalog),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
