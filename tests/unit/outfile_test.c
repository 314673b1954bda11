/* Tests of cli/files/outfile. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/outfile.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/files.h"

/* Each test runs in a folder of its own. */
static int
s_set_up (void **state)
{
    char folder[] = "/tmp/outfile-test-XXXXXX";
    if (!mkdtemp (folder) || chdir (folder) != 0)
        return -1;
    *state = strdup (folder);
    return 0;
}

static int
s_tear_down (void **state)
{
    char command[80];
    snprintf (command, sizeof command, "rm -r %s", (char *)*state);
    free (*state);
    return chdir ("/") == 0 && system (command) == 0 ? 0 : -1;
}

static void
s_put (const char *path, const char *text)
{
    FILE *file = fopen (path, "wb");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

static void
s_assert_holds (const char *path, const char *text)
{
    char *bytes;
    size_t length;
    char error[160];
    assert_int_equal (files_read (path, 1000, &bytes, &length, error), 0);
    assert_string_equal (bytes, text);
    free (bytes);
}

static void
s_write (const char *path, const char *text)
{
    char error[160];
    outfile_t *out = outfile_new (path, error);
    if (!out)
        fail_msg ("%s", error);
    fputs (text, outfile_file (out));
    if (outfile_commit (&out, error))
        fail_msg ("%s", error);
    assert_null (out);
}

static mode_t
s_mode (const char *path)
{
    struct stat info;
    assert_int_equal (lstat (path, &info), 0);
    return info.st_mode;
}

/* All names in the folder. */
static void
s_assert_names (const char *names)
{
    FILE *list = popen ("ls -m", "r");
    char line[200] = "";
    assert_non_null (fgets (line, sizeof line, list));
    line[strcspn (line, "\n")] = '\0';
    assert_string_equal (line, names);
    pclose (list);
}

static void
test_is_complete_or_as_before (void **state)
{
    (void)state;
    char error[160];
    s_put ("a", "old");
    chmod ("a", 0600);
    outfile_t *out = outfile_new ("a", error);
    fputs ("half", outfile_file (out));
    fflush (outfile_file (out));
    s_assert_holds ("a", "old");
    outfile_destroy (&out);
    s_assert_holds ("a", "old");
    s_write ("a", "new");
    s_assert_holds ("a", "new");
    assert_int_equal (s_mode ("a") & 07777, 0600);
    s_assert_names ("a");
}

static void
test_a_link_stays_one (void **state)
{
    (void)state;
    mkdir ("folder", 0777);
    s_put ("folder/target", "old");
    assert_int_equal (symlink ("folder/target", "link"), 0);
    s_write ("link", "new");
    assert_true (S_ISLNK (s_mode ("link")));
    s_assert_holds ("folder/target", "new");
    assert_int_equal (link ("folder/target", "other"), 0);
    s_write ("other", "both");
    s_assert_holds ("folder/target", "both");
}

static void
test_a_link_to_nothing_makes_its_target (void **state)
{
    (void)state;
    assert_int_equal (symlink ("target", "link"), 0);
    s_write ("link", "new");
    assert_true (S_ISLNK (s_mode ("link")));
    s_assert_holds ("target", "new");
}

static void
test_a_device_is_written_into (void **state)
{
    (void)state;
    char error[160];
    s_write ("/dev/null", "text");
    assert_true (S_ISCHR (s_mode ("/dev/null")));
    outfile_t *out = outfile_new ("/dev/full", error);
    fputs ("text", outfile_file (out));
    assert_int_equal (outfile_commit (&out, error), -1);
    assert_non_null (strstr (error, "No space"));
    assert_null (outfile_new ("/", error));
    assert_null (outfile_new ("no/such/folder", error));
}

static void
test_a_fifo_is_written_into (void **state)
{
    (void)state;
    assert_int_equal (mkfifo ("fifo", 0666), 0);
    if (fork () == 0) {
        s_write ("fifo", "text");
        _exit (0);
    }
    char text[10] = "";
    FILE *fifo = fopen ("fifo", "rb");
    assert_non_null (fgets (text, sizeof text, fifo));
    fclose (fifo);
    wait (NULL);
    assert_string_equal (text, "text");
    assert_true (S_ISFIFO (s_mode ("fifo")));
}

static void
test_a_signal_leaves_nothing (void **state)
{
    (void)state;
    int status;
    s_put ("a", "old");
    pid_t child = fork ();
    if (child == 0) {
        char error[160];
        outfile_t *out = outfile_new ("a", error);
        fputs ("half", outfile_file (out));
        raise (SIGINT);
        _exit (0);
    }
    waitpid (child, &status, 0);
    assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGINT);
    s_assert_holds ("a", "old");
    s_assert_names ("a");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (
            test_is_complete_or_as_before, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_link_stays_one, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_a_link_to_nothing_makes_its_target, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_a_device_is_written_into, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_a_fifo_is_written_into, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_a_signal_leaves_nothing, s_set_up, s_tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
