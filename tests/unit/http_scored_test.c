/* Items that were named, and their scores. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/scored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { COUNT = 6 };

static const int64_t s_items[COUNT] = {7, 999, 3, 7, 998, 5};

/* What a worker answers: those that are known, in their order. */
static scored_t *
s_new (void)
{
    int64_t known[] = {7, 3, 7, 5};
    float scores[] = {0.5f, -1, 0.5f, 2};
    const result_t result = {.item_ids = known, .scores = scores, .count = 4};
    return scored_new (s_items, COUNT, &result);
}

static void
s_check (const scored_t *scored, const char *expected)
{
    strbuf_t out = STRBUF_EMPTY;
    scored_write (scored, COUNT, &out);
    scored_write_unknown (scored, COUNT, &out);
    assert_string_equal (out.data, expected);
    strbuf_free (&out);
}

static void
test_each_gets_its_place_again (void **state)
{
    (void)state;
    scored_t *scored = s_new ();
    s_check (scored, "\"item_ids\":[7,999,3,7,998,5],"
                     "\"scores\":[0.5,null,-1,0.5,null,2],\"unknown_items\":[999,998]");
    free (scored);
}

static void
test_ranked_the_best_comes_first_and_the_unknown_last (void **state)
{
    (void)state;
    scored_t *scored = s_new ();
    scored_rank (scored, COUNT);
    assert_int_equal (scored[1].place, 0);
    assert_int_equal (scored[2].place, 3);
    s_check (scored, "\"item_ids\":[5,7,7,3,999,998],"
                     "\"scores\":[2,0.5,0.5,-1,null,null],\"unknown_items\":[999,998]");
    free (scored);
}

static void
test_nothing_is_known (void **state)
{
    (void)state;
    const result_t result = {0};
    const int64_t item = 4;
    strbuf_t out = STRBUF_EMPTY;
    scored_t *scored = scored_new (&item, 1, &result);
    scored_write (scored, 1, &out);
    assert_string_equal (out.data, "\"item_ids\":[4],\"scores\":[null]");
    strbuf_free (&out);
    free (scored);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each_gets_its_place_again),
        cmocka_unit_test (test_ranked_the_best_comes_first_and_the_unknown_last),
        cmocka_unit_test (test_nothing_is_known),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
