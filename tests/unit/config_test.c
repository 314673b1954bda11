/* Tests of base/config. SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/config_fixture.h"

static void
test_defaults (void **state)
{
    (void)state;
    config_t *config = config_fixture_new ();
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
    config_t *config = config_fixture_new ();
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
    config_t *config = config_fixture_new ();
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
    config_t *config = config_fixture_new ();
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

static char *
s_file (const char *text)
{
    char *path = strdup ("/tmp/sasrec-secret.XXXXXX");
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, text, strlen (text)), (ssize_t)strlen (text));
    close (fd);
    return path;
}

static void
test_secret_comes_from_a_file (void **state)
{
    (void)state;
    char error[160] = "";
    char *path = s_file ("se cret\n");
    setenv ("PGPASSWORD_FILE", path, 1);
    config_t *config = config_fixture_new ();
    assert_string_equal (config_text (config, CONFIG_PGPASSWORD), "se cret");
    assert_string_equal (config_origin (config, CONFIG_PGPASSWORD), "file");
    config_destroy (&config);
    unsetenv ("PGPASSWORD_FILE");
    config = config_fixture_new ();
    assert_int_equal (config_set (config, "pgpassword-file", path, error), 0);
    assert_string_equal (config_text (config, CONFIG_PGPASSWORD), "se cret");
    unlink (path);
    assert_int_equal (config_set (config, "pgpassword-file", path, error), -1);
    assert_non_null (strstr (error, "--pgpassword-file: cannot read"));
    assert_int_equal (config_set (config, "pgpassword", "x", error), -1);
    config_destroy (&config);
    setenv ("PGPASSWORD_FILE", path, 1);
    assert_null (config_new (error));
    assert_non_null (strstr (error, "PGPASSWORD_FILE: cannot read"));
    unsetenv ("PGPASSWORD_FILE");
    free (path);
}

static void
test_duration_has_a_unit (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"0", 0}, {"90", 90}, {"90s", 90}, {"15m", 900}, {"12h", 43200},
        {"30d", 2592000}};
    static const char *const bad[] = {"", "d", "-1", "1w", "1dd", "1 d", "99999999d"};
    char error[160];
    config_t *config = config_fixture_new ();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal (config_set (config, "retention", good[i].text, error), 0);
        assert_int_equal (config_integer (config, CONFIG_RETENTION), good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal (config_set (config, "retention", bad[i], error), -1);
    assert_non_null (strstr (error, "must be a time like 30d"));
    config_destroy (&config);
}

#define TEST_(name) cmocka_unit_test_setup (name, config_fixture_setup)

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
        TEST_ (test_secret_comes_from_a_file),
        TEST_ (test_duration_has_a_unit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
