/* Tests of cli/files/reader. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What a file gives, one word per line of it: "user:item@time", "end", or "N!error". */
static void
s_assert_reads_bytes (
    reader_format_t format, const char *text, size_t length, const char *expected)
{
    char got[2048] = "";
    char error[160];
    reader_row_t row;
    FILE *file = fmemopen ((void *)text, length, "rb");
    assert_non_null (file);
    reader_t *reader = reader_new (file, format);
    reader_status_t status;
    do {
        size_t used = strlen (got);
        status = reader_next (reader, &row, error);
        if (status == READER_ROW && row.created_at_us == READER_NO_TIME)
            snprintf (got + used, sizeof got - used, "%s:%lld ", row.user_id,
                (long long)row.item_id);
        else if (status == READER_ROW)
            snprintf (got + used, sizeof got - used, "%s:%lld@%lld ", row.user_id,
                (long long)row.item_id, (long long)row.created_at_us);
        else if (status == READER_END)
            snprintf (got + used, sizeof got - used, "end");
        else
            snprintf (got + used, sizeof got - used, "%llu!%s ",
                (unsigned long long)reader_line (reader), error);
    } while (status == READER_ROW || status == READER_BAD);
    assert_string_equal (got, expected);
    reader_destroy (&reader);
    fclose (file);
}

static void
s_assert_reads (reader_format_t format, const char *text, const char *expected)
{
    s_assert_reads_bytes (format, text, strlen (text), expected);
}

#define ITEM_ERROR "item_id must be an integer from 0 to 9007199254740991 "
#define PAIR_ERROR "must be a user and an item with white space between "

static void
test_pairs (void **state)
{
    (void)state;
    s_assert_reads (
        READER_PAIRS, "ann 1\nbob\t22\n  ann   0  \n", "ann:1 bob:22 ann:0 end");
    s_assert_reads (READER_PAIRS,
        "\xef\xbb\xbf"
        "ann 1\r\n\r\n\nbob 2",
        "ann:1 bob:2 end");
    s_assert_reads (READER_PAIRS, "\n", "end");
    s_assert_reads (READER_PAIRS, "zo\xc3\xab 9007199254740991\n",
        "zo\xc3\xab:9007199254740991 end");
}

static void
test_bad_pairs_are_told_by_line (void **state)
{
    (void)state;
    s_assert_reads (READER_PAIRS, "ann 1\nann\n\nann 1 2\nbob 3\n",
        "ann:1 2!" PAIR_ERROR "4!" PAIR_ERROR "bob:3 end");
    s_assert_reads (READER_PAIRS, "a -1\na 1.0\na 9007199254740992\na x\na +1\na 1x\n",
        "1!" ITEM_ERROR "2!" ITEM_ERROR "3!" ITEM_ERROR "4!" ITEM_ERROR "5!" ITEM_ERROR
        "6!" ITEM_ERROR "end");
    s_assert_reads (READER_PAIRS, "a 99999999999999999999\n", "1!" ITEM_ERROR "end");
    s_assert_reads (READER_PAIRS, "a\x01 1\n", "1!user_id has a control character end");
    s_assert_reads (READER_PAIRS, "a\xff 1\n", "1!user_id is not valid UTF-8 end");
    s_assert_reads (
        READER_PAIRS, "\xed\xa0\x80 1\n", "1!user_id is not valid UTF-8 end");
    s_assert_reads_bytes (
        READER_PAIRS, "a\0b 1\nc 2\n", 10, "1!the line has a NUL byte c:2 end");
}

static void
test_user_ids_have_at_most_128_bytes (void **state)
{
    (void)state;
    char text[200];
    char expected[200];
    memset (text, 'u', 128);
    strcpy (text + 128, " 7\n");
    snprintf (expected, sizeof expected, "%.128s:7 end", text);
    s_assert_reads (READER_PAIRS, text, expected);
    memset (text, 'u', 129);
    strcpy (text + 129, " 7\n");
    s_assert_reads (READER_PAIRS, text, "1!user_id is longer than 128 bytes end");
}

static void
test_a_line_past_the_limit_is_one_bad_line (void **state)
{
    (void)state;
    size_t length = 3 * READER_LINE_LIMIT;
    char *text = malloc (length);
    memset (text, 'x', length);
    memcpy (text + length - 5, "\na 1\n", 5);
    s_assert_reads_bytes (
        READER_PAIRS, text, length, "1!the line is longer than 64 KiB a:1 end");
    free (text);
}

static void
test_csv (void **state)
{
    (void)state;
    s_assert_reads (READER_CSV, "user_id,item_id\nann,1\nbob,2\n", "ann:1 bob:2 end");
    s_assert_reads (READER_CSV,
        "item_id,title,created_at,user_id\r\n1,x,1970-01-01T00:00:01Z,ann\r\n2,,,"
        "bob\r\n",
        "ann:1@1000000 bob:2 end");
    s_assert_reads (READER_CSV,
        "\"user_id\",\"item_id\",created_at\n\"a,\"\"b\"\"\",\"5\",1.5\n",
        "a,\"b\":5@1500000 end");
}

static void
test_csv_records_may_span_lines (void **state)
{
    (void)state;
    s_assert_reads (READER_CSV,
        "user_id,item_id,title\nann,1,\"two\nlines, and "
        "a\r\nthird\"\nbob,x,\nbob,2,y\n",
        "ann:1 5!" ITEM_ERROR "bob:2 end");
}

static void
test_bad_csv (void **state)
{
    (void)state;
    s_assert_reads (READER_CSV, "ann,1\n",
        "1!the first line must be a header with user_id and item_id (and created_at) ");
    s_assert_reads (READER_CSV,
        "user_id,item_id\nann\n,1\nan\"n,1\n\"ann\"x,1\nbob,2\n",
        "2!fewer columns than the header 3!user_id is empty "
        "4!a quote is not closed, or stands inside a field "
        "5!a quote is not closed, or stands inside a field bob:2 end");
    s_assert_reads (READER_CSV, "user_id,item_id,created_at\nann,1,soon\n",
        "2!created_at must be RFC 3339 or unix seconds end");
    s_assert_reads (READER_CSV, "user_id,item_id\n\"ann,1\nbob,2\n",
        "2!a quote is not closed, or stands inside a field end");
}

static void
test_jsonl (void **state)
{
    (void)state;
    s_assert_reads (READER_JSONL,
        "{\"user_id\":\"ann\",\"item_id\":1}\n"
        "{\"item_id\":2,\"user_id\":\"b "
        "b\",\"created_at\":\"1970-01-01T00:00:01Z\",\"x\":[]}\n"
        "{\"user_id\":\"c\",\"item_id\":3,\"created_at\":2}\n"
        "{\"user_id\":\"d\",\"item_id\":4,\"created_at\":2.25}\n"
        "{\"user_id\":\"e\",\"item_id\":5,\"created_at\":null}\n",
        "ann:1 b b:2@1000000 c:3@2000000 d:4@2250000 e:5 end");
}

static void
test_bad_jsonl (void **state)
{
    (void)state;
    s_assert_reads (READER_JSONL, "{\"user_id\":\"ann\"}\n{\"item_id\":1}\n",
        "1!must have user_id and item_id 2!must have user_id and item_id end");
    s_assert_reads (READER_JSONL,
        "{\"user_id\":\"a\",\"item_id\":1,\"created_at\":true}\n"
        "{\"user_id\":\"a\",\"item_id\":1,\"created_at\":1e300}\n",
        "1!created_at must be RFC 3339 or unix seconds "
        "2!created_at must be RFC 3339 or unix seconds end");
}

static void
test_format_follows_the_name (void **state)
{
    (void)state;
    assert_int_equal (reader_format_of ("a/b.csv"), READER_CSV);
    assert_int_equal (reader_format_of ("b.JSONL"), READER_JSONL);
    assert_int_equal (reader_format_of ("b.ndjson"), READER_JSONL);
    assert_int_equal (reader_format_of ("ml-1m.txt"), READER_PAIRS);
    assert_int_equal (reader_format_of ("-"), READER_PAIRS);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_pairs),
        cmocka_unit_test (test_bad_pairs_are_told_by_line),
        cmocka_unit_test (test_user_ids_have_at_most_128_bytes),
        cmocka_unit_test (test_a_line_past_the_limit_is_one_bad_line),
        cmocka_unit_test (test_csv),
        cmocka_unit_test (test_csv_records_may_span_lines),
        cmocka_unit_test (test_bad_csv),
        cmocka_unit_test (test_jsonl),
        cmocka_unit_test (test_bad_jsonl),
        cmocka_unit_test (test_format_follows_the_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
