/* Tests of base/jsonplain, beside jansson. SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonplain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"

#define FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL)

/* From memory that ends where the text does. */
static json_t *
s_read (const char *text, size_t length)
{
    char *exact = malloc (length ? length : 1);
    assert_non_null (exact);
    memcpy (exact, text, length);
    json_t *value = jsonplain_read (exact, length);
    free (exact);
    return value;
}

/* True: it was plain, and jansson reads the same. */
static bool
s_agrees (const char *text, size_t length)
{
    json_error_t error;
    json_t *plain = s_read (text, length);
    json_t *value = json_loadb (text, length, FLAGS, &error);
    bool found = plain != NULL;
    if (found && !json_equal (plain, value))
        fail_msg ("read otherwise: %.*s", (int)length, text);
    json_decref (plain);
    json_decref (value);
    return found;
}

static void
test_reads_what_is_plain (void **state)
{
    static const char *const texts[] = {"{}", "[]", " [ ] ", "0", "-0", "7", "-12",
        "999999999999999999", "-999999999999999999", "true", "false", "null", "\"\"",
        "\"~ !\"", "0.5", "-0.0", "1.0", "12.25", "0.000123456789", "99999999999999.9",
        "0.1", "123456.789012345", "-2.675", "0.30000000000000",
        "{\"user_id\":\"user_7\",\"k\":10,\"history\":[1,2,3]}",
        "\t{ \"a\" : [ 1 , 2 ] ,\r\n \"\" : { \"a\" : null } }\n", "[[[[[[[[1]]]]]]]]"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!s_agrees (texts[i], strlen (texts[i])))
            fail_msg ("not plain: %s", texts[i]);
}

static void
test_leaves_the_rest_to_jansson (void **state)
{
    static const char *const texts[] = {"", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]",
        "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}",
        "1 2", "[]]", "-", "01", "-01", "00.5", "1.", ".5", "1.e1", "1e3", "1E3",
        "1.5e3", "+1", "1000000000000000000", "0.123456789012345", "1.2.3", "tru",
        "truex", "nul", "\"", "\"a", "\"a\\n\"", "\"\\u0041\"", "\"\xc3\xa9\"",
        "\"\x7f\"", "\"\t\"", "{\"a\":1,\"a\":2}", "[[[[[[[[[1]]]]]]]]]", "NaN", "'a'"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (s_agrees (texts[i], strlen (texts[i])))
            fail_msg ("plain: %s", texts[i]);
    assert_null (s_read ("1\0", 2));
    assert_null (s_read ("[1\0]", 4));
}

static void
test_a_cut_text_is_not_plain (void **state)
{
    static const char text[] = "{\"a\":[1,-2.5,true,null],\"b\":\"text\"}";
    (void)state;
    for (size_t length = 0; length + 1 < sizeof text; length++)
        assert_null (s_read (text, length));
    assert_true (s_agrees (text, sizeof text - 1));
}

static void
test_decimals_are_jansson_s (void **state)
{
    rng_t rng;
    (void)state;
    rng_seed (&rng, 1, 0);
    for (int i = 0; i < 100000; i++) {
        char text[40];
        int length = snprintf (text, sizeof text, "%.*g", 1 + (int)rng_below (&rng, 14),
            (double)rng_below (&rng, UINT64_C (1) << 50) /
                (double)(UINT64_C (1) << rng_below (&rng, 60)));
        bool plain = !strchr (text, 'e') && length <= 15;
        assert_true (s_agrees (text, (size_t)length) || !plain);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reads_what_is_plain),
        cmocka_unit_test (test_leaves_the_rest_to_jansson),
        cmocka_unit_test (test_a_cut_text_is_not_plain),
        cmocka_unit_test (test_decimals_are_jansson_s),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
