/* Tests of base/config. SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* No setting of the machine reaches a test. */
static int
s_setup (void **state)
{
    (void)state;
    for (int i = 0; i < CONFIG_COUNT; i++)
        unsetenv (config_item ((config_key_t)i)->env);
    return 0;
}

static config_t *
s_config (void)
{
    char error[160] = "";
    config_t *config = config_new (error);
    if (!config)
        fail_msg ("%s", error);
    return config;
}

/* What libpq understands of the connection string. */
static void
s_assert_option (const config_t *config, const char *keyword, const char *expected)
{
    char *conninfo = config_conninfo (config), *error = NULL;
    PQconninfoOption *options = PQconninfoParse (conninfo, &error);
    if (!options)
        fail_msg ("%s: %s", conninfo, error);
    const PQconninfoOption *option = options;
    while (option->keyword && strcmp (option->keyword, keyword) != 0)
        option++;
    assert_non_null (option->keyword);
    if (expected)
        assert_string_equal (option->val, expected);
    else
        assert_null (option->val);
    PQconninfoFree (options);
    free (conninfo);
}

static void
s_assert_label (const config_t *config, const char *expected)
{
    char *label = config_database_label (config);
    assert_string_equal (label, expected);
    free (label);
}

static void
test_defaults (void **state)
{
    (void)state;
    config_t *config = s_config ();
    assert_string_equal (config_text (config, CONFIG_PGDATABASE), "sasrec");
    assert_string_equal (config_text (config, CONFIG_PGHOST), "localhost");
    assert_int_equal (config_integer (config, CONFIG_PGPORT), 5432);
    assert_string_equal (config_text (config, CONFIG_BIND), "127.0.0.1");
    assert_int_equal (config_integer (config, CONFIG_HTTP_PORT), 8000);
    assert_int_equal (config_integer (config, CONFIG_DEADLINE_S), 900);
    assert_string_equal (config_text (config, CONFIG_KAFKA_BOOTSTRAP_SERVERS), "");
    assert_string_equal (config_origin (config, CONFIG_HTTP_PORT), "default");
    assert_string_equal (
        config_text (config, CONFIG_PGUSER), getpwuid (geteuid ())->pw_name);
    config_destroy (&config);
    assert_null (config);
}

static void
test_every_item_is_complete_and_unique (void **state)
{
    (void)state;
    for (int i = 0; i < CONFIG_COUNT; i++) {
        const config_item_t *item = config_item ((config_key_t)i);
        assert_non_null (item->flag);
        assert_non_null (item->env);
        assert_true (*item->help);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal (item->flag, config_item ((config_key_t)j)->flag);
            assert_string_not_equal (item->env, config_item ((config_key_t)j)->env);
        }
    }
}

static void
test_environment_beats_default_and_flag_beats_both (void **state)
{
    (void)state;
    char error[160];
    setenv ("SASREC_HTTP_PORT", "8080", 1);
    config_t *config = s_config ();
    assert_int_equal (config_integer (config, CONFIG_HTTP_PORT), 8080);
    assert_string_equal (config_origin (config, CONFIG_HTTP_PORT), "environment");
    assert_int_equal (config_set (config, "http-port", "9090", error), 0);
    assert_int_equal (config_integer (config, CONFIG_HTTP_PORT), 9090);
    assert_string_equal (config_text (config, CONFIG_HTTP_PORT), "9090");
    assert_string_equal (config_origin (config, CONFIG_HTTP_PORT), "flag");
    config_destroy (&config);
}

static void
test_empty_variable_counts_as_unset (void **state)
{
    (void)state;
    setenv ("SASREC_HTTP_PORT", "", 1);
    setenv ("PGHOST", "", 1);
    config_t *config = s_config ();
    assert_int_equal (config_integer (config, CONFIG_HTTP_PORT), 8000);
    assert_string_equal (config_text (config, CONFIG_PGHOST), "localhost");
    config_destroy (&config);
}

static void
test_bad_variable_is_named (void **state)
{
    (void)state;
    char error[160];
    setenv ("SASREC_HTTP_PORT", "80a", 1);
    assert_null (config_new (error));
    assert_string_equal (
        error, "SASREC_HTTP_PORT must be an integer from 1 to 65535, not \"80a\"");
    unsetenv ("SASREC_HTTP_PORT");
    setenv ("LOG_LEVEL", "loud", 1);
    assert_null (config_new (error));
    assert_string_equal (
        error, "LOG_LEVEL must be one of debug|info|warn|error, not \"loud\"");
}

static void
test_bad_flag_is_refused_and_changes_nothing (void **state)
{
    (void)state;
    static const char *const bad[] = {"", " 1", "1 ", "0x10", "1.5", "0", "-1", "65536",
        "99999999999999999999", "port"};
    char error[160];
    config_t *config = s_config ();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal (config_set (config, "http-port", bad[i], error), -1);
        assert_non_null (strstr (error, "--http-port must be an integer"));
    }
    assert_int_equal (config_set (config, "log-format", "jso", error), -1);
    assert_int_equal (config_set (config, "log-format", "auto|json", error), -1);
    assert_int_equal (config_set (config, "no-such", "1", error), -1);
    assert_string_equal (error, "unknown option --no-such");
    assert_int_equal (config_integer (config, CONFIG_HTTP_PORT), 8000);
    assert_string_equal (config_origin (config, CONFIG_HTTP_PORT), "default");
    config_destroy (&config);
}

static void
test_secrets_are_marked (void **state)
{
    (void)state;
    assert_true (config_item (CONFIG_PGPASSWORD)->secret);
    assert_true (config_item (CONFIG_POSTGRES_URL)->secret);
    assert_false (config_item (CONFIG_PGHOST)->secret);
}

static void
test_conninfo_quotes_every_value (void **state)
{
    (void)state;
    const char *odd = "a b'c\\d host=evil '";
    char error[160];
    config_t *config = s_config ();
    config_set (config, "pgpassword", odd, error);
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
    config_t *config = s_config ();
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
    config_t *config = s_config ();
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
        config_t *config = s_config ();
        s_assert_option (config, "dbname", urls[i][1]);
        s_assert_option (config, "tcp_user_timeout", "5000");
        config_destroy (&config);
    }
}

static void
test_label_says_where_but_no_password (void **state)
{
    (void)state;
    char error[160];
    setenv ("PGPASSWORD", "secret", 1);
    config_t *config = s_config ();
    s_assert_label (config, "database \"sasrec\" at localhost:5432");
    config_set (config, "postgres-url",
        "postgresql://me:secret@db:5433/shop?password=secret", error);
    s_assert_label (config, "database \"shop\" at db:5433");
    config_set (config, "postgres-url", "postgres://db", error);
    s_assert_label (config, "database \"\" at db");
    config_destroy (&config);
}

static void
test_label_never_shows_a_broken_password (void **state)
{
    (void)state;
    static const char *const urls[] = {"postgres://me:se@cret@db/shop",
        "postgres://me:se/cret@db/shop", "postgres://me:se?cret@db/shop",
        "host=db password=cret", "postgresql+driver://me:cret@db/shop",
        "postgres://me:cret?@db"};
    char error[160];
    config_t *config = s_config ();
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        config_set (config, "postgres-url", urls[i], error);
        char *label = config_database_label (config);
        assert_null (strstr (label, "cret"));
        free (label);
    }
    config_destroy (&config);
}

#define TEST_(name) cmocka_unit_test_setup (name, s_setup)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST_ (test_defaults),
        TEST_ (test_every_item_is_complete_and_unique),
        TEST_ (test_environment_beats_default_and_flag_beats_both),
        TEST_ (test_empty_variable_counts_as_unset),
        TEST_ (test_bad_variable_is_named),
        TEST_ (test_bad_flag_is_refused_and_changes_nothing),
        TEST_ (test_secrets_are_marked),
        TEST_ (test_conninfo_quotes_every_value),
        TEST_ (test_conninfo_notices_a_dead_server_soon),
        TEST_ (test_url_wins_over_the_five_and_keeps_its_words),
        TEST_ (test_url_comes_in_every_shape_of_libpq),
        TEST_ (test_label_says_where_but_no_password),
        TEST_ (test_label_never_shows_a_broken_password),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
