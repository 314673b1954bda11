/* Tests of base/health. SPDX-License-Identifier: Apache-2.0 */
#include "base/health.h"
#include "base/log.h"
#include "tests/unit/capture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static int
s_setup (void **state)
{
    (void)state;
    health_reset ();
    return log_configure ("error", "text");
}

static void
s_assert_rendered (const char *expected)
{
    char *text = health_render ();
    assert_string_equal (text, expected);
    free (text);
}

static void
test_check_starts_as_failing (void **state)
{
    (void)state;
    health_t *check = health_check ("postgres", true);
    char reason[100];
    assert_false (health_ok (check));
    assert_false (health_ready (reason, sizeof reason));
    assert_string_equal (reason, "postgres: starting");
    s_assert_rendered ("[-]postgres failed: starting\n");
}

static void
test_process_without_checks_is_ready (void **state)
{
    (void)state;
    assert_true (health_ready (NULL, 0));
    s_assert_rendered ("");
}

static void
test_ready_when_all_required_checks_are_ok (void **state)
{
    (void)state;
    health_t *postgres = health_check ("postgres", true);
    health_t *model = health_check ("model", true);
    health_set (postgres, true, NULL);
    assert_false (health_ready (NULL, 0));
    health_set (model, true, "20261123-1");
    char reason[100] = "x";
    assert_true (health_ready (reason, sizeof reason));
    assert_string_equal (reason, "");
    s_assert_rendered ("[+]postgres ok\n[+]model ok: 20261123-1\n");
}

static void
test_check_that_is_not_required_is_only_shown (void **state)
{
    (void)state;
    health_t *kafka = health_check ("kafka", false);
    health_set (kafka, false, "no broker");
    assert_true (health_ready (NULL, 0));
    s_assert_rendered ("[-]kafka failed: no broker\n");
}

static void
test_checks_are_metrics (void **state)
{
    (void)state;
    strbuf_t text = STRBUF_EMPTY;
    health_set (health_check ("postgres", true), true, NULL);
    health_set (health_check ("kafka", false), false, "no broker");
    health_to_metrics (&text);
    assert_non_null (strstr (text.data, "# TYPE sasrec_ready gauge\nsasrec_ready 1\n"));
    assert_non_null (strstr (text.data, "# TYPE sasrec_health gauge\n"
                                        "sasrec_health{check=\"postgres\"} 1\n"
                                        "sasrec_health{check=\"kafka\"} 0\n"));
    strbuf_free (&text);
}

static void
test_first_failing_check_is_the_reason (void **state)
{
    (void)state;
    health_set (health_check ("a", true), true, NULL);
    health_set (health_check ("b", true), false, "one");
    health_set (health_check ("c", true), false, "two");
    char reason[100];
    assert_false (health_ready (reason, sizeof reason));
    assert_string_equal (reason, "b: one");
}

static void
test_same_name_is_the_same_check (void **state)
{
    (void)state;
    assert_ptr_equal (health_check ("a", true), health_check ("a", true));
    s_assert_rendered ("[-]a failed: starting\n");
}

static void
test_draining_is_unready_for_good (void **state)
{
    (void)state;
    health_set (health_check ("a", true), true, NULL);
    health_drain ();
    char reason[100];
    assert_false (health_ready (reason, sizeof reason));
    assert_string_equal (reason, "stopping");
    s_assert_rendered ("[-]process failed: stopping\n[+]a ok\n");
}

static void
test_json_tells_since_when (void **state)
{
    (void)state;
    health_t *check = health_check ("postgres", true);
    uint64_t before = health_changes ();
    strbuf_t first = STRBUF_EMPTY, second = STRBUF_EMPTY;
    health_to_json (&first);
    assert_string_equal (first.data,
        "{\"ready\":false,\"reason\":\"postgres: starting\",\"checks\":["
        "{\"name\":\"postgres\",\"ok\":false,\"required\":true,"
        "\"reason\":\"starting\",\"since\":null}]}");
    health_set (check, false, "says \"no\"");
    assert_int_equal (health_changes (), before + 1);
    strbuf_clear (&first);
    health_to_json (&first);
    char *since = strstr (first.data, "\"since\":\"20");
    assert_non_null (strstr (first.data, "\"reason\":\"says \\\"no\\\"\",\"since\":"));
    assert_non_null (since);
    assert_string_equal (
        since + strlen ("\"since\":\"2026-01-31T06:07:08.123"), "Z\"}]}");

    health_set (check, false, "says \"no\"");
    assert_int_equal (health_changes (), before + 1); /* nothing new */
    health_set (check, false, "still");
    assert_int_equal (health_changes (), before + 2);
    health_to_json (&second); /* the same state: the same time */
    assert_string_equal (strstr (second.data, "\"since\":\"20"), since);
    strbuf_free (&first);
    strbuf_free (&second);
}

static void
test_long_reason_is_cut (void **state)
{
    (void)state;
    char longer[1000], reason[20];
    memset (longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    health_set (health_check ("a", true), false, longer);
    assert_false (health_ready (reason, sizeof reason));
    assert_string_equal (reason, "a: xxxxxxxxxxxxxxxx");
}

static void
test_only_a_change_is_logged (void **state)
{
    (void)state;
    log_configure ("info", "text");
    capture_t capture = capture_start ();
    health_t *check = health_check ("postgres", true);
    health_set (check, false, "refused");
    health_set (check, false, "refused again");
    health_set (check, true, NULL);
    health_set (check, true, NULL);
    char *text = capture_stop (&capture);
    const char *failing =
        strstr (text, "health.failing check=postgres reason=refused\n");
    assert_non_null (failing);
    assert_null (strstr (failing + 1, "health.failing"));
    const char *ok = strstr (text, "health.ok check=postgres");
    assert_non_null (ok);
    assert_null (strstr (ok + 1, "health.ok"));
    free (text);
}

static void *
s_flip (void *args)
{
    health_t *check = args;
    for (int i = 0; i < 2000; i++) {
        health_set (check, i % 2 == 0, "flip");
        health_ready (NULL, 0);
        free (health_render ());
    }
    return NULL;
}

static void
test_threads_may_set_and_read (void **state)
{
    (void)state;
    capture_t capture = capture_start ();
    health_t *check = health_check ("a", true);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create (&threads[i], NULL, s_flip, check);
    for (int i = 0; i < 4; i++)
        pthread_join (threads[i], NULL);
    free (capture_stop (&capture));
    s_assert_rendered ("[-]a failed: flip\n"); /* each thread ends with "not ok" */
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (test_check_starts_as_failing, s_setup),
        cmocka_unit_test_setup (test_process_without_checks_is_ready, s_setup),
        cmocka_unit_test_setup (test_ready_when_all_required_checks_are_ok, s_setup),
        cmocka_unit_test_setup (test_check_that_is_not_required_is_only_shown, s_setup),
        cmocka_unit_test_setup (test_checks_are_metrics, s_setup),
        cmocka_unit_test_setup (test_first_failing_check_is_the_reason, s_setup),
        cmocka_unit_test_setup (test_same_name_is_the_same_check, s_setup),
        cmocka_unit_test_setup (test_draining_is_unready_for_good, s_setup),
        cmocka_unit_test_setup (test_json_tells_since_when, s_setup),
        cmocka_unit_test_setup (test_long_reason_is_cut, s_setup),
        cmocka_unit_test_setup (test_only_a_change_is_logged, s_setup),
        cmocka_unit_test_setup (test_threads_may_set_and_read, s_setup),
    };
    int failed = cmocka_run_group_tests (tests, NULL, NULL);
    health_reset ();
    return failed;
}
