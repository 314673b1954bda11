/* Tests of base/progress. SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"
#include "tests/unit/capture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <cmocka.h>

static size_t
s_count (const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr (text, part)); text += strlen (part))
        count++;
    return count;
}

static void
test_plain_lines_come_every_tenth (void **state)
{
    (void)state;
    capture_t capture = capture_start ();
    progress_t *progress = progress_new ("train", "positions", 1000, false);
    for (uint64_t done = 0; done <= 1000; done++)
        progress_update (progress, done, "loss 1.5");
    progress_destroy (&progress);
    char *text = capture_stop (&capture);
    assert_null (progress);
    assert_int_equal (s_count (text, "\n"), 10);
    assert_int_equal (strncmp (text, "train  10 %  100 of 1.0k positions, ", 36), 0);
    assert_int_equal (s_count (text, ", loss 1.5\n"), 10);
    assert_int_equal (s_count (text, "train 100 %  1.0k of 1.0k positions, "), 1);
    assert_null (strchr (text, '\x1b'));
    free (text);
}

static void
test_plain_lines_of_an_unknown_end_are_rare (void **state)
{
    (void)state;
    capture_t capture = capture_start ();
    progress_t *progress = progress_new ("import", "lines", 0, false);
    for (uint64_t done = 0; done <= 100000; done++)
        progress_update (progress, done, NULL);
    progress_destroy (&progress);
    char *text = capture_stop (&capture);
    assert_string_equal (text, ""); /* 5 seconds are not over */
    free (text);
}

static void
test_quiet_shows_nothing (void **state)
{
    (void)state;
    capture_t capture = capture_start ();
    progress_t *progress = progress_new ("train", "positions", 10, true);
    progress_update (progress, 10, NULL);
    progress_say (progress, "epoch %d", 1);
    progress_destroy (&progress);
    char *text = capture_stop (&capture);
    assert_string_equal (text, "");
    free (text);
}

static void
test_said_lines_stand_between (void **state)
{
    (void)state;
    capture_t capture = capture_start ();
    progress_t *progress = progress_new ("train", "positions", 10, false);
    progress_say (progress, "epoch %d", 1);
    progress_update (progress, 10, NULL);
    progress_say (progress, "epoch %d", 2);
    progress_destroy (&progress);
    char *text = capture_stop (&capture);
    assert_int_equal (strncmp (text, "epoch 1\ntrain 100 %", 19), 0);
    assert_non_null (strstr (text, "\nepoch 2\n"));
    free (text);
}

static void
test_more_than_the_total_is_100_percent (void **state)
{
    (void)state;
    capture_t capture = capture_start ();
    progress_t *progress = progress_new ("train", "positions", 10, false);
    progress_update (progress, 15, NULL);
    progress_destroy (&progress);
    char *text = capture_stop (&capture);
    assert_int_equal (strncmp (text, "train 100 %  15 of 10 positions", 31), 0);
    assert_null (strstr (text, "left"));
    free (text);
}

/* stderr is a terminal of so many columns for the time of one bar; returns what it
 * showed. */
static ssize_t
s_show_on_terminal (char *text, size_t size, unsigned short columns)
{
    int master = posix_openpt (O_RDWR | O_NOCTTY);
    assert_true (master >= 0 && grantpt (master) == 0 && unlockpt (master) == 0);
    int terminal = open (ptsname (master), O_RDWR | O_NOCTTY);
    assert_true (terminal >= 0);
    struct winsize window = {.ws_col = columns, .ws_row = 25};
    assert_int_equal (ioctl (terminal, TIOCSWINSZ, &window), 0);
    fflush (stderr);
    int kept = dup (STDERR_FILENO);
    dup2 (terminal, STDERR_FILENO);
    progress_t *progress = progress_new ("train", "positions", 4, false);
    progress_update (progress, 1, NULL);
    progress_update (progress, 2, NULL); /* within 100 ms: not shown */
    progress_say (progress, "epoch 1");
    progress_update (progress, 4, NULL);
    progress_destroy (&progress);
    fflush (stderr);
    dup2 (kept, STDERR_FILENO);
    close (kept);
    close (terminal);
    ssize_t length = 0, more; /* comes in pieces; the end is an error */
    while ((more = read (master, text + length, size - 1 - (size_t)length)) > 0)
        length += more;
    close (master);
    return length;
}

static void
test_terminal_gets_a_bar_that_goes_away (void **state)
{
    (void)state;
    char text[2000];
    ssize_t length = s_show_on_terminal (text, sizeof text, 100);
    assert_true (length > 0);
    text[length] = '\0';
    assert_non_null (strstr (text, "\rtrain [######------------------]  25 %"));
    assert_null (strstr (text, " 50 %"));
    assert_non_null (strstr (text, " \repoch 1\r\n"));
    assert_non_null (strstr (text, "[########################] 100 %"));
    assert_null (strchr (text, '\x1b'));
    assert_string_equal (text + length - 2, " \r");
}

static void
test_bar_never_wraps (void **state)
{
    (void)state;
    char text[2000];
    ssize_t length = s_show_on_terminal (text, sizeof text, 20);
    assert_true (length > 0);
    text[length] = '\0';
    for (char *save, *part = strtok_r (text, "\r\n", &save); part;
         part = strtok_r (NULL, "\r\n", &save))
        assert_true (strlen (part) <= 19);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_plain_lines_come_every_tenth),
        cmocka_unit_test (test_plain_lines_of_an_unknown_end_are_rare),
        cmocka_unit_test (test_quiet_shows_nothing),
        cmocka_unit_test (test_said_lines_stand_between),
        cmocka_unit_test (test_more_than_the_total_is_100_percent),
        cmocka_unit_test (test_terminal_gets_a_bar_that_goes_away),
        cmocka_unit_test (test_bar_never_wraps),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
