/* Tests of base/files. SPDX-License-Identifier: Apache-2.0 */
#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char s_folder[] = "/tmp/files_test.XXXXXX"; /* made anew for each test */

static int
s_setup (void **state)
{
    (void)state;
    memcpy (s_folder + sizeof s_folder - 7, "XXXXXX", 6);
    return mkdtemp (s_folder) ? chdir (s_folder) : -1;
}

static int
s_teardown (void **state)
{
    (void)state;
    char command[100];
    snprintf (command, sizeof command, "rm -rf '%s'", s_folder);
    return chdir ("/") || system (command);
}

static int
s_replace (const char *path, const char *text, char error[160])
{
    files_part_t part = {text, strlen (text)};
    return files_replace (path, &part, 1, error);
}

static void
s_assert_content (const char *path, const char *expected)
{
    char error[160], *bytes;
    size_t length;
    assert_int_equal (files_read (path, 1000, &bytes, &length, error), 0);
    assert_int_equal (length, strlen (expected));
    assert_memory_equal (bytes, expected, length + 1); /* a NUL is put behind */
    free (bytes);
}

static size_t
s_entry_count (const char *folder)
{
    DIR *dir = opendir (folder);
    assert_non_null (dir);
    size_t count = 0;
    while (readdir (dir))
        count++;
    closedir (dir);
    return count - 2;
}

static void
test_written_parts_are_read_back_as_one (void **state)
{
    (void)state;
    char error[160];
    files_part_t parts[] = {{"ab", 2}, {NULL, 0}, {"cde", 3}};
    assert_int_equal (files_replace ("f", parts, 3, error), 0);
    s_assert_content ("f", "abcde");
    assert_int_equal (s_entry_count ("."), 1); /* no tmp is left */
}

static void
test_large_file_is_whole (void **state)
{
    (void)state;
    size_t length = 5 << 20, got;
    unsigned char *bytes = malloc (length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)(i * 31 >> 3);
    char error[160], *back;
    files_part_t part = {bytes, length};
    assert_int_equal (files_replace ("f", &part, 1, error), 0);
    assert_int_equal (files_read ("f", length, &back, &got, error), 0);
    assert_int_equal (got, length);
    assert_memory_equal (back, bytes, length);
    free (back);
    free (bytes);
}

static void
test_replace_puts_new_content_in_place (void **state)
{
    (void)state;
    char error[160];
    assert_int_equal (s_replace ("f", "a long old text", error), 0);
    assert_int_equal (s_replace ("f", "new", error), 0);
    s_assert_content ("f", "new");
}

static void
test_reader_of_the_old_file_keeps_it (void **state)
{
    (void)state;
    char error[160], text[4] = "";
    s_replace ("f", "old", error);
    int file = open ("f", O_RDONLY);
    s_replace ("f", "new", error);
    assert_int_equal (read (file, text, 3), 3);
    assert_string_equal (text, "old");
    close (file);
}

static void
test_failed_replace_leaves_nothing_behind (void **state)
{
    (void)state;
    char error[160] = "";
    mkdir ("folder", 0777);
    assert_int_equal (s_replace ("folder", "text", error), -1);
    assert_non_null (strstr (error, "folder: "));
    assert_int_equal (s_entry_count ("."), 1);
    assert_int_equal (s_entry_count ("folder"), 0);
}

static void
test_replace_in_a_missing_folder_fails (void **state)
{
    (void)state;
    char error[160] = "";
    assert_int_equal (s_replace ("none/f", "text", error), -1);
    assert_string_equal (error, "none/f: No such file or directory");
}

static void
test_stale_tmp_of_a_crash_is_overwritten (void **state)
{
    (void)state;
    char error[160], tmp[64];
    snprintf (tmp, sizeof tmp, "f.tmp.%d", (int)getpid ());
    s_replace (tmp, "much longer than what comes", error);
    assert_int_equal (s_replace ("f", "new", error), 0);
    s_assert_content ("f", "new");
    assert_int_equal (s_entry_count ("."), 1);
}

/* A limit on the size of files is the full disk that needs no root. Runs in a child:
 * 0 when the write failed as it should. */
static int
s_write_beyond_the_limit (void)
{
    static char bytes[100000];
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit limit = {50000, 50000};
    if (sigaction (SIGXFSZ, &ignore, NULL) || setrlimit (RLIMIT_FSIZE, &limit))
        return 1;
    char error[160] = "";
    files_part_t part = {bytes, sizeof bytes};
    int rc = files_replace ("f", &part, 1, error);
    return rc == -1 && strcmp (error, "f: File too large") == 0 ? 0 : 1;
}

static void
test_full_disk_keeps_the_old_file (void **state)
{
    (void)state;
    char error[160];
    s_replace ("f", "old", error);
    pid_t child = fork ();
    if (child == 0)
        _exit (s_write_beyond_the_limit ());
    int status = -1;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_int_equal (status, 0);
    s_assert_content ("f", "old");
    assert_int_equal (s_entry_count ("."), 1);
}

static void
test_read_of_a_missing_file_says_so (void **state)
{
    (void)state;
    char error[160], *bytes;
    size_t length;
    assert_int_equal (files_read ("none", 10, &bytes, &length, error), -1);
    assert_string_equal (error, "none: No such file or directory");
}

static void
test_read_is_limited (void **state)
{
    (void)state;
    char error[160], *bytes;
    size_t length;
    s_replace ("f", "12345", error);
    assert_int_equal (files_read ("f", 4, &bytes, &length, error), -1);
    assert_string_equal (error, "f: larger than allowed");
    assert_int_equal (files_read ("f", 5, &bytes, &length, error), 0);
    free (bytes);
}

static void
test_empty_file_is_an_empty_string (void **state)
{
    (void)state;
    char error[160];
    assert_int_equal (files_replace ("f", NULL, 0, error), 0);
    s_assert_content ("f", "");
}

static void
test_only_regular_files_are_read (void **state)
{
    (void)state;
    char error[160], *bytes;
    size_t length;
    assert_int_equal (mkfifo ("fifo", 0600), 0);
    assert_int_equal (files_read ("fifo", 10, &bytes, &length, error), -1);
    assert_string_equal (error, "fifo: not a regular file");
    assert_int_equal (files_read (".", 10, &bytes, &length, error), -1);
    assert_int_equal (files_read ("/dev/zero", 10, &bytes, &length, error), -1);
}

static void
test_folders_are_made_with_their_parents (void **state)
{
    (void)state;
    char error[160], path[100];
    assert_int_equal (files_make_folder ("a/b/c", error), 0);
    assert_int_equal (files_make_folder ("a/b/c", error), 0);
    assert_int_equal (files_make_folder ("a/b/d/", error), 0);
    snprintf (path, sizeof path, "%s//x/y", s_folder);
    assert_int_equal (files_make_folder (path, error), 0);
    assert_int_equal (s_entry_count ("a/b"), 2);
    assert_int_equal (s_entry_count ("x"), 1);
}

static void
test_folder_in_the_place_of_a_file_fails (void **state)
{
    (void)state;
    char error[160];
    s_replace ("f", "text", error);
    assert_int_equal (files_make_folder ("f", error), -1);
    assert_string_equal (error, "f: exists and is not a folder");
    assert_int_equal (files_make_folder ("f/g", error), -1);
    assert_int_equal (files_make_folder ("", error), -1);
}

static void
test_long_path_is_told_by_its_end (void **state)
{
    (void)state;
    char path[400], error[160];
    memset (path, 'x', sizeof path);
    memcpy (path + sizeof path - 5, "/end", 5);
    assert_int_equal (s_replace (path, "text", error), -1);
    assert_non_null (strstr (error, "xxx/end: "));
}

#define TEST_(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST_ (test_written_parts_are_read_back_as_one),
        TEST_ (test_large_file_is_whole),
        TEST_ (test_replace_puts_new_content_in_place),
        TEST_ (test_reader_of_the_old_file_keeps_it),
        TEST_ (test_failed_replace_leaves_nothing_behind),
        TEST_ (test_replace_in_a_missing_folder_fails),
        TEST_ (test_stale_tmp_of_a_crash_is_overwritten),
        TEST_ (test_full_disk_keeps_the_old_file),
        TEST_ (test_read_of_a_missing_file_says_so),
        TEST_ (test_read_is_limited),
        TEST_ (test_empty_file_is_an_empty_string),
        TEST_ (test_only_regular_files_are_read),
        TEST_ (test_folders_are_made_with_their_parents),
        TEST_ (test_folder_in_the_place_of_a_file_fails),
        TEST_ (test_long_path_is_told_by_its_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
