/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/deliveries.h"

#define LIMIT 5

/* A group with one partition of messages 0..99, of which one kills; each round is a
 * member that lives until it does. */
typedef struct {
    int64_t committed;
    char metadata[DELIVERIES_TEXT_SIZE];
    int given[100]; /* how often */
    int64_t buried; /* -1: none yet */
} log_t;

static void
s_commit (log_t *log, const deliveries_t *deliveries, int64_t next, bool working)
{
    log->committed = next;
    deliveries_write (deliveries, next, working, log->metadata);
}

/* Up to 20 at once; commits what is done when the batch is. True: it reached the end. */
static bool
s_live (log_t *log, int64_t poison)
{
    deliveries_t deliveries;
    int64_t next = log->committed, end = next + 20;
    deliveries_read (&deliveries, log->metadata, next, end);
    while (next < 100) {
        if (deliveries_condemned (&deliveries, next, LIMIT)) {
            log->buried = next++;
            continue;
        }
        bool alone = deliveries_suspect (&deliveries, next);
        if (alone)
            deliveries_count (&deliveries, next);
        s_commit (log, &deliveries, next, true);
        for (int64_t last = alone ? next + 1 : next + 20; next < last && next < 100;
             next++) {
            log->given[next]++;
            if (next == poison)
                return false;
        }
    }
    s_commit (log, &deliveries, next, false);
    return true;
}

static void
test_what_kills_is_found_and_nothing_else (void **state)
{
    (void)state;
    for (int64_t poison = 0; poison < 100; poison += 7) {
        log_t log = {.buried = -1};
        int deaths = 0;
        while (!s_live (&log, poison))
            assert_true (++deaths <= LIMIT);
        assert_int_equal (deaths, LIMIT);
        assert_int_equal (log.given[poison], LIMIT);
        assert_int_equal (log.buried, poison);
        for (int i = 0; i < 100; i++)
            assert_true (i == poison || (log.given[i] >= 1 && log.given[i] <= 4));
        assert_string_equal (log.metadata, "");
    }
}

static void
test_who_leaves_in_order_leaves_no_suspicion (void **state)
{
    (void)state;
    deliveries_t deliveries;
    char text[DELIVERIES_TEXT_SIZE];
    for (int i = 0; i < 10; i++) {
        deliveries_read (&deliveries, i == 0 ? NULL : text, 7, 20);
        assert_false (deliveries_suspect (&deliveries, 7));
        deliveries_write (&deliveries, 7, true, text);
        assert_int_not_equal (text[0], '\0');
        deliveries_write (&deliveries, 7, false, text);
        assert_string_equal (text, "");
    }
}

/* Kills from outside, with progress in between. */
static void
test_deaths_among_others_are_forgotten (void **state)
{
    (void)state;
    deliveries_t deliveries;
    char text[DELIVERIES_TEXT_SIZE] = "";
    for (int64_t next = 0; next < 1000; next += 100) {
        deliveries_read (&deliveries, text, next, next + 50);
        assert_false (deliveries_suspect (&deliveries, next));
        deliveries_write (&deliveries, next + 100, true, text);
    }
}

static void
test_an_orderly_end_keeps_a_suspicion_that_was_there (void **state)
{
    (void)state;
    deliveries_t deliveries;
    char text[DELIVERIES_TEXT_SIZE];
    deliveries_read (&deliveries, "sasrec 1 working 1 30 0", 10, 40);
    assert_true (deliveries_suspect (&deliveries, 39));
    assert_false (deliveries_suspect (&deliveries, 40));
    deliveries_count (&deliveries, 10);
    deliveries_write (&deliveries, 10, false, text);
    deliveries_read (&deliveries, text, 10, 50);
    assert_true (deliveries_suspect (&deliveries, 39));
    assert_false (deliveries_suspect (&deliveries, 40));
    assert_int_equal (deliveries_of (&deliveries, 10), 3);
    assert_int_equal (deliveries_of (&deliveries, 11), 0);
}

static void
test_metadata_of_others_means_nothing (void **state)
{
    (void)state;
    static const char *const texts[] = {"", "working", "sasrec", "sasrec 1 working 9",
        "sasrec 2 working 9 9 9", "consumer-1/host"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        deliveries_t deliveries;
        deliveries_read (&deliveries, texts[i], 0, 100);
        assert_false (deliveries_suspect (&deliveries, 0));
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_what_kills_is_found_and_nothing_else),
        cmocka_unit_test (test_who_leaves_in_order_leaves_no_suspicion),
        cmocka_unit_test (test_deaths_among_others_are_forgotten),
        cmocka_unit_test (test_an_orderly_end_keeps_a_suspicion_that_was_there),
        cmocka_unit_test (test_metadata_of_others_means_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
