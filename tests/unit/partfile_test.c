/* A file that goes on after a kill. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/partfile.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/files.h"

typedef struct {
    char folder[40];
    json_t *terms;
} fixture_t;

/* Each test runs in a folder of its own. */
static int
s_set_up (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    snprintf (self->folder, sizeof self->folder, "/tmp/partfile-test-XXXXXX");
    self->terms = json_pack ("{s:s,s:i}", "model", "v1", "k", 10);
    *state = self;
    return mkdtemp (self->folder) && chdir (self->folder) == 0 ? 0 : -1;
}

static int
s_tear_down (void **state)
{
    fixture_t *self = *state;
    char command[80];
    snprintf (command, sizeof command, "rm -r %s", self->folder);
    json_decref (self->terms);
    free (self);
    return chdir ("/") == 0 && system (command) == 0 ? 0 : -1;
}

static void
s_assert_holds (const char *path, const char *text)
{
    char *bytes, error[160];
    size_t length;
    assert_int_equal (files_read (path, 1000, &bytes, &length, error), 0);
    assert_string_equal (bytes, text);
    free (bytes);
}

static bool
s_exists (const char *path)
{
    return access (path, F_OK) == 0;
}

static partfile_t *
s_new (fixture_t *self, bool resume)
{
    char error[160] = "";
    partfile_t *file = partfile_new ("out", self->terms, resume, error);
    if (!file)
        fail_msg ("%s", error);
    return file;
}

static void
s_write (partfile_t *file, const char *text)
{
    char error[160];
    assert_int_equal (partfile_write (file, text, strlen (text), error), 0);
}

static void
s_keep (partfile_t *file, const char *last_user, uint64_t users)
{
    char error[160];
    const partfile_state_t state = {last_user, users, 10 * users, 0};
    assert_int_equal (partfile_keep (file, &state, error), 0);
}

static void
s_commit (partfile_t *file)
{
    char error[160];
    assert_int_equal (partfile_commit (&file, error), 0);
    assert_null (file);
}

/* In a child that is killed: "a" is kept, the rest only written. */
static void
s_be_killed (fixture_t *self)
{
    pid_t child = fork ();
    if (child == 0) {
        partfile_t *file = s_new (self, false);
        s_write (file, "a\n");
        s_keep (file, "user \"a\"", 1);
        s_write (file, "b\nhalf");
        raise (SIGKILL);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_true (WIFSIGNALED (status));
}

static void
test_the_file_is_there_when_it_is_complete (void **state)
{
    partfile_t *file = s_new (*state, false);
    assert_string_equal (partfile_state (file)->last_user, "");
    s_write (file, "a\n");
    s_keep (file, "a", 1);
    s_write (file, "b\n");
    assert_false (s_exists ("out"));
    s_commit (file);
    s_assert_holds ("out", "a\nb\n");
    assert_false (s_exists ("out.part"));
    assert_false (s_exists ("out.part.json"));
}

static void
test_a_killed_one_goes_on_where_it_was_whole (void **state)
{
    s_be_killed (*state);
    assert_false (s_exists ("out"));
    partfile_t *file = s_new (*state, true);
    const partfile_state_t *kept = partfile_state (file);
    assert_string_equal (kept->last_user, "user \"a\"");
    assert_int_equal (kept->users, 1);
    assert_int_equal (kept->interactions, 10);
    assert_int_equal (kept->bytes, 2);
    s_write (file, "c\n");
    s_commit (file);
    s_assert_holds ("out", "a\nc\n");
}

static void
test_without_resume_it_begins_anew (void **state)
{
    s_be_killed (*state);
    partfile_t *file = s_new (*state, false);
    assert_int_equal (partfile_state (file)->users, 0);
    s_write (file, "new\n");
    s_commit (file);
    s_assert_holds ("out", "new\n");
}

static void
test_with_nothing_to_resume_it_begins (void **state)
{
    partfile_t *file = s_new (*state, true);
    s_write (file, "new\n");
    s_commit (file);
    s_assert_holds ("out", "new\n");
}

static void
s_assert_refused (fixture_t *self, const char *path, const char *why)
{
    char error[160] = "";
    partfile_t *file = partfile_new (path, self->terms, true, error);
    assert_null (file);
    if (!strstr (error, why))
        fail_msg ("'%s' without '%s'", error, why);
}

static void
test_other_terms_are_refused_and_nothing_is_lost (void **state)
{
    fixture_t *self = *state;
    s_be_killed (self);
    json_object_set_new (self->terms, "k", json_integer (20));
    s_assert_refused (self, "out", "{\"model\":\"v1\",\"k\":10}");
    s_assert_holds ("out.part", "a\nb\nhalf");
    json_object_set_new (self->terms, "k", json_integer (10));
    partfile_t *file = s_new (self, true);
    assert_int_equal (partfile_state (file)->users, 1);
    partfile_destroy (&file);
    assert_true (s_exists ("out.part.json"));
}

static void
test_what_was_cut_or_damaged_is_refused (void **state)
{
    s_be_killed (*state);
    assert_int_equal (truncate ("out.part", 1), 0);
    s_assert_refused (*state, "out", "shorter than it was");
    assert_int_equal (truncate ("out.part.json", 5), 0);
    s_assert_refused (*state, "out", "not readable");
}

static void
test_one_process_at_a_time (void **state)
{
    partfile_t *file = s_new (*state, false);
    s_assert_refused (*state, "out", "another process");
    s_write (file, "a\n");
    s_commit (file);
    s_assert_holds ("out", "a\n");
}

static void
test_only_regular_files (void **state)
{
    s_assert_refused (*state, "/dev/null", "no regular file");
    s_assert_refused (*state, "missing/out", "No such file");
}

static void
test_what_failed_before_anything_was_kept_leaves_nothing (void **state)
{
    partfile_t *file = s_new (*state, false);
    s_write (file, "a");
    partfile_destroy (&file);
    assert_false (s_exists ("out.part"));
}

#define CASE(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        CASE (test_the_file_is_there_when_it_is_complete),
        CASE (test_a_killed_one_goes_on_where_it_was_whole),
        CASE (test_without_resume_it_begins_anew),
        CASE (test_with_nothing_to_resume_it_begins),
        CASE (test_other_terms_are_refused_and_nothing_is_lost),
        CASE (test_what_was_cut_or_damaged_is_refused),
        CASE (test_one_process_at_a_time),
        CASE (test_only_regular_files),
        CASE (test_what_failed_before_anything_was_kept_leaves_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
