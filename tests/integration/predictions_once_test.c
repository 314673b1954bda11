/* Requests that are sent again under their Idempotency-Key, against a real PostgreSQL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <pthread.h>

#include "store/predictions.h"
#include "store/retention.h"

#define GROUP 64

static request_t *
s_request (size_t number, const char *body)
{
    request_t *request = request_new ();
    snprintf (request->request_id, sizeof request->request_id,
        "00000000-0000-8000-8000-%012zu", number);
    if (body)
        fingerprint (body, strlen (body), request->fingerprint);
    request->job = true;
    return request;
}

static void
s_free (request_t **requests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        request_destroy (&requests[i]);
}

static request_once_t
s_insert (store_fixture_t *self, size_t number, const char *body)
{
    request_t *request = s_request (number, body);
    assert_int_equal (predictions_insert (self->db, &request, 1, 900), DB_OK);
    assert_true (request->deadline_ms > 0);
    request_once_t once = request->once;
    request_destroy (&request);
    return once;
}

static void
s_the_same_body_is_the_same_request (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (s_insert (self, 1, "a"), REQUEST_NEW);
    assert_int_equal (s_insert (self, 1, "a"), REQUEST_AGAIN);
    assert_int_equal (s_insert (self, 1, "b"), REQUEST_ANOTHER);
    assert_int_equal (s_insert (self, 2, "b"), REQUEST_NEW);
    store_assert_value (self, "SELECT count(*) FROM predictions", "2");
}

/* A row of an id without a key is not answered to who guesses the id. */
static void
s_a_row_without_a_key_is_another (void **state)
{
    store_fixture_t *self = *state;
    assert_int_equal (s_insert (self, 1, NULL), REQUEST_NEW);
    assert_int_equal (s_insert (self, 1, "a"), REQUEST_ANOTHER);
    assert_int_equal (s_insert (self, 1, NULL), REQUEST_NEW); /* as ever */
}

static void
s_one_of_a_group_is_no_matter_for_the_others (void **state)
{
    store_fixture_t *self = *state;
    request_t *group[] = {s_request (5, "e"), s_request (4, NULL), s_request (2, "b"),
        s_request (3, "another"), s_request (1, "a")};
    size_t count = sizeof group / sizeof group[0];
    s_insert (self, 2, "b");
    s_insert (self, 3, "c");
    assert_int_equal (predictions_insert (self->db, group, count, 900), DB_OK);
    static const request_once_t expected[] = {
        REQUEST_NEW, REQUEST_NEW, REQUEST_AGAIN, REQUEST_ANOTHER, REQUEST_NEW};
    for (size_t i = 0; i < count; i++)
        assert_int_equal (group[i]->once, expected[i]);
    store_assert_value (self, "SELECT count(*) FROM predictions", "5");
    s_free (group, count);
}

typedef struct {
    db_t *db;
    bool backwards;
    size_t fresh;
} process_t;

/* The same requests as another process, in another order, at the same time. */
static void *
s_insert_all (void *context)
{
    process_t *self = context;
    request_t *group[GROUP];
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < GROUP; i++)
            group[i] = s_request (
                round * GROUP + (self->backwards ? GROUP - 1 - i : i), "body");
        assert_int_equal (predictions_insert (self->db, group, GROUP, 900), DB_OK);
        for (size_t i = 0; i < GROUP; i++) {
            assert_int_not_equal (group[i]->once, REQUEST_ANOTHER);
            self->fresh += group[i]->once == REQUEST_NEW;
        }
        s_free (group, GROUP);
    }
    return NULL;
}

static void
s_two_processes_with_the_same_requests_write_each_once (void **state)
{
    store_fixture_t *self = *state;
    process_t processes[2];
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        processes[i] =
            (process_t){db_new (self->conninfo, "test", STORE_TIMEOUT_MS), i == 1, 0};
        assert_true (db_ensure (processes[i].db));
    }
    for (size_t i = 0; i < 2; i++)
        pthread_create (&threads[i], NULL, s_insert_all, &processes[i]);
    for (size_t i = 0; i < 2; i++)
        pthread_join (threads[i], NULL);
    assert_int_equal (processes[0].fresh + processes[1].fresh, 20 * GROUP);
    store_assert_value (self, "SELECT count(*) FROM predictions", "1280");
    for (size_t i = 0; i < 2; i++)
        db_destroy (&processes[i].db);
}

static void
s_prune (store_fixture_t *self)
{
    size_t deleted;
    retention_t *sweep =
        retention_new (self->db, "3000-01-01", STORE_TIMEOUT_MS, false);
    while (!retention_done (sweep))
        assert_int_equal (retention_step (sweep, &deleted), DB_OK);
    retention_destroy (&sweep);
}

static void
s_a_request_is_known_for_a_day (void **state)
{
    store_fixture_t *self = *state;
    s_insert (self, 1, "a");
    s_insert (self, 2, NULL);
    store_do (self, "UPDATE predictions SET status = 'FAILED',"
                    " created_at = now () - interval '23 h'");
    s_prune (self);
    store_assert_value (self, "SELECT count(*) FROM predictions", "1");
    assert_int_equal (s_insert (self, 1, "a"), REQUEST_AGAIN);
    store_do (self, "UPDATE predictions SET created_at = now () - interval '25 h'");
    s_prune (self);
    assert_int_equal (s_insert (self, 1, "b"), REQUEST_NEW);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_the_same_body_is_the_same_request),
        STORE_TEST (s_a_row_without_a_key_is_another),
        STORE_TEST (s_one_of_a_group_is_no_matter_for_the_others),
        STORE_TEST (s_two_processes_with_the_same_requests_write_each_once),
        STORE_TEST (s_a_request_is_known_for_a_day),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
