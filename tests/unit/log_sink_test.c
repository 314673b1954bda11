/* Where the lines of the log go. SPDX-License-Identifier: Apache-2.0 */
#include "base/log_sink.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"

static int
s_write (const char *line)
{
    return (int)log_sink_write (line, strlen (line));
}

/* stderr is a pipe meanwhile; returns its end for reading. */
static int
s_pipe_start (int *kept)
{
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    fcntl (ends[0], F_SETFL, O_NONBLOCK);
    *kept = dup (STDERR_FILENO);
    dup2 (ends[1], STDERR_FILENO);
    close (ends[1]);
    return ends[0];
}

static void
s_pipe_stop (int reader, int kept)
{
    dup2 (kept, STDERR_FILENO);
    close (kept);
    close (reader);
}

/* All that waits in the pipe. */
static size_t
s_drain (int reader, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got;
    while ((got = read (reader, text + length, size - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    return length;
}

static void
test_a_reader_who_does_not_read_holds_nobody_up (void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *text = malloc (SIZE);
    int kept, reader = s_pipe_start (&kept);
    for (int i = 0; i < 20000; i++) /* far more than a pipe holds */
        s_write ("a line of forty characters, or nearly so\n");
    assert_true (s_drain (reader, text, SIZE) > 0);
    size_t lost = (size_t)s_write ("he reads again\n");
    assert_true (lost > 0 && lost < 20000);
    s_drain (reader, text, SIZE);
    assert_non_null (strstr (text, "he reads again\n"));
    assert_int_equal (s_write ("and nothing was lost since\n"), 0);
    s_pipe_stop (reader, kept);
    free (text);
}

static void
test_what_was_lost_is_said (void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *text = malloc (SIZE);
    int kept, reader = s_pipe_start (&kept);
    log_configure ("info", "text");
    for (int i = 0; i < 20000; i++)
        log_info ("test.line", log_int ("i", i));
    s_drain (reader, text, SIZE);
    log_info ("test.last", log_int ("i", 1));
    s_drain (reader, text, SIZE);
    assert_non_null (strstr (text, "test.last"));
    assert_non_null (strstr (text, "log.lost lines="));
    s_pipe_stop (reader, kept);
    free (text);
}

static void
test_nobody_is_there_any_more (void **state)
{
    (void)state;
    int kept, reader = s_pipe_start (&kept);
    close (reader);
    assert_int_equal (s_write ("into the void\n"), 0);
    s_pipe_stop (-1, kept);
    assert_int_equal (s_write (""), 1);
}

static void
s_expect_file (const char *path, const char *expected)
{
    char text[128] = "";
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    size_t length = fread (text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose (file);
    assert_string_equal (text, expected);
}

static void
test_a_file_is_appended_to_and_opened_anew (void **state)
{
    (void)state;
    char folder[] = "/tmp/log_sink_test-XXXXXX", path[64], moved[64], error[160];
    assert_non_null (mkdtemp (folder));
    snprintf (path, sizeof path, "%s/log", folder);
    snprintf (moved, sizeof moved, "%s/log.1", folder);
    for (int i = 0; i < 2; i++) { /* a second start appends */
        assert_int_equal (log_sink_open (path, error), 0);
        s_write ("one\n");
    }
    assert_int_equal (rename (path, moved), 0);
    s_write ("two\n");
    assert_int_equal (log_sink_reopen (error), 0);
    s_write ("three\n");
    s_expect_file (moved, "one\none\ntwo\n");
    s_expect_file (path, "three\n");
    assert_int_equal (log_sink_open ("/nowhere/log", error), -1);
    assert_non_null (strstr (error, "/nowhere/log"));
    s_write ("four\n"); /* still there */
    s_expect_file (path, "three\nfour\n");
    assert_int_equal (log_sink_open ("", error), 0);
    assert_int_equal (log_sink_reopen (error), 0); /* of stderr: nothing to do */
    unlink (path);
    unlink (moved);
    rmdir (folder);
}

int
main (void)
{
    signal (SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_reader_who_does_not_read_holds_nobody_up),
        cmocka_unit_test (test_what_was_lost_is_said),
        cmocka_unit_test (test_nobody_is_there_any_more),
        cmocka_unit_test (test_a_file_is_appended_to_and_opened_anew),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
