/* The histories of all users, from a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store/histories.h"

#include <stdbool.h>

#include "base/strbuf.h"
#include "tests/integration/store_fixture.h"

typedef struct {
    strbuf_t text; /* "user:1,2;..." of short ones */
    size_t users;
    size_t longest;
    int64_t first, last; /* of the longest */
    size_t limit;
} seen_t;

static bool
s_see (void *context, const history_t *history)
{
    seen_t *seen = context;
    const int64_t *items = history->items, *dropped = history->dropped;
    size_t count = history->count;
    strbuf_add (&seen->text, history->user_id);
    for (size_t i = 0; i < count && count < 10; i++)
        strbuf_addf (&seen->text, i > 0 ? ",%lld" : ":%lld", (long long)items[i]);
    for (size_t i = 0; i < history->dropped_count; i++)
        strbuf_addf (&seen->text, "-%lld", (long long)dropped[i]);
    strbuf_add (&seen->text, ";");
    if (count > seen->longest) {
        seen->longest = count;
        seen->first = items[0];
        seen->last = items[count - 1];
    }
    return ++seen->users != seen->limit;
}

static void
s_check_without (
    store_fixture_t *self, const char *after, const char *dropped, const char *expected)
{
    char error[160] = "";
    seen_t seen = {0};
    if (histories_each (self->db, after, dropped, s_see, &seen, error))
        fail_msg ("%s", error);
    assert_string_equal (seen.text.data ? seen.text.data : "", expected);
    strbuf_free (&seen.text);
}

static void
s_check (store_fixture_t *self, const char *after, const char *expected)
{
    s_check_without (self, after, "", expected);
}

static void
s_fill (store_fixture_t *self)
{
    store_do (self, "INSERT INTO interactions (user_id, item_id, created_at) VALUES"
                    " ('b', 3, '2024-01-01'), ('a', 7, '2024-01-03'),"
                    " ('a', 5, '2024-01-01'), ('o''x\\', 9, '2024-01-01'),"
                    " ('a', 6, '2024-01-01'), ('b', 9007199254740991, '2024-01-02')");
}

static void
each_user_comes_once_and_oldest_first (void **state)
{
    s_check (*state, "", "");
    s_fill (*state);
    s_check (*state, "", "a:5,6,7;b:3,9007199254740991;o'x\\:9;");
}

static void
it_goes_on_after_any_user (void **state)
{
    s_fill (*state);
    s_check (*state, "a", "b:3,9007199254740991;o'x\\:9;");
    s_check (*state, "aa", "b:3,9007199254740991;o'x\\:9;");
    s_check (*state, "o'x\\", "");
}

static void
of_a_long_history_the_newest_are_read (void **state)
{
    store_fixture_t *self = *state;
    char error[160];
    seen_t seen = {0};
    store_do (self,
        "INSERT INTO interactions (user_id, item_id, created_at) SELECT 'u',"
        " i, timestamptz '2024-01-01' + i * interval '1 second'"
        " FROM generate_series (1, 10003) AS i");
    assert_int_equal (histories_each (self->db, "", "", s_see, &seen, error), 0);
    assert_int_equal (seen.longest, HISTORIES_LIMIT);
    assert_int_equal (seen.first, 4);
    assert_int_equal (seen.last, 10003);
    strbuf_free (&seen.text);
}

static void
who_wants_no_more_gets_no_more (void **state)
{
    store_fixture_t *self = *state;
    char error[160];
    seen_t seen = {.limit = 2};
    s_fill (self);
    assert_int_equal (histories_each (self->db, "", "", s_see, &seen, error), 0);
    assert_int_equal (seen.users, 2);
    strbuf_free (&seen.text);
}

static void
events_that_do_not_count_are_told_apart (void **state)
{
    store_fixture_t *self = *state;
    store_do (self,
        "INSERT INTO interactions (user_id, item_id, event, created_at) VALUES"
        " ('a', 1, 'view', '2024-01-01'), ('a', 2, 'dislike', '2024-01-02'),"
        " ('a', 3, NULL, '2024-01-03'), ('a', 4, 'it''s', '2024-01-04'),"
        " ('b', 5, 'dislike', '2024-01-05')");
    s_check (self, "", "a:1,2,3,4;b:5;");
    s_check_without (self, "", "dislike,it's", "a:1,3-4-2;b-5;");
    s_check_without (self, "a", "dislike", "b-5;");
    s_check_without (self, "", "none", "a:1,2,4-3;b:5;");
    store_do (self,
        "ALTER TABLE interactions RENAME TO mine; CREATE VIEW interactions AS"
        " SELECT id, user_id, item_id, created_at FROM mine");
    s_check_without (self, "", "dislike", "a:1,2,3,4;b:5;");
}

/* Of somebody's own table, whose users are numbers: in their order, and after one. */
static void
a_view_with_numbers_for_users_is_read (void **state)
{
    store_do (*state,
        "DROP TABLE interactions;"
        "CREATE TABLE sales (n serial, buyer int, article int, at date);"
        "INSERT INTO sales (buyer, article, at) VALUES (10, 1, '2024-01-02'),"
        " (9, 2, '2024-01-02'), (10, 3, '2024-01-01');"
        "CREATE VIEW interactions AS SELECT n AS id, buyer AS user_id,"
        " article AS item_id, at AS created_at FROM sales");
    s_check (*state, "", "9:2;10:3,1;");
    s_check (*state, "9", "10:3,1;");
    store_fixture_t *self = *state;
    assert_int_equal (histories_estimate (self->db), 0);
}

static void
what_has_no_item_is_an_error (void **state)
{
    store_fixture_t *self = *state;
    char error[160] = "";
    seen_t seen = {0};
    store_do (self, "DROP TABLE interactions;"
                    "CREATE VIEW interactions AS SELECT 1 AS id, 'u' AS user_id,"
                    " NULL::bigint AS item_id, now () AS created_at");
    assert_int_equal (histories_each (self->db, "", "", s_see, &seen, error), -1);
    assert_non_null (strstr (error, "a row has NULL"));
    assert_int_equal (seen.users, 0);
    strbuf_free (&seen.text);
}

static void
the_estimate_is_that_of_the_statistics (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (histories_estimate (self->db), 0);
    s_fill (self);
    store_do (self, "ANALYZE interactions");
    assert_int_equal (histories_estimate (self->db), 6);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (each_user_comes_once_and_oldest_first),
        STORE_TEST (it_goes_on_after_any_user),
        STORE_TEST (of_a_long_history_the_newest_are_read),
        STORE_TEST (who_wants_no_more_gets_no_more),
        STORE_TEST (events_that_do_not_count_are_told_apart),
        STORE_TEST (a_view_with_numbers_for_users_is_read),
        STORE_TEST (what_has_no_item_is_an_error),
        STORE_TEST (the_estimate_is_that_of_the_statistics),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
