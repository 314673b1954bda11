/* For tests of actors that write: rows of the throw-away PostgreSQL that with-postgres
 * started, and that server's end and return. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_ACTORS_POSTGRES_H
#define SASREC_TESTS_ACTORS_POSTGRES_H

#include "tests/integration/store_fixture.h"

#include "proto/ending.h"
#include "tests/actors/actors.h"

#define COUNT_SQL "SELECT count(*) FROM predictions WHERE "

static inline size_t
rows_where (store_fixture_t *store, const char *condition)
{
    char sql[400];
    snprintf (sql, sizeof sql, COUNT_SQL "%s", condition);
    char *value = store_value (store, sql);
    size_t count = strtoull (value, NULL, 10);
    free (value);
    return count;
}

static inline void
rows_await (store_fixture_t *store, const char *condition, size_t count)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (rows_where (store, condition) != count && clock_monotonic_ms () < limit_ms)
        zclock_sleep (5);
    assert_int_equal (rows_where (store, condition), count);
}

/* PENDING rows 00000000-...-000000000001 to count, as an earlier process left them. */
static inline void
rows_make (store_fixture_t *store, size_t count)
{
    char sql[600];
    snprintf (sql, sizeof sql,
        "INSERT INTO predictions (request_id, user_id, request_json, deadline, "
        "attempts,"
        " dispatched_at, next_attempt_at) SELECT"
        " ('00000000-0000-7000-8000-' || lpad (i::text, 12, '0'))::uuid, 'user_1',"
        " '{\"request_id\": \"x\", \"history\": [10, 20]}', now () + '900 s', 1, now "
        "(),"
        " now () + '15 s' FROM generate_series (1, %zu) i",
        count);
    store_do (store, sql);
}

/* One PENDING row of that number that was never sent. */
static inline void
rows_make_unsent (store_fixture_t *store, size_t number)
{
    char sql[500];
    snprintf (sql, sizeof sql,
        "INSERT INTO predictions (request_id, user_id, request_json, deadline)"
        " VALUES (('00000000-0000-7000-8000-' || lpad ('%zu', 12, '0'))::uuid,"
        " 'user_1', '{\"request_id\": \"x\", \"history\": [10, 20]}',"
        " now () + '900 s')",
        number);
    store_do (store, sql);
}

/* Each row takes so long, as on a slow disk. what: "UPDATE ON predictions". */
static inline void
rows_slow_down (store_fixture_t *store, const char *what, int ms)
{
    char sql[400];
    snprintf (sql, sizeof sql,
        "CREATE FUNCTION slow () RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep (%d * 0.001); RETURN NEW; END $$",
        ms);
    store_do (store, sql);
    snprintf (sql, sizeof sql,
        "CREATE TRIGGER slow BEFORE %s FOR EACH ROW EXECUTE FUNCTION slow ()", what);
    store_do (store, sql);
}

static inline void
row_id (char id[PROTO_ID_SIZE], size_t number)
{
    snprintf (id, PROTO_ID_SIZE, "00000000-0000-7000-8000-%012zu", number);
}

/* The next that who waits is told. */
static inline void
ending_expect (zsock_t *endings, size_t number, const char *status)
{
    char id[PROTO_ID_SIZE];
    row_id (id, number);
    assert_true (arrives (endings, LIMIT_MS));
    ending_t *ending = ending_recv (endings);
    assert_int_equal (ending->count, 1);
    assert_string_equal (ending->request_ids[0], id);
    assert_string_equal (ending->status, status);
    ending_destroy (&ending);
}

/* "--stop" or "--start". */
static inline void
postgres_control (const char *word)
{
    char command[400];
    snprintf (command, sizeof command, "'%s/../integration/with-postgres' %s", FIXTURES,
        word);
    assert_int_equal (system (command), 0);
}

#endif
