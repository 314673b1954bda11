/* Connection strings: what libpq is handed, and what may be printed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/conninfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/config_fixture.h"

static conninfo_t *
s_parse (const config_t *config)
{
    char error[160] = "";
    char *text = conninfo_of_config (config, error);
    if (!text)
        fail_msg ("%s", error);
    conninfo_t *self = conninfo_parse (text, error);
    assert_non_null (self);
    free (text);
    return self;
}

static void
s_assert_option (const config_t *config, const char *keyword, const char *expected)
{
    conninfo_t *self = s_parse (config);
    if (expected)
        assert_string_equal (conninfo_get (self, keyword), expected);
    else
        assert_null (conninfo_get (self, keyword));
    conninfo_destroy (&self);
}

static void
s_assert_label (const config_t *config, const char *expected)
{
    char error[160];
    char *text = conninfo_of_config (config, error);
    char *label = conninfo_label (text);
    assert_string_equal (label, expected);
    free (label);
    free (text);
}

static void
test_conninfo_quotes_every_value (void **state)
{
    (void)state;
    const char *odd = "a b'c\\d host=evil '";
    char error[160];
    setenv ("PGPASSWORD", odd, 1);
    config_t *config = config_fixture_new ();
    config_set (config, "pgdatabase", odd, error);
    config_set (config, "pguser", odd, error);
    s_assert_option (config, "password", odd);
    s_assert_option (config, "dbname", odd);
    s_assert_option (config, "user", odd);
    s_assert_option (config, "host", "localhost");
    s_assert_option (config, "port", "5432");
    config_destroy (&config);
}

static void
test_conninfo_notices_a_dead_server_soon (void **state)
{
    (void)state;
    config_t *config = config_fixture_new ();
    s_assert_option (config, "connect_timeout", "3");
    s_assert_option (config, "tcp_user_timeout", "5000");
    s_assert_option (config, "keepalives", "1");
    s_assert_option (config, "password", NULL);
    config_destroy (&config);
}

static void
test_url_wins_over_the_five_and_keeps_its_words (void **state)
{
    (void)state;
    setenv ("PGHOST", "other", 1);
    setenv ("POSTGRES_URL", "postgresql://me:p%40ss@db:5433/shop?connect_timeout=9", 1);
    config_t *config = config_fixture_new ();
    s_assert_option (config, "host", "db");
    s_assert_option (config, "port", "5433");
    s_assert_option (config, "user", "me");
    s_assert_option (config, "password", "p@ss");
    s_assert_option (config, "dbname", "shop");
    s_assert_option (config, "connect_timeout", "9");
    s_assert_option (config, "tcp_user_timeout", "5000");
    config_destroy (&config);
}

static void
test_url_comes_in_every_shape_of_libpq (void **state)
{
    (void)state;
    static const char *const urls[][2] = {
        {"postgres://db", NULL},
        {"postgres://db/", NULL},
        {"postgres://db/shop", "shop"},
        {"postgres://db/shop?", "shop"},
        {"postgres://u:p?q@db/shop", "shop"},
        {"host=db dbname=shop", "shop"},
        {"postgres://u@db:1,db:2/shop?user=a%40b", "shop"},
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        setenv ("POSTGRES_URL", urls[i][0], 1);
        config_t *config = config_fixture_new ();
        s_assert_option (config, "dbname", urls[i][1]);
        s_assert_option (config, "tcp_user_timeout", "5000");
        config_destroy (&config);
    }
}

static void
test_schema_comes_before_any_string (void **state)
{
    (void)state;
    static const char *const urls[] = {"", "host=db", "postgres://db/shop"};
    char error[160];
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        setenv ("POSTGRES_URL", urls[i], 1);
        config_t *config = config_fixture_new ();
        config_set (config, "schema", "odd '\\name", error);
        conninfo_t *self = s_parse (config);
        assert_string_equal (conninfo_schema (self), "odd '\\name");
        assert_string_equal (
            conninfo_get (self, "host"), *urls[i] ? "db" : "localhost");
        conninfo_destroy (&self);
        config_set (config, "schema", "", error);
        self = s_parse (config);
        assert_null (conninfo_schema (self));
        conninfo_destroy (&self);
        config_destroy (&config);
    }
}

static void
test_label_says_where_but_no_password (void **state)
{
    (void)state;
    setenv ("PGPASSWORD", "secret", 1);
    config_t *config = config_fixture_new ();
    s_assert_label (config, "database \"sasrec\" at localhost:5432");
    config_destroy (&config);
    setenv ("POSTGRES_URL", "postgresql://me:secret@db:5433/shop?password=secret", 1);
    config = config_fixture_new ();
    s_assert_label (config, "database \"shop\" at db:5433");
    config_destroy (&config);
    setenv ("POSTGRES_URL", "postgres://me:se%40cret@db", 1);
    config = config_fixture_new ();
    s_assert_label (config, "the default database at db");
    config_destroy (&config);
}

/* libpq would show parts of them as a host, a port or a word it does not know. */
static void
test_badly_escaped_password_is_refused_and_not_repeated (void **state)
{
    (void)state;
    static const char *const urls[] = {"postgres://me:se@cret@db/shop",
        "postgres://me:se/cret@db/shop", "postgres://me:12/cret@db/shop",
        "postgres://me:se%cret@db/shop", "host=db password=se cret",
        "host=db password='cret", "postgresql+driver://me:cret@db/shop",
        "postgres://db/shop?password=cret&cret", "postgres://me:cret:se/@db/shop"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char error[160] = "";
        setenv ("POSTGRES_URL", urls[i], 1);
        config_t *config = config_fixture_new ();
        if (conninfo_of_config (config, error))
            fail_msg ("%s", urls[i]);
        assert_non_null (strstr (error, "POSTGRES_URL is not a connection string"));
        assert_non_null (strstr (error, "%20"));
        assert_null (strstr (error, "cret"));
        config_destroy (&config);
    }
}

static void
test_password_on_the_command_line_is_refused (void **state)
{
    (void)state;
    char error[160] = "";
    config_t *config = config_fixture_new ();
    config_set (config, "postgres-url", "postgres://me:cret@db/shop", error);
    assert_null (conninfo_of_config (config, error));
    assert_non_null (strstr (error, "PGPASSFILE"));
    assert_null (strstr (error, "cret"));
    config_set (config, "postgres-url", "postgres://me@db/shop", error);
    s_assert_label (config, "database \"shop\" at db");
    config_destroy (&config);
}

#define TEST_(name) cmocka_unit_test_setup (name, config_fixture_setup)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST_ (test_conninfo_quotes_every_value),
        TEST_ (test_conninfo_notices_a_dead_server_soon),
        TEST_ (test_url_wins_over_the_five_and_keeps_its_words),
        TEST_ (test_url_comes_in_every_shape_of_libpq),
        TEST_ (test_schema_comes_before_any_string),
        TEST_ (test_label_says_where_but_no_password),
        TEST_ (test_badly_escaped_password_is_refused_and_not_repeated),
        TEST_ (test_password_on_the_command_line_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
