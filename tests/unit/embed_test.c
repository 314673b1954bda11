/* Tests of cmake/Embed.cmake. SPDX-License-Identifier: Apache-2.0 */
#include "base/embed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
test_embedded_text_is_a_whole_string (void **state)
{
    (void)state;
    assert_true (embed_schema_count >= 1);
    const embed_file_t *first = &embed_schema[0];
    assert_string_equal (first->name, "001_core.sql");
    const char *text = (const char *)first->bytes;
    ptrdiff_t length = first->end - first->bytes;
    assert_int_equal (strlen (text), length);
    assert_non_null (strstr (text, "CREATE TABLE"));
    assert_int_equal (text[length - 1], '\n');
}

static void
test_files_are_in_the_order_of_their_names (void **state)
{
    (void)state;
    for (size_t i = 1; i < embed_schema_count; i++)
        assert_true (strcmp (embed_schema[i - 1].name, embed_schema[i].name) < 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_embedded_text_is_a_whole_string),
        cmocka_unit_test (test_files_are_in_the_order_of_their_names),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
