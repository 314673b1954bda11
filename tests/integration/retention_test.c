/* Old requests are deleted, by what an index says. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "store/retention.h"

/* count rows made `age` ago with the status, with our kind of ids or with random ones. */
static void
s_fill (
    store_fixture_t *self, int count, const char *age, const char *status, bool timed)
{
    char sql[800];
    snprintf (sql, sizeof sql,
        "INSERT INTO predictions (request_id, user_id, status, result_json, created_at)"
        " SELECT CASE WHEN %s THEN overlay (gen_random_uuid ()::text PLACING"
        "  substr (h, 1, 8) || '-' ||"
        "  substr (h, 9, 4) || '-7' FROM 1 FOR 15)::uuid ELSE gen_random_uuid () END,"
        "  'ann', '%s', CASE WHEN '%s' = 'COMPLETED' THEN '{}'::jsonb END, t"
        " FROM (SELECT now () - interval '%s' + n * interval '1 ms' AS t"
        "  FROM generate_series (1, %d) n) a, LATERAL (SELECT lpad (to_hex ("
        "  floor (extract (epoch FROM t) * 1000)::bigint), 12, '0') AS h) b",
        timed ? "true" : "false", status, status, age, count);
    store_do (self, sql);
}

/* Sweeps what is older than 30 days; returns how many went. */
static size_t
s_sweep (store_fixture_t *self, bool alone, size_t *left)
{
    char *before = store_value (self, "SELECT (now () - interval '30 days')::text");
    retention_t *sweep = retention_new (self->db, before, 5000, alone);
    size_t total = 0, deleted;
    for (int steps = 0; !retention_done (sweep); steps++) {
        assert_int_equal (retention_step (sweep, &deleted), DB_OK);
        assert_true (steps < 1000);
        total += deleted;
    }
    if (left)
        *left = retention_left (sweep);
    retention_destroy (&sweep);
    free (before);
    return total;
}

static void
s_old_ended_rows_go_whatever_their_ids (void **state)
{
    store_fixture_t *self = *state;
    s_fill (self, 2500, "40 days", "COMPLETED", true);
    s_fill (self, 2500, "40 days", "FAILED", false);
    s_fill (self, 7, "40 days", "PENDING", true);
    s_fill (self, 7, "40 days", "PENDING", false);
    s_fill (self, 10, "20 days", "COMPLETED", true);
    s_fill (self, 10, "20 days", "COMPLETED", false);
    assert_int_equal (s_sweep (self, false, NULL), 5000);
    store_assert_value (self, "SELECT count (*) FROM predictions", "34");
    assert_int_equal (s_sweep (self, true, NULL), 0);
}

/* What a connection has counted is known when its backend has ended. */
static void
s_connect_again (store_fixture_t *self)
{
    int64_t end_ms = clock_monotonic_ms () + 5000;
    bool ended = false;
    char *pid = store_value (self, "SELECT pg_backend_pid ()");
    char sql[100];
    snprintf (
        sql, sizeof sql, "SELECT count (*) FROM pg_stat_activity WHERE pid = %s", pid);
    free (pid);
    db_destroy (&self->db);
    self->db = db_new (self->conninfo, "test", 5000);
    assert_true (db_ensure (self->db));
    while (!ended && clock_monotonic_ms () < end_ms) {
        char *there = store_value (self, sql);
        ended = *there == '0';
        free (there);
    }
    assert_true (ended);
}

/* An index leads to them: beside many that stay, a sweep reads only what goes. */
static void
s_sweep_does_not_read_what_stays (void **state)
{
    store_fixture_t *self = *state;
    s_fill (self, 20000, "2 days", "COMPLETED", true);
    s_fill (self, 20000, "2 days", "COMPLETED", false);
    s_fill (self, 30, "40 days", "COMPLETED", true);
    s_fill (self, 30, "40 days", "COMPLETED", false);
    store_do (self, "VACUUM ANALYZE predictions");
    s_connect_again (self);
    store_do (self, "SELECT pg_stat_reset ()");
    assert_int_equal (s_sweep (self, false, NULL), 60);
    s_connect_again (self);
    static const char read[] =
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables"
        " WHERE relname = 'predictions'";
    int64_t end_ms = clock_monotonic_ms () + 5000;
    int count = 0;
    while (count == 0 && clock_monotonic_ms () < end_ms) {
        char *value = store_value (self, read);
        count = atoi (value);
        free (value);
    }
    assert_in_range (count, 60, 1000);
}

static void
s_locked_row_waits_for_the_next_sweep (void **state)
{
    store_fixture_t *self = *state;
    s_fill (self, 100, "40 days", "COMPLETED", true);
    db_t *other = db_new (self->conninfo, "other", 5000);
    assert_true (db_ensure (other));
    assert_int_equal (
        db_script (other, "BEGIN; SELECT FROM predictions ORDER BY request_id LIMIT 1"
                          " FOR UPDATE"),
        DB_OK);
    assert_int_equal (s_sweep (self, false, NULL), 99);
    db_destroy (&other);
    assert_int_equal (s_sweep (self, false, NULL), 1);
}

static void
s_refused_row_stays_and_the_others_go (void **state)
{
    store_fixture_t *self = *state;
    size_t left;
    s_fill (self, 1500, "40 days", "COMPLETED", true);
    s_fill (self, 500, "40 days", "FAILED", false);
    store_do (self,
        "UPDATE predictions SET user_id = 'kept' WHERE request_id IN ("
        " (SELECT request_id FROM predictions WHERE status = 'COMPLETED'"
        "  ORDER BY request_id LIMIT 1 OFFSET 700) UNION ALL"
        " (SELECT request_id FROM predictions WHERE status = 'FAILED' LIMIT 1));"
        "CREATE FUNCTION keep () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE 'kept by law' USING ERRCODE = 'SHOP1'; END $$;"
        "CREATE TRIGGER keep BEFORE DELETE ON predictions FOR EACH ROW"
        " WHEN (OLD.user_id = 'kept') EXECUTE FUNCTION keep ()");
    assert_int_equal (s_sweep (self, false, &left), 1998);
    assert_int_equal (left, 2);
    store_assert_value (self, "SELECT count (*) FROM predictions", "2");
}

static void
s_one_process_sweeps_at_a_time (void **state)
{
    store_fixture_t *self = *state;
    s_fill (self, 10, "40 days", "COMPLETED", true);
    db_t *other = db_new (self->conninfo, "other", 5000);
    assert_true (db_ensure (other));
    assert_int_equal (db_script (other, "BEGIN; SELECT pg_advisory_xact_lock (hashtext"
                                        " ('sasrec.retention'))"),
        DB_OK);
    assert_int_equal (s_sweep (self, true, NULL), 0);
    assert_int_equal (db_script (other, "COMMIT"), DB_OK);
    assert_int_equal (s_sweep (self, true, NULL), 10);
    db_destroy (&other);
}

static void
s_bad_date_is_refused (void **state)
{
    store_fixture_t *self = *state;
    size_t deleted, steps = 0;
    db_status_t status = DB_OK;
    retention_t *sweep = retention_new (self->db, "yesterdayish", 5000, false);
    while (status == DB_OK && steps++ < 10)
        status = retention_step (sweep, &deleted);
    assert_int_equal (status, DB_DATA);
    retention_destroy (&sweep);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_old_ended_rows_go_whatever_their_ids),
        STORE_TEST (s_sweep_does_not_read_what_stays),
        STORE_TEST (s_locked_row_waits_for_the_next_sweep),
        STORE_TEST (s_refused_row_stays_and_the_others_go),
        STORE_TEST (s_one_process_sweeps_at_a_time),
        STORE_TEST (s_bad_date_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
