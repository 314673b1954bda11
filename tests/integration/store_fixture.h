/* What the integration tests of store/ share: the throw-away server of with-postgres,
 * with a fresh schema for each test. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_STORE_FIXTURE_H
#define SASREC_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "store/db.h"
#include "store/migrate.h"

#define STORE_TIMEOUT_MS 30000 /* of a statement: the machine may be busy */

typedef struct {
    char conninfo[64]; /* a fresh database with the schema */
    db_t *db;          /* connected to it */
} store_fixture_t;

/* Runs statements of another client; its last value as text, or NULL (free it). */
static inline char *
store_run (const char *conninfo, const char *sql)
{
    PGconn *conn = PQconnectdb (conninfo);
    PQclear (PQexec (conn, "SET client_min_messages = error"));
    PGresult *result = PQexec (conn, sql);
    ExecStatusType status = PQresultStatus (result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg ("%s: %s", sql, PQerrorMessage (conn));
    char *value = NULL;
    if (PQntuples (result) > 0 && PQnfields (result) > 0)
        value = strdup (PQgetvalue (result, 0, 0));
    PQclear (result);
    PQfinish (conn);
    return value;
}

static inline int
store_set_up (void **state)
{
    char error[160] = "";
    log_configure ("error", "text");
    store_fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    snprintf (self->conninfo, sizeof self->conninfo, "dbname=sasrec");
    free (
        store_run (self->conninfo, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
    if (migrate_run (self->conninfo, NULL, error))
        fail_msg ("%s", error);
    self->db = db_new (self->conninfo, "test", STORE_TIMEOUT_MS);
    assert_true (db_ensure (self->db));
    *state = self;
    return 0;
}

static inline int
store_tear_down (void **state)
{
    store_fixture_t *self = *state;
    db_destroy (&self->db);
    free (self);
    return 0;
}

/* One value, as another client sees it. */
static inline char *
store_value (store_fixture_t *self, const char *sql)
{
    char *value = store_run (self->conninfo, sql);
    assert_non_null (value);
    return value;
}

static inline void
store_assert_value (store_fixture_t *self, const char *sql, const char *expected)
{
    char *value = store_value (self, sql);
    assert_string_equal (value, expected);
    free (value);
}

static inline void
store_do (store_fixture_t *self, const char *sql)
{
    free (store_run (self->conninfo, sql));
}

#define STORE_TEST(function)                                                           \
    cmocka_unit_test_setup_teardown (function, store_set_up, store_tear_down)

#endif
