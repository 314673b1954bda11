/* The table predictions, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <unistd.h>

#include "store/predictions.h"

static request_t *
s_request (void)
{
    request_t *request = request_new ();
    uuid_make (request->request_id);
    snprintf (request->user_id, sizeof request->user_id, "user_7");
    request->history = malloc (3 * sizeof *request->history);
    assert_non_null (request->history);
    for (int i = 0; i < 3; i++)
        request->history[i] = 10 * (i + 1);
    request->history_count = 3;
    request->k = 5;
    request->job = true;
    return request;
}

static result_t *
s_result (const char *request_id)
{
    static const float scores[] = {1.1f, 0.333333343f, -2.5e-7f};
    result_t *result = result_new ();
    snprintf (result->request_id, sizeof result->request_id, "%s", request_id);
    snprintf (result->model_version, sizeof result->model_version, "v1");
    result->count = 3;
    result->item_ids = malloc (3 * sizeof *result->item_ids);
    result->scores = malloc (sizeof scores);
    assert_true (result->item_ids && result->scores);
    memcpy (result->scores, scores, sizeof scores);
    for (int i = 0; i < 3; i++)
        result->item_ids[i] = INT64_C (9007199254740991) - i;
    return result;
}

/* Inserts one PENDING row and returns its id (static). */
static const char *
s_accept (store_fixture_t *self)
{
    static char id[PROTO_ID_SIZE];
    request_t *request = s_request ();
    assert_int_equal (predictions_insert (self->db, &request, 1, 900), DB_OK);
    memcpy (id, request->request_id, sizeof id);
    request_destroy (&request);
    return id;
}

static size_t
s_finish (db_t *db, const char *id)
{
    size_t hit;
    result_t *result = s_result (id);
    const result_t *results[] = {result};
    assert_int_equal (predictions_finish (db, results, 1, NULL, &hit), DB_OK);
    result_destroy (&result);
    return hit;
}

static size_t
s_take (db_t *db, bool repeats, request_t **requests, size_t limit)
{
    size_t count;
    char looked[PREDICTIONS_TIME_SIZE];
    const due_t due = {.limit = limit};
    const take_t take = {.repeats = repeats, .max_attempts = 3};
    assert_int_equal (
        predictions_take (db, &due, &take, requests, &count, looked), DB_OK);
    return count;
}

static db_status_t
s_expire (db_t *db, size_t *count)
{
    char looked[PREDICTIONS_TIME_SIZE];
    const due_t due = {.limit = 100};
    return predictions_expire (db, &due, NULL, NULL, count, looked);
}

static db_status_t
s_reset (db_t *db, size_t *count)
{
    char start[PREDICTIONS_TIME_SIZE];
    const due_t due = {.limit = 100};
    *count = 0;
    db_status_t status = predictions_reset_start (db, start);
    return status == DB_OK ? predictions_reset (db, &due, start, count) : status;
}

static void
s_insert_makes_pending_rows (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[1000];
    for (int i = 0; i < 1000; i++)
        requests[i] = s_request ();
    assert_int_equal (predictions_insert (self->db, requests, 1000, 900), DB_OK);
    for (int i = 0; i < 1000; i++)
        request_destroy (&requests[i]);
    store_assert_value (self,
        "SELECT count (*) FROM predictions WHERE status = 'PENDING' AND attempts = 1"
        " AND dispatched_at IS NOT NULL AND user_id = 'user_7'"
        " AND request_json @> '{\"history\": [10, 20, 30]}'",
        "1000");
}

static void
s_insert_fills_the_deadline_by_the_servers_clock (void **state)
{
    store_fixture_t *self = *state;
    request_t *request = s_request ();
    request->deadline_s = 60;
    assert_int_equal (predictions_insert (self->db, &request, 1, 900), DB_OK);
    char expected[32];
    snprintf (expected, sizeof expected, "%lld", (long long)request->deadline_ms);
    store_assert_value (self,
        "SELECT floor (extract (epoch FROM deadline) * 1000) FROM predictions",
        expected);
    store_assert_value (
        self, "SELECT deadline = created_at + interval '60 s' FROM predictions", "t");
    request_destroy (&request);
}

static void
s_insert_leaves_an_existing_row_alone (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[] = {s_request (), s_request ()};
    assert_int_equal (predictions_insert (self->db, requests + 1, 1, 900), DB_OK);
    assert_int_equal (s_finish (self->db, requests[1]->request_id), 1);
    assert_int_equal (predictions_insert (self->db, requests, 2, 900), DB_OK);
    assert_true (requests[0]->deadline_ms > 0);
    store_assert_value (self,
        "SELECT string_agg (status, ' ' ORDER BY status) FROM predictions",
        "COMPLETED PENDING");
    for (int i = 0; i < 2; i++)
        request_destroy (&requests[i]);
}

/* Nobody could ever say what became of it. */
static void
s_insert_says_when_a_row_is_taken_away (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[] = {s_request (), s_request ()};
    snprintf (requests[1]->user_id, sizeof requests[1]->user_id, "gone");
    store_do (self, "CREATE FUNCTION gone () RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN IF new.user_id = ''gone'' THEN RETURN NULL; END IF;"
                    " RETURN new; END';"
                    "CREATE TRIGGER gone BEFORE INSERT ON predictions"
                    " FOR EACH ROW EXECUTE FUNCTION gone ()");
    for (int once = 0; once < 2; once++) {
        memset (requests[1]->fingerprint, once ? 'a' : 0, 2);
        assert_int_equal (predictions_insert (self->db, requests, 2, 900), DB_REFUSED);
        assert_non_null (strstr (db_error (self->db), "trigger"));
        assert_int_equal (predictions_insert (self->db, requests, 1, 900), DB_OK);
        assert_int_equal (
            predictions_insert (self->db, requests + 1, 1, 900), DB_REFUSED);
    }
    request_destroy (&requests[0]);
    request_destroy (&requests[1]);
}

/* Each statement changes the others, and says that one was kept. */
static void
s_what_a_trigger_keeps_is_told (void **state)
{
    store_fixture_t *self = *state;
    result_t *kept = s_result (s_accept (self)), *other = s_result (s_accept (self));
    const result_t *results[] = {kept, other};
    bool hits[2] = {false};
    size_t count;
    char sql[400];
    snprintf (sql, sizeof sql,
        "CREATE FUNCTION keep () RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN IF new.request_id = ''%s'' THEN RETURN NULL; END IF; RETURN new; END';"
        "CREATE TRIGGER keep BEFORE UPDATE ON predictions"
        " FOR EACH ROW EXECUTE FUNCTION keep ()",
        kept->request_id);
    store_do (self, sql);
    assert_int_equal (
        predictions_finish (self->db, results, 2, hits, &count), DB_REFUSED);
    assert_true (count == 1 && !hits[0] && hits[1]);
    assert_non_null (strstr (db_error (self->db), "trigger"));
    assert_int_equal (
        predictions_finish (self->db, results + 1, 1, NULL, &count), DB_OK);
    assert_int_equal (count, 0);
    result_destroy (&kept);
    result_destroy (&other);
}

static void
s_insert_keeps_nothing_of_a_batch_with_a_bad_row (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[] = {s_request (), s_request ()};
    snprintf (requests[1]->request_id, sizeof requests[1]->request_id, "no uuid");
    assert_int_equal (predictions_insert (self->db, requests, 2, 900), DB_DATA);
    store_assert_value (self, "SELECT count (*) FROM predictions", "0");
    assert_int_equal (predictions_insert (self->db, requests, 1, 900), DB_OK);
    assert_int_equal (predictions_insert (self->db, requests + 1, 1, 900), DB_DATA);
    request_destroy (&requests[0]);
    request_destroy (&requests[1]);
}

static void
s_insert_survives_hostile_text (void **state)
{
    store_fixture_t *self = *state;
    request_t *request = s_request ();
    snprintf (
        request->user_id, sizeof request->user_id, "{\"a\\',\"}; -- \xc3\xa9 NULL");
    assert_int_equal (predictions_insert (self->db, &request, 1, 900), DB_OK);
    prediction_t row;
    bool found;
    assert_int_equal (
        predictions_find (self->db, request->request_id, &row, &found), DB_OK);
    assert_string_equal (row.user_id, request->user_id);
    prediction_clear (&row);
    request_destroy (&request);
}

static void
s_finish_completes_a_row_once (void **state)
{
    store_fixture_t *self = *state;
    const char *id = s_accept (self);
    assert_int_equal (s_finish (self->db, id), 1);
    assert_int_equal (s_finish (self->db, id), 0);
    store_assert_value (self,
        "SELECT status || model_version || (updated_at > created_at) FROM predictions",
        "COMPLETEDv1true");
}

static void
s_finish_counts_a_result_twice_in_a_batch_once (void **state)
{
    store_fixture_t *self = *state;
    result_t *result = s_result (s_accept (self));
    const result_t *results[] = {result, result};
    size_t hit;
    assert_int_equal (predictions_finish (self->db, results, 2, NULL, &hit), DB_OK);
    assert_int_equal (hit, 1);
    result_destroy (&result);
}

/* Of ids that no row has. */
static void
s_finish_many (db_t *db)
{
    result_t *results[60];
    char id[PROTO_ID_SIZE];
    size_t hit, count = sizeof results / sizeof results[0];
    for (size_t i = 0; i < count; i++) {
        uuid_make (id);
        results[i] = s_result (id);
    }
    assert_int_equal (
        predictions_finish (db, (const result_t *const *)results, count, NULL, &hit),
        DB_OK);
    for (size_t i = 0; i < count; i++)
        result_destroy (&results[i]);
}

static void
s_add_ended (store_fixture_t *self, int count)
{
    char sql[240];
    snprintf (sql, sizeof sql,
        "INSERT INTO predictions (request_id, user_id, request_json, result_json, "
        "deadline, status) SELECT gen_random_uuid (), 'user_1', '{}', '{}', now (), "
        "'COMPLETED' FROM generate_series (1, %d)",
        count);
    store_do (self, sql);
}

/* Entries of the primary key that were read, once a session that read some has ended. */
static int
s_keys_read (store_fixture_t *self)
{
    int64_t end_ms = clock_monotonic_ms () + 30000;
    for (;;) {
        char *text = store_value (self, "SELECT idx_tup_read FROM pg_stat_user_indexes "
                                        "WHERE indexrelname = 'predictions_pkey'");
        int count = atoi (text);
        free (text);
        if (count > 0 || clock_monotonic_ms () > end_ms)
            return count;
        usleep (50000);
    }
}

/* The plan that a small table gets walks through all of it. */
static void
s_a_plan_does_not_outlive_its_table (void **state)
{
    store_fixture_t *self = *state;
    db_t *db = db_new (self->conninfo, "test", STORE_TIMEOUT_MS);
    db_find_by_index (db);
    assert_true (db_ensure (db));
    s_add_ended (self, 60);
    store_do (self, "ANALYZE predictions");
    for (int i = 0; i < 10; i++)
        s_finish_many (db);
    s_add_ended (self, 20000);
    usleep (1100000);
    s_finish_many (db);
    db_destroy (&db);
    assert_in_range (s_keys_read (self), 1, 10000);
}

static void
s_finish_says_which_rows_changed (void **state)
{
    store_fixture_t *self = *state;
    result_t *stranger = s_result ("order-17");
    result_t *ours = s_result (s_accept (self));
    const result_t *results[] = {stranger, ours, ours};
    bool hits[3] = {false};
    size_t hit;
    assert_int_equal (predictions_finish (self->db, results, 2, hits, &hit), DB_OK);
    assert_true (!hits[0] && hits[1]);
    hits[1] = false;
    assert_int_equal (predictions_finish (self->db, results, 3, hits, &hit), DB_OK);
    assert_true (!hits[0] && !hits[1] && !hits[2]);
    result_destroy (&stranger);
    result_destroy (&ours);
}

static void
s_a_look_begins_where_the_last_one_ended (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[4];
    size_t count;
    char looked[PREDICTIONS_TIME_SIZE];
    const take_t take = {.repeats = true, .max_attempts = 3};
    s_accept (self);
    s_accept (self);
    store_do (self, "UPDATE predictions SET next_attempt_at = now () - interval '60 s'"
                    " WHERE request_id = (SELECT min (request_id::text)::uuid"
                    " FROM predictions)");
    due_t due = {.since = "now", .limit = 4};
    assert_int_equal (
        predictions_take (self->db, &due, &take, requests, &count, looked), DB_OK);
    assert_int_equal (count, 0);
    due.since = NULL;
    assert_int_equal (
        predictions_take (self->db, &due, &take, requests, &count, looked), DB_OK);
    assert_int_equal (count, 1);
    request_destroy (&requests[0]);
}

static void
s_locked_rows_are_found_without_waiting (void **state)
{
    store_fixture_t *self = *state;
    result_t *results[3];
    bool locked[3] = {false};
    for (int i = 0; i < 3; i++)
        results[i] = s_result (s_accept (self));
    char sql[200];
    snprintf (sql, sizeof sql,
        "BEGIN; SELECT FROM predictions WHERE request_id = '%s' FOR UPDATE",
        results[1]->request_id);
    db_t *other = db_new (self->conninfo, "other", 5000);
    assert_true (db_ensure (other));
    assert_int_equal (db_script (other, sql), DB_OK);
    assert_int_equal (
        predictions_find_locked (self->db, (const result_t *const *)results, 3, locked),
        DB_OK);
    assert_true (!locked[0] && locked[1] && !locked[2]);
    db_destroy (&other);
    for (int i = 0; i < 3; i++)
        result_destroy (&results[i]);
}

static void
s_finish_skips_ids_that_are_no_uuids (void **state)
{
    store_fixture_t *self = *state;
    result_t *stranger = s_result ("order-17");
    result_t *ours = s_result (s_accept (self));
    const result_t *results[] = {stranger, ours};
    size_t hit;
    assert_int_equal (predictions_finish (self->db, results, 2, NULL, &hit), DB_OK);
    assert_int_equal (hit, 1);
    assert_int_equal (predictions_finish (self->db, results, 1, NULL, &hit), DB_OK);
    assert_int_equal (hit, 0);
    result_destroy (&stranger);
    result_destroy (&ours);
}

static void
s_finish_writes_a_failure (void **state)
{
    store_fixture_t *self = *state;
    const char *id = s_accept (self);
    result_t *failed = s_result (id);
    failed->status = RESULT_FAILED;
    snprintf (failed->error, sizeof failed->error, "model exploded");
    const result_t *results[] = {failed};
    size_t hit;
    assert_int_equal (predictions_finish (self->db, results, 1, NULL, &hit), DB_OK);
    prediction_t row;
    bool found;
    assert_int_equal (predictions_find (self->db, id, &row, &found), DB_OK);
    assert_true (found);
    assert_string_equal (row.status, "FAILED");
    assert_string_equal (row.error, "model exploded");
    assert_null (row.result_json);
    prediction_clear (&row);
    result_destroy (&failed);
}

static void
s_finish_refuses_bad_data_without_harm (void **state)
{
    store_fixture_t *self = *state;
    result_t *bad = s_result (s_accept (self));
    result_t *good = s_result (s_accept (self));
    memcpy (bad->model_version, "v\xff", 3); /* no UTF-8 */
    const result_t *results[] = {bad, good};
    size_t hit;
    assert_int_equal (predictions_finish (self->db, results, 2, NULL, &hit), DB_DATA);
    store_assert_value (
        self, "SELECT count (*) FROM predictions WHERE status = 'PENDING'", "2");
    assert_int_equal (predictions_finish (self->db, results + 1, 1, NULL, &hit), DB_OK);
    assert_int_equal (hit, 1);
    result_destroy (&bad);
    result_destroy (&good);
}

static void
s_scores_and_ids_read_back_equal (void **state)
{
    store_fixture_t *self = *state;
    const char *id = s_accept (self);
    s_finish (self->db, id);
    prediction_t row;
    bool found;
    assert_int_equal (predictions_find (self->db, id, &row, &found), DB_OK);
    json_t *payload = json_loads (row.result_json, 0, NULL);
    result_t *sent = s_result (id);
    json_t *scores = json_object_get (payload, "scores");
    json_t *items = json_object_get (payload, "item_ids");
    assert_int_equal (json_array_size (scores), 3);
    for (size_t i = 0; i < 3; i++) {
        float score = (float)json_number_value (json_array_get (scores, i));
        assert_memory_equal (&score, &sent->scores[i], sizeof score);
        assert_int_equal (
            json_integer_value (json_array_get (items, i)), sent->item_ids[i]);
    }
    result_destroy (&sent);
    json_decref (payload);
    prediction_clear (&row);
}

static void
s_find_knows_what_is_not_there (void **state)
{
    store_fixture_t *self = *state;
    prediction_t row;
    bool found = true;
    char id[UUID_TEXT_SIZE];
    uuid_make (id);
    assert_int_equal (predictions_find (self->db, id, &row, &found), DB_OK);
    assert_false (found);
    assert_int_equal (predictions_find (self->db, "'; DROP", &row, &found), DB_OK);
    assert_false (found);
}

static void
s_find_gives_times_as_rfc3339 (void **state)
{
    store_fixture_t *self = *state;
    const char *id = s_accept (self);
    store_do (self, "UPDATE predictions SET created_at = '2026-01-02 03:04:05.6+01'");
    prediction_t row;
    bool found;
    assert_int_equal (predictions_find (self->db, id, &row, &found), DB_OK);
    assert_string_equal (row.created_at, "2026-01-02T02:04:05.600000Z");
    prediction_clear (&row);
}

static void
s_what_was_sent_is_not_taken (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[4];
    s_accept (self);
    assert_int_equal (s_take (self->db, false, requests, 4), 0);
    assert_int_equal (s_take (self->db, true, requests, 4), 0);
}

static void
s_undispatched_is_taken_once_and_whole (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[4];
    const char *id = s_accept (self);
    assert_int_equal (predictions_undispatch (self->db, &id, 1), DB_OK);
    assert_int_equal (s_take (self->db, false, requests, 4), 1);
    assert_string_equal (requests[0]->request_id, id);
    assert_string_equal (requests[0]->user_id, "user_7");
    assert_int_equal (requests[0]->history_count, 3);
    assert_int_equal (requests[0]->history[2], 30);
    assert_int_equal (requests[0]->k, 5);
    assert_int_equal (requests[0]->attempt, 1); /* the failed sending does not count */
    assert_true (requests[0]->job);
    assert_true (requests[0]->deadline_ms > clock_unix_ms () + 800 * 1000);
    request_destroy (&requests[0]);
    assert_int_equal (s_take (self->db, false, requests, 4), 0);
}

static void
s_oldest_is_taken_first (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[2];
    char ids[3][PROTO_ID_SIZE];
    for (int i = 0; i < 3; i++)
        memcpy (ids[i], s_accept (self), PROTO_ID_SIZE);
    const char *order[] = {ids[2], ids[0], ids[1]};
    assert_int_equal (predictions_undispatch (self->db, order, 3), DB_OK);
    assert_int_equal (s_take (self->db, false, requests, 2), 2);
    assert_string_equal (requests[0]->request_id, ids[0]);
    assert_string_equal (requests[1]->request_id, ids[1]);
    request_destroy (&requests[0]);
    request_destroy (&requests[1]);
}

static void
s_repeats_back_off (void **state)
{
    store_fixture_t *self = *state;
    static const char *const between[] = {"12 AND 18", "24 AND 36", "48 AND 72"};
    request_t *requests[4];
    s_accept (self);
    for (int i = 0; i < 3; i++) {
        char sql[200];
        snprintf (sql, sizeof sql,
            "SELECT extract (epoch FROM next_attempt_at - dispatched_at) BETWEEN %s"
            " FROM predictions",
            between[i]);
        store_assert_value (self, sql, "t");
        store_do (self, "UPDATE predictions SET next_attempt_at = now ()");
        assert_int_equal (s_take (self->db, false, requests, 4), 0);
        if (i == 2)
            break;
        assert_int_equal (s_take (self->db, true, requests, 4), 1);
        assert_int_equal (requests[0]->attempt, i + 2);
        request_destroy (&requests[0]);
    }
    /* Sent three times, which is the limit s_take gives. */
    assert_int_equal (s_take (self->db, true, requests, 4), 0);
    store_assert_value (self, "SELECT status || ': ' || error FROM predictions",
        "FAILED: no answer after 3 attempts");
}

static void
s_two_takers_never_take_the_same_row (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[4];
    char ids[2][PROTO_ID_SIZE];
    for (int i = 0; i < 2; i++)
        memcpy (ids[i], s_accept (self), PROTO_ID_SIZE);
    const char *both[] = {ids[0], ids[1]};
    assert_int_equal (predictions_undispatch (self->db, both, 2), DB_OK);
    db_t *other = db_new (self->conninfo, "other", 5000);
    assert_true (db_ensure (other));
    assert_int_equal (db_script (other, "BEGIN"), DB_OK);
    assert_int_equal (s_take (other, false, requests, 1), 1); /* held, not committed */
    assert_string_equal (requests[0]->request_id, ids[0]);
    assert_int_equal (s_take (self->db, false, requests + 1, 3), 1);
    assert_string_equal (requests[1]->request_id, ids[1]);
    request_destroy (&requests[0]);
    request_destroy (&requests[1]);
    db_destroy (&other);
}

static void
s_unreadable_request_fails_alone (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[4];
    s_accept (self);
    s_accept (self);
    store_do (self,
        "UPDATE predictions SET request_json = '[]' WHERE request_id ="
        " (SELECT request_id FROM predictions ORDER BY request_id LIMIT 1)");
    size_t count;
    assert_int_equal (s_reset (self->db, &count), DB_OK);
    assert_int_equal (s_take (self->db, false, requests, 4), 1);
    request_destroy (&requests[0]);
    store_assert_value (
        self, "SELECT count (*) FROM predictions WHERE status = 'FAILED'", "1");
}

static void
s_reset_makes_all_pending_rows_unsent (void **state)
{
    store_fixture_t *self = *state;
    request_t *requests[4];
    size_t count;
    s_finish (self->db, s_accept (self));
    s_accept (self);
    s_accept (self);
    assert_int_equal (s_reset (self->db, &count), DB_OK);
    assert_int_equal (count, 2);
    assert_int_equal (s_take (self->db, false, requests, 4), 2);
    assert_int_equal (requests[0]->attempt, 2);
    request_destroy (&requests[0]);
    request_destroy (&requests[1]);
}

/* Two processes that start together: what one has reset and sent is not sent again. */
static void
s_reset_leaves_what_was_touched_since_its_start (void **state)
{
    store_fixture_t *self = *state;
    char start[PREDICTIONS_TIME_SIZE];
    const due_t due = {.limit = 100};
    request_t *requests[2];
    size_t count;
    s_accept (self);
    assert_int_equal (predictions_reset_start (self->db, start), DB_OK);
    assert_int_equal (s_reset (self->db, &count), DB_OK);
    assert_int_equal (count, 1);
    assert_int_equal (s_take (self->db, false, requests, 2), 1);
    request_destroy (&requests[0]);
    assert_int_equal (predictions_reset (self->db, &due, start, &count), DB_OK);
    assert_int_equal (count, 0);
}

/* Another service's writer gives its id, its user and a status, and sends by itself. */
static void
s_strangers_row_is_not_sent_but_ends (void **state)
{
    store_fixture_t *self = *state;
    const char *id = "6b0d4a52-9c1f-4a7e-8f57-0d5a1be3a001";
    request_t *requests[2];
    size_t count;
    store_do (self, "INSERT INTO predictions (request_id, user_id, status) VALUES"
                    " ('6b0d4a52-9c1f-4a7e-8f57-0d5a1be3a001', 'ann', 'PENDING'),"
                    " ('6b0d4a52-9c1f-4a7e-8f57-0d5a1be3a002', 'ann', 'PENDING')");
    assert_int_equal (s_reset (self->db, &count), DB_OK);
    assert_int_equal (count, 0);
    assert_int_equal (s_take (self->db, false, requests, 2), 0);
    assert_int_equal (s_take (self->db, true, requests, 2), 0);
    assert_int_equal (s_finish (self->db, id), 1);
    store_do (
        self, "UPDATE predictions SET deadline = now () WHERE status = 'PENDING'");
    assert_int_equal (s_expire (self->db, &count), DB_OK);
    assert_int_equal (count, 1);
}

static void
s_expire_ends_what_is_past_its_deadline (void **state)
{
    store_fixture_t *self = *state;
    size_t count;
    s_accept (self);
    s_finish (self->db, s_accept (self));
    store_do (self, "UPDATE predictions SET deadline = now ()");
    char late[PROTO_ID_SIZE];
    memcpy (late, s_accept (self), sizeof late);
    assert_int_equal (s_expire (self->db, &count), DB_OK);
    assert_int_equal (count, 1);
    store_assert_value (self,
        "SELECT string_agg (status, ' ' ORDER BY status) FROM predictions",
        "COMPLETED EXPIRED PENDING");
}

static void
s_expired_row_is_not_completed_later (void **state)
{
    store_fixture_t *self = *state;
    size_t count;
    const char *id = s_accept (self);
    store_do (self, "UPDATE predictions SET deadline = now ()");
    assert_int_equal (s_expire (self->db, &count), DB_OK);
    assert_int_equal (s_finish (self->db, id), 0);
    store_assert_value (self, "SELECT status FROM predictions", "EXPIRED");
}

static void
s_pending_count_is_capped (void **state)
{
    store_fixture_t *self = *state;
    size_t count;
    double oldest_s;
    for (int i = 0; i < 4; i++)
        s_accept (self);
    s_finish (self->db, s_accept (self));
    assert_int_equal (
        predictions_pending_count (self->db, 100, &count, &oldest_s), DB_OK);
    assert_int_equal (count, 4);
    assert_int_equal (
        predictions_pending_count (self->db, 2, &count, &oldest_s), DB_OK);
    assert_int_equal (count, 3);
}

static void
s_pending_count_tells_the_age_of_the_oldest (void **state)
{
    store_fixture_t *self = *state;
    size_t count;
    double oldest_s = -1;
    s_finish (self->db, s_accept (self));
    assert_int_equal (
        predictions_pending_count (self->db, 100, &count, &oldest_s), DB_OK);
    assert_true (oldest_s == 0);
    s_accept (self);
    store_do (self, "UPDATE predictions SET created_at = now () - interval '90 s'");
    s_accept (self);
    assert_int_equal (
        predictions_pending_count (self->db, 100, &count, &oldest_s), DB_OK);
    assert_true (oldest_s > 89 && oldest_s < 150);
}

static void
s_functions_are_harmless_without_a_server (void **state)
{
    (void)state;
    db_t *db = db_new ("host=/nowhere", "test", 1000);
    db_mute (db);
    assert_false (db_ensure (db));
    request_t *request = s_request ();
    request_t *taken[1];
    size_t count;
    assert_int_equal (predictions_insert (db, &request, 1, 900), DB_AWAY);
    char looked[PREDICTIONS_TIME_SIZE];
    const due_t due = {.limit = 1};
    const take_t take = {.repeats = true, .max_attempts = 3};
    assert_int_equal (
        predictions_take (db, &due, &take, taken, &count, looked), DB_AWAY);
    assert_int_equal (s_expire (db, &count), DB_AWAY);
    request_destroy (&request);
    db_destroy (&db);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_insert_makes_pending_rows),
        STORE_TEST (s_insert_fills_the_deadline_by_the_servers_clock),
        STORE_TEST (s_insert_leaves_an_existing_row_alone),
        STORE_TEST (s_insert_says_when_a_row_is_taken_away),
        STORE_TEST (s_what_a_trigger_keeps_is_told),
        STORE_TEST (s_insert_keeps_nothing_of_a_batch_with_a_bad_row),
        STORE_TEST (s_insert_survives_hostile_text),
        STORE_TEST (s_finish_completes_a_row_once),
        STORE_TEST (s_finish_counts_a_result_twice_in_a_batch_once),
        STORE_TEST (s_a_plan_does_not_outlive_its_table),
        STORE_TEST (s_finish_says_which_rows_changed),
        STORE_TEST (s_a_look_begins_where_the_last_one_ended),
        STORE_TEST (s_locked_rows_are_found_without_waiting),
        STORE_TEST (s_finish_skips_ids_that_are_no_uuids),
        STORE_TEST (s_finish_writes_a_failure),
        STORE_TEST (s_finish_refuses_bad_data_without_harm),
        STORE_TEST (s_scores_and_ids_read_back_equal),
        STORE_TEST (s_find_knows_what_is_not_there),
        STORE_TEST (s_find_gives_times_as_rfc3339),
        STORE_TEST (s_what_was_sent_is_not_taken),
        STORE_TEST (s_undispatched_is_taken_once_and_whole),
        STORE_TEST (s_oldest_is_taken_first),
        STORE_TEST (s_repeats_back_off),
        STORE_TEST (s_two_takers_never_take_the_same_row),
        STORE_TEST (s_unreadable_request_fails_alone),
        STORE_TEST (s_reset_makes_all_pending_rows_unsent),
        STORE_TEST (s_reset_leaves_what_was_touched_since_its_start),
        STORE_TEST (s_strangers_row_is_not_sent_but_ends),
        STORE_TEST (s_expire_ends_what_is_past_its_deadline),
        STORE_TEST (s_expired_row_is_not_completed_later),
        STORE_TEST (s_pending_count_is_capped),
        STORE_TEST (s_pending_count_tells_the_age_of_the_oldest),
        cmocka_unit_test (s_functions_are_harmless_without_a_server),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
