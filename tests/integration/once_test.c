/* What is done once, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <pthread.h>

#include "store/once.h"

#define ID    "00000000-0000-8000-8000-000000000001"
#define BODY  "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"

static void
s_do (store_fixture_t *self, const char *answer)
{
    once_outcome_t outcome;
    char *before;
    assert_int_equal (once_begin (self->db, ID, BODY, &outcome, &before), DB_OK);
    assert_int_equal (outcome, ONCE_NEW);
    assert_null (before);
    assert_int_equal (db_exec (self->db,
                          "INSERT INTO interactions (user_id, item_id) VALUES ('u', 1)",
                          0, NULL, NULL),
        DB_OK);
    assert_int_equal (once_end (self->db, ID, answer), DB_OK);
}

static void
s_what_was_done_is_answered_again (void **state)
{
    store_fixture_t *self = *state;
    once_outcome_t outcome;
    char *before;
    s_do (self, "{\"added\":1}");
    assert_int_equal (once_begin (self->db, ID, BODY, &outcome, &before), DB_OK);
    assert_int_equal (outcome, ONCE_AGAIN);
    assert_string_equal (before, "{\"added\":1}");
    free (before);
    assert_int_equal (once_begin (self->db, ID, OTHER, &outcome, &before), DB_OK);
    assert_int_equal (outcome, ONCE_ANOTHER);
    assert_null (before);
    store_assert_value (self, "SELECT count(*) FROM interactions", "1");
}

static void
s_what_was_not_done_leaves_nothing (void **state)
{
    store_fixture_t *self = *state;
    once_outcome_t outcome;
    char *before;
    assert_int_equal (once_begin (self->db, ID, BODY, &outcome, &before), DB_OK);
    assert_int_equal (
        db_exec (self->db,
            "INSERT INTO interactions (user_id, item_id) VALUES ('u', -1)", 0, NULL,
            NULL),
        DB_DATA);
    once_cancel (self->db);
    store_assert_value (self, "SELECT count(*) FROM idempotency", "0");
    assert_int_equal (once_begin (self->db, ID, OTHER, &outcome, &before), DB_OK);
    assert_int_equal (outcome, ONCE_NEW);
    once_cancel (self->db);
    store_assert_value (self, "SELECT count(*) FROM idempotency", "0");
}

typedef struct {
    db_t *db;
    db_status_t status;
    once_outcome_t outcome;
    char *before;
} waiter_t;

static void *
s_wait (void *context)
{
    waiter_t *self = context;
    self->status = once_begin (self->db, ID, BODY, &self->outcome, &self->before);
    return NULL;
}

static void
s_another_process_waits_for_the_first (void **state)
{
    store_fixture_t *self = *state;
    once_outcome_t outcome;
    char *before;
    pthread_t thread;
    waiter_t waiter = {.db = db_new (self->conninfo, "test", STORE_TIMEOUT_MS)};
    assert_true (db_ensure (waiter.db));
    assert_int_equal (once_begin (self->db, ID, BODY, &outcome, &before), DB_OK);
    assert_int_equal (pthread_create (&thread, NULL, s_wait, &waiter), 0);
    char *waits;
    do
        waits = store_value (self,
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    while (strcmp (waits, "1") != 0 && (free (waits), 1));
    free (waits);
    assert_int_equal (once_end (self->db, ID, "first"), DB_OK);
    pthread_join (thread, NULL);
    assert_int_equal (waiter.status, DB_OK);
    assert_int_equal (waiter.outcome, ONCE_AGAIN);
    assert_string_equal (waiter.before, "first");
    free (waiter.before);
    db_destroy (&waiter.db);
}

static void
s_a_day_later_it_is_forgotten (void **state)
{
    store_fixture_t *self = *state;
    size_t forgotten;
    s_do (self, "x");
    assert_int_equal (once_forget (self->db, 10, &forgotten), DB_OK);
    assert_int_equal (forgotten, 0);
    store_do (self, "UPDATE idempotency SET created_at = now () - interval '25 h';"
                    "INSERT INTO idempotency (id, fingerprint, created_at)"
                    " SELECT gen_random_uuid (), '', now () - interval '2 d'"
                    " FROM generate_series (1, 14)");
    assert_int_equal (once_forget (self->db, 10, &forgotten), DB_OK);
    assert_int_equal (forgotten, 10);
    assert_int_equal (once_forget (self->db, 10, &forgotten), DB_OK);
    assert_int_equal (forgotten, 5);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_what_was_done_is_answered_again),
        STORE_TEST (s_what_was_not_done_leaves_nothing),
        STORE_TEST (s_another_process_waits_for_the_first),
        STORE_TEST (s_a_day_later_it_is_forgotten),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
