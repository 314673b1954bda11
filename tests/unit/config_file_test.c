/* Tests of base/config_file. SPDX-License-Identifier: Apache-2.0 */
#include "base/config_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

typedef struct {
    config_t *config;
    char path[64];
    char told[2048]; /* the problems, each with a newline, without the path */
} s_fixture_t;

/* No setting of the machine reaches a test. */
static int
s_setup (void **state)
{
    for (int i = 0; i < CONFIG_COUNT; i++)
        unsetenv (config_item ((config_key_t)i)->env);
    s_fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    char error[160] = "";
    self->config = config_new (error);
    assert_string_equal (error, "");
    strcpy (self->path, "/tmp/sasrec-conf.XXXXXX");
    int fd = mkstemp (self->path);
    assert_true (fd >= 0);
    close (fd);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    s_fixture_t *self = *state;
    unlink (self->path);
    config_destroy (&self->config);
    free (self);
    return 0;
}

static void
s_told (void *context, const char *problem)
{
    s_fixture_t *self = context;
    assert_memory_equal (problem, self->path, strlen (self->path));
    strcat (self->told, problem + strlen (self->path));
    strcat (self->told, "\n");
}

static size_t
s_load (s_fixture_t *self, const char *text, size_t length)
{
    FILE *file = fopen (self->path, "w");
    assert_int_equal (fwrite (text, 1, length, file), length);
    fclose (file);
    self->told[0] = '\0';
    return config_file_load (self->config, self->path, s_told, self);
}

static size_t
s_load_text (s_fixture_t *self, const char *text)
{
    return s_load (self, text, strlen (text));
}

static void
test_lines_are_settings (void **state)
{
    s_fixture_t *self = *state;
    assert_int_equal (s_load_text (self, "\xef\xbb\xbf# a comment\n"
                                         "\n"
                                         "SASREC_HTTP_PORT=8100\r\n"
                                         "  PGHOST = /run/postgresql  \n"
                                         "PGDATABASE='my shop'\n"
                                         "LOG_FORMAT=\"json\"\n"
                                         "SASREC_HOSTS=\n"
                                         "#SASREC_UI_PORT=1\n"
                                         "SASREC_RETENTION=30d"),
        0);
    assert_int_equal (config_integer (self->config, CONFIG_HTTP_PORT), 8100);
    assert_string_equal (config_origin (self->config, CONFIG_HTTP_PORT), "config");
    assert_string_equal (config_text (self->config, CONFIG_PGHOST), "/run/postgresql");
    assert_string_equal (config_text (self->config, CONFIG_PGDATABASE), "my shop");
    assert_string_equal (config_text (self->config, CONFIG_LOG_FORMAT), "json");
    assert_string_equal (config_origin (self->config, CONFIG_HOSTS), "default");
    assert_int_equal (config_integer (self->config, CONFIG_UI_PORT), 8501);
    assert_int_equal (config_integer (self->config, CONFIG_RETENTION), 2592000);
}

static void
test_a_value_may_hold_anything_but_a_newline (void **state)
{
    s_fixture_t *self = *state;
    assert_int_equal (
        s_load_text (self, "POSTGRES_URL=postgresql://a@b/c?sslmode=require#x\n"
                           "SASREC_KAFKA_CONFIG=client.rack=a;group.instance.id=b\n"
                           "PGPASSWORD=it's \\n\n"),
        0);
    assert_string_equal (config_text (self->config, CONFIG_POSTGRES_URL),
        "postgresql://a@b/c?sslmode=require#x");
    assert_string_equal (config_text (self->config, CONFIG_KAFKA_CONFIG),
        "client.rack=a;group.instance.id=b");
    assert_string_equal (config_text (self->config, CONFIG_PGPASSWORD), "it's \\n");
}

static void
test_environment_and_flags_win_whenever_they_come (void **state)
{
    s_fixture_t *self = *state;
    char error[160] = "";
    config_destroy (&self->config);
    setenv ("SASREC_UI_PORT", "1001", 1);
    self->config = config_new (error);
    unsetenv ("SASREC_UI_PORT");
    assert_int_equal (config_set (self->config, "admin-port", "1002", error), 0);
    assert_int_equal (s_load_text (self, "SASREC_UI_PORT=2001\n"
                                         "SASREC_ADMIN_PORT=2002\n"
                                         "SASREC_HTTP_PORT=2003\n"),
        0);
    assert_int_equal (config_integer (self->config, CONFIG_UI_PORT), 1001);
    assert_int_equal (config_integer (self->config, CONFIG_ADMIN_PORT), 1002);
    assert_int_equal (config_integer (self->config, CONFIG_HTTP_PORT), 2003);
    assert_int_equal (config_set (self->config, "http-port", "1003", error), 0);
    assert_int_equal (config_integer (self->config, CONFIG_HTTP_PORT), 1003);
    assert_string_equal (config_origin (self->config, CONFIG_HTTP_PORT), "flag");
}

static void
test_every_problem_is_told_with_its_line (void **state)
{
    s_fixture_t *self = *state;
    assert_int_equal (s_load_text (self, "SASREC_HTTP_PROT=8100\n"
                                         "SASREC_UI_PORT=80a\n"
                                         "BANANAS_OF_THE_HOUSE=3\n"
                                         "SASREC_WORKERS\n"
                                         "=3\n"
                                         "PGHOST='a\n"
                                         "LOG_LEVEL=warn\n"
                                         "LOG_LEVEL=info\n"
                                         "SASREC_CONFIG=/else/where\n"),
        8);
    assert_string_equal (self->told,
        ":1: SASREC_HTTP_PROT is no setting; did you mean SASREC_HTTP_PORT?\n"
        ":2: SASREC_UI_PORT must be an integer from 0 to 65535, not \"80a\"\n"
        ":3: BANANAS_OF_THE_HOUSE is no setting; 'sasrec config' lists them\n"
        ":4: not a line NAME=VALUE\n"
        ":5: not a line NAME=VALUE\n"
        ":6: a quote is left open\n"
        ":8: LOG_LEVEL is said in line 7 already\n"
        ":9: SASREC_CONFIG cannot stand in the file that it names\n");
    assert_int_equal (config_integer (self->config, CONFIG_HTTP_PORT), 8000);
    assert_int_equal (config_integer (self->config, CONFIG_UI_PORT), 8501);
}

static void
test_a_secret_may_be_in_a_file_of_its_own (void **state)
{
    s_fixture_t *self = *state;
    char secret[] = "/tmp/sasrec-secret.XXXXXX", text[200];
    int fd = mkstemp (secret);
    assert_int_equal (write (fd, "hush\n", 5), 5);
    close (fd);
    snprintf (
        text, sizeof text, "PGPASSWORD_FILE=%s\nPGHOST_FILE=%s\n", secret, secret);
    assert_int_equal (s_load_text (self, text), 1); /* a host is no secret */
    assert_string_equal (config_text (self->config, CONFIG_PGPASSWORD), "hush");
    assert_string_equal (config_origin (self->config, CONFIG_PGPASSWORD), "file");
    snprintf (text, sizeof text, "PGPASSWORD_FILE=%s\nPGPASSWORD=x\n", secret);
    assert_int_equal (s_load_text (self, text), 1);
    assert_string_equal (self->told, ":2: PGPASSWORD is said in line 1 already\n");
    unlink (secret);
    assert_int_equal (s_load_text (self, text), 2);
    assert_non_null (strstr (self->told, ":1: PGPASSWORD_FILE: cannot read"));
}

static void
test_what_is_no_text_or_no_file_is_refused (void **state)
{
    s_fixture_t *self = *state;
    assert_int_equal (s_load (self, "PGHOST=a\0b\n", 11), 1);
    assert_string_equal (self->told, ":1: not text\n");
    assert_string_equal (config_text (self->config, CONFIG_PGHOST), "localhost");
    assert_int_equal (s_load_text (self, ""), 0);
    unlink (self->path);
    self->told[0] = '\0';
    assert_int_equal (config_file_load (self->config, self->path, s_told, self), 1);
    assert_string_equal (self->told, ": cannot be read: No such file or directory\n");
    strcpy (self->path, "/tmp");
    self->told[0] = '\0';
    assert_int_equal (config_file_load (self->config, "/tmp", s_told, self), 1);
    assert_string_equal (self->told, ": cannot be read: Is a directory\n");
}

#define TEST_(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST_ (test_lines_are_settings),
        TEST_ (test_a_value_may_hold_anything_but_a_newline),
        TEST_ (test_environment_and_flags_win_whenever_they_come),
        TEST_ (test_every_problem_is_told_with_its_line),
        TEST_ (test_a_secret_may_be_in_a_file_of_its_own),
        TEST_ (test_what_is_no_text_or_no_file_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
