/* The table interactions, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "store/interactions.h"

#define NOW INT64_MIN

static interactions_load_t *
s_begin (store_fixture_t *self, const char *digest)
{
    char error[160] = "";
    interactions_load_t *load =
        interactions_load_new (self->db, "file.txt", digest, false, error);
    if (!load)
        fail_msg ("%s", error);
    return load;
}

static void
s_commit (interactions_load_t *load)
{
    char error[160] = "";
    if (interactions_load_commit (&load, NULL, error))
        fail_msg ("%s", error);
    assert_null (load);
}

/* Each user gets one interaction. */
static void
s_load_users (store_fixture_t *self, const char *const *users, size_t count)
{
    interactions_load_t *load = s_begin (self, "users");
    for (size_t i = 0; i < count; i++)
        assert_int_equal (interactions_load_row (load, users[i], 1, NOW), 0);
    s_commit (load);
}

static void
s_assert_users (store_fixture_t *self, const char *prefix, const char *after,
    size_t limit, const char *expected)
{
    char **users;
    size_t count;
    char joined[2048] = "";
    assert_int_equal (
        interactions_users (self->db, prefix, after, limit, &users, &count), DB_OK);
    for (size_t i = 0; i < count; i++) {
        strcat (joined, i ? " " : "");
        strcat (joined, users[i]);
    }
    assert_string_equal (joined, expected);
    interactions_users_free (&users, count);
    assert_null (users);
}

static const char *const s_names[] = {"user_10", "user_2", "user_1", "alice", "user_11",
    "bob", "user_2", "user", "7", "12", "user_100", "user_1x", "zo\xc3\xab"};

#define S_NAME_COUNT (sizeof s_names / sizeof *s_names)

static void
s_users_come_in_natural_order (void **state)
{
    store_fixture_t *self = *state;
    s_load_users (self, s_names, S_NAME_COUNT);
    s_assert_users (self, "", "", 100,
        "7 12 alice bob user user_1 user_2 user_10 user_11 user_100 user_1x "
        "zo\xc3\xab");
}

static void
s_users_are_paged (void **state)
{
    store_fixture_t *self = *state;
    s_load_users (self, s_names, S_NAME_COUNT);
    s_assert_users (self, "", "", 2, "7 12");
    s_assert_users (self, "", "12", 3, "alice bob user");
    s_assert_users (self, "", "user_2", 2, "user_10 user_11");
    s_assert_users (self, "", "user_3", 1, "user_10"); /* after need not exist */
    s_assert_users (self, "", "zo\xc3\xab", 5, "");
    s_assert_users (self, "", "", 0, "");
}

static void
s_users_are_found_by_prefix (void **state)
{
    store_fixture_t *self = *state;
    s_load_users (self, s_names, S_NAME_COUNT);
    s_assert_users (
        self, "user_", "", 9, "user_1 user_2 user_10 user_11 user_100 user_1x");
    s_assert_users (self, "user_1", "", 9, "user_1 user_10 user_11 user_100 user_1x");
    s_assert_users (self, "user_1", "user_10", 2, "user_11 user_100");
    s_assert_users (self, "user_", "user_10", 2, "user_11 user_100");
    s_assert_users (self, "user_", "alice", 1, "user_1");
    s_assert_users (self, "zo\xc3\xab", "", 9, "zo\xc3\xab");
    s_assert_users (self, "%", "", 9, "");
    s_assert_users (self, "1", "", 9, "12");
}

static void
s_users_are_found_by_a_prefix_that_ends_in_digits (void **state)
{
    static const char *const names[] = {"item_1", "u", "u1", "u01", "u10", "u1_7",
        "u1_12", "u12", "u1a", "u2", "u100", "u1000000000000000000000000000000000001",
        "1", "10", "1x", "2"};
    store_fixture_t *self = *state;
    s_load_users (self, names, sizeof names / sizeof *names);
    s_assert_users (self, "u1", "", 99,
        "u1 u10 u12 u100 u1000000000000000000000000000000000001 u1_7 u1_12 u1a");
    s_assert_users (
        self, "u1", "u12", 2, "u100 u1000000000000000000000000000000000001");
    s_assert_users (
        self, "u1", "u1000000000000000000000000000000000001", 2, "u1_7 u1_12");
    s_assert_users (self, "u0", "", 99, "u01");
    s_assert_users (self, "u1_1", "", 99, "u1_12");
    s_assert_users (self, "1", "", 99, "1 10 1x");
    s_assert_users (self, "u13", "", 99, "");
}

/* As many pages of the index as there are users, whatever lies beside them. */
static void
s_users_by_prefix_cost_what_they_are (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "INSERT INTO interactions (user_id, item_id)"
                    " SELECT 'user_' || n, 1 FROM generate_series (1, 20000) n;"
                    "ANALYZE interactions; SELECT pg_stat_reset ()");
    for (int i = 0; i < 12; i++) /* by then a plan for any parameters is in use */
        s_assert_users (self, "user_1999", "user_1999", 4,
            "user_19990 user_19991 user_19992 user_19993");
    db_destroy (&self->db); /* its counts are known when it ends */
    self->db = db_new (self->conninfo, "test", 5000);
    assert_true (db_ensure (self->db));
    int64_t end_ms = clock_monotonic_ms () + 5000;
    char *read = store_value (self, "SELECT 0");
    while (strcmp (read, "0") == 0 && clock_monotonic_ms () < end_ms) {
        free (read);
        read = store_value (self, "SELECT idx_tup_read FROM pg_stat_user_indexes"
                                  " WHERE indexrelname = 'interactions_users'");
    }
    assert_in_range (atoi (read), 12 * 4, 12 * 20);
    free (read);
}

/* Some have more interactions than are read at once, others one. */
static void
s_users_are_each_found_once_whatever_they_did (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "INSERT INTO interactions (user_id, item_id)"
                    " SELECT 'user_' || n, i FROM generate_series (1, 150) n,"
                    " generate_series (1, CASE WHEN n BETWEEN 30 AND 60 THEN 200"
                    "  WHEN n % 7 = 0 THEN 13 ELSE 1 END) i; ANALYZE interactions");
    char *expected =
        store_value (self, "SELECT string_agg ('user_' || n, ' ' ORDER BY n)"
                           " FROM generate_series (1, 150) n");
    s_assert_users (self, "", "", 1000, expected);
    s_assert_users (self, "user_", "", 1000, expected);
    free (expected);
    s_assert_users (self, "", "user_30", 3, "user_31 user_32 user_33");
    s_assert_users (self, "user_4", "user_48", 2, "user_49");
}

static void
s_users_of_a_view_are_the_same (void **state)
{
    store_fixture_t *self = *state;
    store_do (self,
        "DROP TABLE interactions;"
        "CREATE TABLE clicks (n int PRIMARY KEY, who varchar, what int, at timestamp);"
        "INSERT INTO clicks VALUES (1, 'user_10', 3, '2026-01-02'),"
        " (2, 'user_2', 4, '2026-01-01'), (3, 'user_10', 5, '2026-01-01');"
        "CREATE VIEW interactions AS SELECT n AS id, who AS user_id, what AS item_id,"
        " at AS created_at FROM clicks");
    s_assert_users (self, "", "", 9, "user_2 user_10");
    s_assert_users (self, "user_", "user_2", 9, "user_10");
    int64_t *items;
    size_t count;
    assert_int_equal (
        interactions_history (self->db, "user_10", 9, &items, &count), DB_OK);
    assert_int_equal (count, 2);
    assert_int_equal (items[0], 5);
    free (items);
}

static void
s_view_may_have_ids_that_are_numbers (void **state)
{
    store_fixture_t *self = *state;
    store_do (self,
        "DROP TABLE interactions;"
        "CREATE TABLE clicks (n int PRIMARY KEY, who integer, what int, at timestamp);"
        "INSERT INTO clicks VALUES (1, 10, 3, '2026-01-02'), (2, 9, 4, '2026-01-01'),"
        " (3, 10, 5, '2026-01-01');"
        "CREATE VIEW interactions AS SELECT n AS id, who AS user_id, what AS item_id,"
        " at AS created_at FROM clicks");
    s_assert_users (self, "", "", 9, "9 10");
    s_assert_users (self, "1", "", 9, "10");
    s_assert_users (self, "", "9", 9, "10");
    int64_t *items;
    size_t count;
    assert_int_equal (interactions_history (self->db, "10", 9, &items, &count), DB_OK);
    assert_int_equal (count, 2);
    assert_int_equal (items[0], 5);
    free (items);
    assert_int_equal (
        interactions_history (self->db, "user_1", 9, &items, &count), DB_OK);
    assert_int_equal (count, 0);
    free (items);
}

static void
s_history_is_the_newest_part_oldest_first (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "a");
    for (int i = 0; i < 5; i++)
        interactions_load_row (load, "ann", 100 + i, 1000 - i); /* newest first */
    interactions_load_row (load, "ben", 7, 1);
    s_commit (load);
    int64_t *items;
    size_t count;
    assert_int_equal (interactions_history (self->db, "ann", 3, &items, &count), DB_OK);
    assert_int_equal (count, 3);
    assert_int_equal (items[0], 102);
    assert_int_equal (items[2], 100);
    free (items);
}

static void
s_history_keeps_the_order_of_the_file_within_one_time (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "a");
    for (int i = 0; i < 50; i++)
        interactions_load_row (load, "ann", i * 7 % 50, 5);
    s_commit (load);
    int64_t *items;
    size_t count;
    assert_int_equal (
        interactions_history (self->db, "ann", 50, &items, &count), DB_OK);
    for (int i = 0; i < 50; i++)
        assert_int_equal (items[i], i * 7 % 50);
    free (items);
}

static void
s_history_of_a_stranger_is_empty (void **state)
{
    store_fixture_t *self = *state;
    int64_t *items;
    size_t count = 1;
    assert_int_equal (
        interactions_history (self->db, "' OR 1=1 --", 9, &items, &count), DB_OK);
    assert_int_equal (count, 0);
    free (items);
}

typedef struct {
    char text[512]; /* "user:item@time/event=value " of each row */
    uint64_t sum;   /* of the item ids */
} seen_t;

static void
s_note_row (void *context, const interactions_row_t *row)
{
    seen_t *seen = context;
    size_t length = strlen (seen->text);
    char value[24] = "";
    if (row->has_value)
        snprintf (value, sizeof value, "=%g", row->value);
    snprintf (seen->text + length, sizeof seen->text - length, "%s:%lld@%lld%s%s%s ",
        row->user_id, (long long)row->item_id, (long long)row->created_at_us,
        row->event ? "/" : "", row->event ? row->event : "", value);
    seen->sum += (uint64_t)row->item_id;
}

static void
s_each_groups_by_user_oldest_first (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "a");
    interactions_load_row (load, "b", 1, 1700000000000001);
    interactions_load_row (load, "a", INT64_C (9007199254740991), 9);
    interactions_load_row (load, "b", 0, -5);
    s_commit (load);
    seen_t seen = {0};
    uint64_t count;
    char error[160];
    assert_int_equal (
        interactions_each (self->db, s_note_row, &seen, &count, error), 0);
    assert_int_equal (count, 3);
    assert_string_equal (
        seen.text, "a:9007199254740991@9 b:0@-5 b:1@1700000000000001 ");
}

static void
s_each_of_nothing_is_nothing (void **state)
{
    store_fixture_t *self = *state;
    seen_t seen = {0};
    uint64_t count = 1;
    char error[160];
    assert_int_equal (
        interactions_each (self->db, s_note_row, &seen, &count, error), 0);
    assert_int_equal (count, 0);
}

static void
s_each_refuses_null (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP TABLE interactions; CREATE VIEW interactions AS"
                    " SELECT 1 AS id, 'a' AS user_id, NULL::bigint AS item_id, now () "
                    "AS created_at");
    seen_t seen = {0};
    uint64_t count;
    char error[160];
    assert_int_equal (
        interactions_each (self->db, s_note_row, &seen, &count, error), -1);
    assert_non_null (strstr (error, "NULL"));
    assert_true (db_ensure (self->db));
    assert_int_equal (db_exec (self->db, "SELECT 1", 0, NULL, NULL), DB_OK);
}

static void
s_each_says_that_the_table_is_missing (void **state)
{
    store_fixture_t *self = *state;
    store_do (self, "DROP TABLE interactions");
    uint64_t count;
    char error[160];
    assert_int_equal (
        interactions_each (self->db, s_note_row, NULL, &count, error), -1);
    assert_non_null (strstr (error, "interactions\" does not exist"));
}

static void
s_load_keeps_many_rows_and_their_order (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "many");
    for (int i = 0; i < 20000; i++)
        assert_int_equal (interactions_load_row (load, "ann", i, NOW), 0);
    uint64_t rows;
    char error[160];
    assert_int_equal (interactions_load_commit (&load, &rows, error), 0);
    assert_int_equal (rows, 20000);
    store_assert_value (self,
        "SELECT bool_and (item_id = rank - 1) FROM (SELECT item_id,"
        " row_number () OVER (ORDER BY created_at) AS rank FROM interactions) t",
        "t");
    store_assert_value (
        self, "SELECT name || digest || rows FROM imports", "file.txtmany20000");
}

/* Readers go on, and one that stays does not hold the load up. */
static void
s_large_load_locks_no_reader (void **state)
{
    store_fixture_t *self = *state;
    PGconn *reader = PQconnectdb (self->conninfo);
    PQclear (PQexec (reader, "BEGIN; SELECT count (*) FROM interactions"));
    interactions_load_t *load = s_begin (self, "large");
    for (int i = 0; i < 150000; i++)
        assert_int_equal (interactions_load_row (load, "ann", i, NOW), 0);
    store_assert_value (self,
        "SELECT count (*) FROM pg_locks WHERE relation IN (SELECT indexrelid FROM "
        "pg_index"
        " WHERE indrelid = 'interactions'::regclass UNION SELECT "
        "'interactions'::regclass)"
        " AND mode NOT IN ('AccessShareLock', 'RowExclusiveLock')",
        "0");
    s_commit (load);
    PQfinish (reader);
    store_assert_value (self, "SELECT count (*) FROM interactions", "150000");
}

static void
s_load_given_up_leaves_nothing (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "a");
    for (int i = 0; i < 150000; i++)
        interactions_load_row (load, "ann", i, NOW);
    interactions_load_destroy (&load);
    assert_null (load);
    store_assert_value (self, "SELECT count (*) FROM interactions", "0");
    store_assert_value (self, "SELECT count (*) FROM imports", "0");
    store_assert_value (
        self, "SELECT count (*) FROM pg_indexes WHERE tablename = 'interactions'", "5");
    load = s_begin (self, "a"); /* and may be tried again, on the same connection */
    s_commit (load);
}

static void
s_load_with_a_bad_row_leaves_nothing (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "a");
    for (int i = 0; i < 10000; i++)
        interactions_load_row (load, "ann", i == 500 ? -1 : i, NOW);
    char error[160];
    assert_int_equal (interactions_load_commit (&load, NULL, error), -1);
    assert_non_null (strstr (error, "item_id"));
    assert_null (load);
    store_assert_value (self, "SELECT count (*) FROM interactions", "0");
    store_assert_value (self, "SELECT count (*) FROM imports", "0");
    s_commit (s_begin (self, "a"));
}

static void
s_load_cut_off_leaves_nothing (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "a");
    store_do (self, "SELECT pg_terminate_backend (pid) FROM pg_stat_activity"
                    " WHERE application_name = 'test'");
    int rc = 0;
    for (int i = 0; i < 100000 && rc == 0; i++)
        rc = interactions_load_row (load, "ann", i, NOW);
    char error[160];
    assert_int_equal (interactions_load_commit (&load, NULL, error), -1);
    store_assert_value (self, "SELECT count (*) FROM interactions", "0");
    s_commit (s_begin (self, "a"));
}

static void
s_same_digest_is_refused_unless_appended (void **state)
{
    store_fixture_t *self = *state;
    char error[160];
    interactions_load_t *load = s_begin (self, "abc");
    interactions_load_row (load, "ann", 1, NOW);
    s_commit (load);
    assert_null (interactions_load_new (self->db, "copy.txt", "abc", false, error));
    assert_non_null (strstr (error, "loaded before, as file.txt on 20"));
    load = interactions_load_new (self->db, "copy.txt", "abc", true, error);
    assert_non_null (load);
    interactions_load_row (load, "ann", 1, NOW);
    s_commit (load);
    store_assert_value (self, "SELECT count (*) FROM interactions", "1");
}

#define AT INT64_C (1767225600000000)

static uint64_t
s_added (interactions_load_t *load)
{
    char error[160];
    uint64_t added = 99;
    if (interactions_load_commit (&load, &added, error))
        fail_msg ("%s", error);
    return added;
}

static void
s_overlapping_loads_count_each_event_once (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "day 1");
    interactions_load_row (load, "ann", 1, AT);
    interactions_load_row (load, "ann", 1, AT + 1);
    interactions_load_row (load, "ann", 2, AT + 1);
    interactions_load_row (load, "ann", 1, AT); /* in the same load, too */
    assert_int_equal (s_added (load), 3);
    load = s_begin (self, "day 2");
    interactions_load_row (load, "ann", 3, AT + 2);
    interactions_load_row (load, "ann", 2, AT + 1);
    interactions_load_row (load, "ann", 1, AT);
    interactions_load_row (load, "ben", 1, AT);
    assert_int_equal (s_added (load), 2);
    store_assert_value (self,
        "SELECT string_agg (user_id || item_id, ' ' ORDER BY user_id, created_at, id)"
        " FROM interactions",
        "ann1 ann1 ann2 ann3 ben1");
}

static void
s_add_event (interactions_load_t *load, int64_t item_id, int64_t created_at_us,
    const char *event_id)
{
    const interactions_row_t row = {.user_id = "ann",
        .item_id = item_id,
        .created_at_us = created_at_us,
        .event_id = event_id};
    assert_int_equal (interactions_load_add (load, &row), 0);
}

static void
s_an_event_id_counts_once (void **state)
{
    store_fixture_t *self = *state;
    static const char one[] = "0190b0a0-0000-7000-8000-000000000001";
    static const char two[] = "0190b0a0-0000-7000-8000-000000000002";
    interactions_load_t *load = s_begin (self, "events");
    s_add_event (load, 1, AT, one);
    s_add_event (load, 1, AT, one);
    s_add_event (load, 1, AT + 5, one);
    s_add_event (load, 1, AT, two); /* another one like it */
    assert_int_equal (s_added (load), 2);
    load = s_begin (self, "events again");
    s_add_event (load, 7, AT + 9, two);
    s_add_event (load, 1, AT, NULL); /* equal to a stored one */
    assert_int_equal (s_added (load), 0);
}

static void
s_add_kind (interactions_load_t *load, int64_t item_id, const char *event, double value)
{
    const interactions_row_t row = {.user_id = "ann",
        .item_id = item_id,
        .created_at_us = AT,
        .event = event,
        .has_value = value > 0,
        .value = value};
    assert_int_equal (interactions_load_add (load, &row), 0);
}

/* Of one user, item and time; where one side does not say, it is the same. */
static void
s_other_events_are_other_interactions (void **state)
{
    store_fixture_t *self = *state;
    interactions_load_t *load = s_begin (self, "one");
    s_add_kind (load, 1, "view", 0);
    s_add_kind (load, 1, "view", 0);
    s_add_kind (load, 1, "purchase", 9.5);
    s_add_kind (load, 2, NULL, 0);
    assert_int_equal (s_added (load), 3);
    load = s_begin (self, "two");
    s_add_kind (load, 1, "purchase", 7);
    s_add_kind (load, 1, "cart", 0);
    s_add_kind (load, 2, "view", 0);
    assert_int_equal (s_added (load), 1);
    load = s_begin (self, "three");
    s_add_kind (load, 1, NULL, 0);
    s_add_kind (load, 3, NULL, 0);
    assert_int_equal (s_added (load), 1);
    seen_t seen = {0};
    uint64_t count;
    char error[160];
    bool have = false;
    assert_int_equal (interactions_have_events (self->db, &have, error), 0);
    assert_true (have);
    assert_int_equal (
        interactions_each (self->db, s_note_row, &seen, &count, error), 0);
    assert_string_equal (seen.text, "ann:1@1767225600000000/view "
                                    "ann:1@1767225600000000/purchase=9.5 "
                                    "ann:2@1767225600000000 "
                                    "ann:1@1767225600000000/cart "
                                    "ann:3@1767225600000000 ");
    const interactions_part_t bare = {.last_id = 2};
    memset (&seen, 0, sizeof seen);
    assert_int_equal (
        interactions_part (self->db, &bare, s_note_row, &seen, &count, error), 0);
    assert_string_equal (seen.text, "ann:1@1767225600000000 ann:1@1767225600000000 ");
}

static void
s_events_come_one_by_one (void **state)
{
    store_fixture_t *self = *state;
    interaction_t plain = {.user_id = "ann", .item_id = 1}, bought = {.user_id = "ann",
                                                                .item_id = 2,
                                                                .event = "purchase",
                                                                .has_value = true,
                                                                .value = 0.1};
    interaction_t *first[] = {&plain}, *both[] = {&plain, &bought};
    size_t added;
    assert_int_equal (interactions_add (self->db, first, 1, &added), DB_OK);
    assert_int_equal (interactions_add (self->db, both, 2, &added), DB_OK);
    assert_int_equal (added, 2);
    store_assert_value (self,
        "SELECT string_agg (concat_ws ('/', item_id, event, value), ' ' ORDER BY id)"
        " FROM interactions",
        "1 1 2/purchase/0.1");
}

static void
s_assert_seen (
    store_fixture_t *self, const char *user_id, size_t limit, const char *expected)
{
    int64_t *items;
    size_t count;
    char text[64] = "";
    assert_int_equal (
        interactions_seen (self->db, user_id, "purchase", limit, &items, &count),
        DB_OK);
    for (size_t i = 0; i < count; i++)
        snprintf (text + strlen (text), 24, "%lld ", (long long)items[i]);
    assert_string_equal (text, expected);
    free (items);
}

typedef db_status_t (find_f) (db_t *db, const char *user_id, const char *events,
    size_t limit, int64_t **items, size_t *count);

/* Of ann. */
static void
s_assert_items (
    store_fixture_t *self, find_f *find, const char *events, const char *expected)
{
    int64_t *items;
    size_t count;
    char text[64] = "";
    assert_int_equal (find (self->db, "ann", events, 10, &items, &count), DB_OK);
    for (size_t i = 0; i < count; i++)
        snprintf (text + strlen (text), 24, "%lld ", (long long)items[i]);
    assert_string_equal (text, expected);
    free (items);
}

static void
s_what_was_seen_with_an_event (void **state)
{
    store_fixture_t *self = *state;
    store_do (self,
        "INSERT INTO interactions (user_id, item_id, created_at, event) VALUES"
        " ('ann', 1, '2026-01-01', 'purchase'), ('ann', 2, '2026-01-02', 'view'),"
        " ('ann', 3, '2026-01-03', 'purchase'), ('ann', 1, '2026-01-04', 'purchase'),"
        " ('ann', 4, '2026-01-05', NULL), ('ben', 5, '2026-01-06', 'purchase')");
    s_assert_seen (self, "ann", 10, "1 3 ");
    s_assert_seen (self, "ann", 1, "1 ");
    s_assert_seen (self, "nobody", 10, "");
    s_assert_items (self, interactions_seen, "view,none", "4 2 ");
    s_assert_items (self, interactions_history_without, "purchase", "2 4 ");
    s_assert_items (self, interactions_history_without, "none,view", "1 3 1 ");
    s_assert_items (self, interactions_history_without, "return", "1 2 3 1 4 ");
    store_do (self,
        "ALTER TABLE interactions RENAME TO mine; CREATE VIEW interactions AS"
        " SELECT id, user_id, item_id, created_at FROM mine");
    s_assert_seen (self, "ann", 10, ""); /* a view that does not say */
    s_assert_items (self, interactions_history_without, "purchase", "1 2 3 1 4 ");
}

/* What somebody's view does not have is not said. */
static void
s_each_of_a_view_without_events (void **state)
{
    store_fixture_t *self = *state;
    store_do (self,
        "DROP TABLE interactions; CREATE VIEW interactions AS"
        " SELECT 1 AS id, 'a' AS user_id, 7 AS item_id,"
        " timestamptz '1970-01-01 00:00:00+00' AS created_at, 'view' AS event");
    seen_t seen = {0};
    uint64_t count;
    char error[160];
    bool have = false;
    assert_int_equal (interactions_have_events (self->db, &have, error), 0);
    assert_true (have);
    assert_int_equal (
        interactions_each (self->db, s_note_row, &seen, &count, error), 0);
    assert_string_equal (seen.text, "a:7@0/view ");
    store_do (self, "DROP VIEW interactions; CREATE VIEW interactions AS"
                    " SELECT 1 AS id, 'a' AS user_id, 7 AS item_id,"
                    " timestamptz '1970-01-01 00:00:00+00' AS created_at");
    memset (&seen, 0, sizeof seen);
    assert_int_equal (interactions_have_events (self->db, &have, error), 0);
    assert_false (have);
    assert_int_equal (
        interactions_each (self->db, s_note_row, &seen, &count, error), 0);
    assert_string_equal (seen.text, "a:7@0 ");
}

static void
s_rows_without_a_time_are_the_same_when_loaded_again (void **state)
{
    store_fixture_t *self = *state;
    char error[160];
    interactions_load_t *load = s_begin (self, "pairs");
    interactions_load_row (load, "ann", 1, INT64_MIN);
    interactions_load_row (load, "ann", 1, INT64_MIN);
    assert_int_equal (s_added (load), 2);
    load = interactions_load_new (self->db, "copy.txt", "pairs", true, error);
    interactions_load_row (load, "ann", 1, INT64_MIN);
    interactions_load_row (load, "ann", 1, INT64_MIN);
    interactions_load_row (load, "ann", 1, INT64_MIN);
    assert_int_equal (s_added (load), 1);
}

/* Looked at before anything is read. */
static void
s_what_a_view_cannot_have_is_said (void **state)
{
    store_fixture_t *self = *state;
    static const struct {
        const char *row, *said;
    } cases[] = {
        {"1, 'ann', -5, '2026-01-01'", "item_id -5, user_id ann"},
        {"1, 'ann', 9007199254740992, '2026-01-01'", "item_id 9007199254740992"},
        {"1, 'ann', 1e30, '2026-01-01'", "item_id 10000000000000000"},
        {"1, 'ann', NULL, '2026-01-01'", "a row without item_id"},
        {"1, NULL, 7, '2026-01-01'", "item_id 7, without user_id"},
        {"1, 'ann', 7, NULL", "without created_at"},
    };
    char error[160] = "", sql[200];
    assert_int_equal (interactions_check (self->db, error), 0);
    store_do (self,
        "DROP TABLE interactions;"
        "CREATE TABLE clicks (n int, who text, what numeric, at timestamp);"
        "CREATE VIEW interactions AS SELECT n AS id, who AS user_id, what AS item_id,"
        " at AS created_at FROM clicks");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf (sql, sizeof sql,
            "TRUNCATE clicks; INSERT INTO clicks VALUES (0, 'ben', 0, now ()), (%s)",
            cases[i].row);
        store_do (self, sql);
        assert_int_equal (interactions_check (self->db, error), -1);
        if (!strstr (error, cases[i].said))
            fail_msg ("%s: %s", cases[i].row, error);
    }
    store_do (self, "DELETE FROM clicks WHERE n = 1");
    assert_int_equal (interactions_check (self->db, error), 0);
}

static void
s_load_into_a_view_says_so (void **state)
{
    store_fixture_t *self = *state;
    store_do (self,
        "DROP TABLE interactions; CREATE VIEW interactions AS"
        " SELECT 1 AS id, 'a'::text AS user_id, 1 AS item_id, now () AS created_at");
    char error[160];
    assert_null (interactions_load_new (self->db, "f", "d", false, error));
    assert_non_null (strstr (error, "view"));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_users_come_in_natural_order),
        STORE_TEST (s_users_are_paged),
        STORE_TEST (s_users_are_found_by_prefix),
        STORE_TEST (s_users_are_found_by_a_prefix_that_ends_in_digits),
        STORE_TEST (s_users_by_prefix_cost_what_they_are),
        STORE_TEST (s_users_are_each_found_once_whatever_they_did),
        STORE_TEST (s_users_of_a_view_are_the_same),
        STORE_TEST (s_view_may_have_ids_that_are_numbers),
        STORE_TEST (s_history_is_the_newest_part_oldest_first),
        STORE_TEST (s_history_keeps_the_order_of_the_file_within_one_time),
        STORE_TEST (s_history_of_a_stranger_is_empty),
        STORE_TEST (s_each_groups_by_user_oldest_first),
        STORE_TEST (s_each_of_nothing_is_nothing),
        STORE_TEST (s_each_refuses_null),
        STORE_TEST (s_each_says_that_the_table_is_missing),
        STORE_TEST (s_load_keeps_many_rows_and_their_order),
        STORE_TEST (s_large_load_locks_no_reader),
        STORE_TEST (s_load_given_up_leaves_nothing),
        STORE_TEST (s_load_with_a_bad_row_leaves_nothing),
        STORE_TEST (s_load_cut_off_leaves_nothing),
        STORE_TEST (s_same_digest_is_refused_unless_appended),
        STORE_TEST (s_overlapping_loads_count_each_event_once),
        STORE_TEST (s_an_event_id_counts_once),
        STORE_TEST (s_other_events_are_other_interactions),
        STORE_TEST (s_events_come_one_by_one),
        STORE_TEST (s_what_was_seen_with_an_event),
        STORE_TEST (s_each_of_a_view_without_events),
        STORE_TEST (s_rows_without_a_time_are_the_same_when_loaded_again),
        STORE_TEST (s_what_a_view_cannot_have_is_said),
        STORE_TEST (s_load_into_a_view_says_so),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
