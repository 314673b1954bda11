/* Forgetting a person, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "store/forget.h"

#define PATIENCE_MS 20000

static forgotten_t
s_forget (store_fixture_t *self, const char *user_id)
{
    forgotten_t forgotten;
    assert_int_equal (forget_user (self->db, user_id,
                          clock_monotonic_ms () + PATIENCE_MS, &forgotten),
        DB_OK);
    return forgotten;
}

/* More rows than a portion of either kind has. */
static void
s_all_of_a_person_goes_and_nothing_of_others (void **state)
{
    store_fixture_t *self = *state;
    store_do (self,
        "INSERT INTO interactions (user_id, item_id)"
        " SELECT CASE n % 2 WHEN 0 THEN 'gone' ELSE 'there' END, n"
        " FROM generate_series (1, 21000) n;"
        "INSERT INTO predictions (request_id, user_id, status, request_json)"
        " SELECT gen_random_uuid (), CASE n % 3 WHEN 0 THEN 'gone' ELSE 'there' END,"
        "  'PENDING', '{\"history\":[1]}' FROM generate_series (1, 45000) n");
    forgotten_t forgotten = s_forget (self, "gone");
    assert_int_equal (forgotten.interactions, 10500);
    assert_int_equal (forgotten.predictions, 15000);
    store_assert_value (
        self, "SELECT count (*) FROM interactions WHERE user_id = 'gone'", "0");
    store_assert_value (
        self, "SELECT count (*) FROM predictions WHERE user_id = 'gone'", "0");
    store_assert_value (self, "SELECT count (*) FROM interactions", "10500");
    store_assert_value (self, "SELECT count (*) FROM predictions", "30000");
}

static void
s_nobody_is_no_error (void **state)
{
    forgotten_t forgotten = s_forget (*state, "nobody");
    assert_int_equal (forgotten.interactions + forgotten.predictions, 0);
}

static void
s_what_takes_too_long_may_be_asked_again (void **state)
{
    store_fixture_t *self = *state;
    forgotten_t forgotten;
    store_do (self, "INSERT INTO interactions (user_id, item_id) VALUES ('u', 1)");
    assert_int_equal (
        forget_user (self->db, "u", clock_monotonic_ms () - 1, &forgotten), DB_RETRY);
    assert_int_equal (s_forget (self, "u").interactions, 1);
}

static void
s_rows_of_a_view_with_numbers_go_too (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP TABLE interactions;"
                    "CREATE TABLE clicks (n int PRIMARY KEY, who int, what int, at"
                    " timestamptz);"
                    "INSERT INTO clicks VALUES (1, 7, 3, now ()), (2, 8, 3, now ());"
                    "CREATE VIEW interactions AS SELECT n AS id, who AS user_id,"
                    " what AS item_id, at AS created_at FROM clicks");
    assert_int_equal (s_forget (self, "7").interactions, 1);
    assert_int_equal (s_forget (self, "bob").interactions, 0);
    store_assert_value (self, "SELECT count (*) FROM clicks", "1");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_all_of_a_person_goes_and_nothing_of_others),
        STORE_TEST (s_nobody_is_no_error),
        STORE_TEST (s_what_takes_too_long_may_be_asked_again),
        STORE_TEST (s_rows_of_a_view_with_numbers_go_too),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
