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

#include "base/strbuf.h"

/* What a file gives, one word per line of it: "user:item@time#event_id/kind=value"
 * ("user:'key'..."), "end", "keys", or "N!error". */
static void
s_assert_file (const char *name, const layout_t *layout, const char *text,
    size_t length, const char *expected)
{
    char got[2048] = "";
    char error[160];
    reader_row_t row;
    FILE *file = fmemopen ((void *)text, length, "rb");
    assert_non_null (file);
    reader_t *reader = reader_new (file, name, layout);
    reader_status_t status;
    do {
        strbuf_t line = STRBUF_EMPTY;
        status = reader_next (reader, &row, error);
        if (status == READER_ROW) {
            if (row.item_key[0])
                strbuf_addf (&line, "%s:'%s'", row.user_id, row.item_key);
            else
                strbuf_addf (&line, "%s:%lld", row.user_id, (long long)row.item_id);
            if (row.created_at_us != READER_NO_TIME)
                strbuf_addf (&line, "@%lld", (long long)row.created_at_us);
            if (row.event_id[0])
                strbuf_addf (&line, "#%s", row.event_id);
            if (row.kind[0])
                strbuf_addf (&line, "/%s", row.kind);
            if (row.has_value)
                strbuf_addf (&line, "=%g", row.value);
            strbuf_add (&line, " ");
        } else if (status == READER_END)
            strbuf_add (&line, "end");
        else if (status == READER_KEYS)
            strbuf_add (&line, "keys");
        else
            strbuf_addf (
                &line, "%llu!%s ", (unsigned long long)reader_line (reader), error);
        strncat (got, line.data, sizeof got - strlen (got) - 1);
        strbuf_free (&line);
    } while (status == READER_ROW || status == READER_BAD);
    assert_string_equal (got, expected);
    reader_destroy (&reader);
    fclose (file);
}

static void
s_assert_reads_bytes (
    layout_format_t format, const char *text, size_t length, const char *expected)
{
    layout_t layout = {.format = format};
    s_assert_file ("-", &layout, text, length, expected);
}

static void
s_assert_reads (layout_format_t format, const char *text, const char *expected)
{
    s_assert_reads_bytes (format, text, strlen (text), expected);
}

/* With options as on the command line; "" leaves one out. */
typedef struct {
    const char *columns, *no_header, *delimiter, *unit, *items;
} s_said_t;

static void
s_assert_said (s_said_t said, const char *name, const char *text, const char *expected)
{
    char error[160] = "";
    layout_t layout = {0};
    if ((said.columns && layout_set_columns (&layout, said.columns, error)) ||
        (said.no_header && layout_set_no_header (&layout, said.no_header, error)) ||
        (said.delimiter && layout_set_delimiter (&layout, said.delimiter, error)) ||
        (said.unit && layout_set_time_unit (&layout, said.unit, error)) ||
        (said.items && layout_set_items (&layout, said.items, error)) ||
        layout_check (&layout, error))
        fail_msg ("%s", error);
    s_assert_file (name, &layout, text, strlen (text), expected);
}

/* What is told of a file before it is loaded. */
static void
s_assert_told (s_said_t said, const char *name, const char *text, const char *expected)
{
    char error[160] = "";
    layout_t layout = {0};
    FILE *file = fmemopen ((void *)text, strlen (text), "rb");
    if (said.no_header)
        assert_int_equal (layout_set_no_header (&layout, said.no_header, error), 0);
    if (said.columns)
        assert_int_equal (layout_set_columns (&layout, said.columns, error), 0);
    reader_t *reader = reader_new (file, name, &layout);
    if (reader_begin (reader, error) != READER_ROW)
        fail_msg ("%s", error);
    assert_string_equal (reader_told (reader), expected);
    reader_destroy (&reader);
    fclose (file);
}

#define ITEM_ERROR(value)                                                              \
    "item_id \"" value "\" is no integer from 0 to 9007199254740991; --item-ids keys " \
    "takes texts "
#define PAIR_ERROR                                                                     \
    "must be a user and an item with white space between; other columns need "         \
    "--no-header user,item,_,time "
#define TIME_ERROR(value)                                                              \
    "created_at \"" value "\" is no time; accepted: 2026-02-28T09:30:00+01:00, "       \
    "2026-02-28, 1772267400 "

static void
test_pairs (void **state)
{
    (void)state;
    s_assert_reads (
        LAYOUT_PAIRS, "ann 1\nbob\t22\n  ann   0  \n", "ann:1 bob:22 ann:0 end");
    s_assert_reads (LAYOUT_PAIRS,
        "\xef\xbb\xbf"
        "ann 1\r\n\r\n\nbob 2",
        "ann:1 bob:2 end");
    s_assert_reads (LAYOUT_PAIRS, "\n", "end");
    s_assert_reads (LAYOUT_PAIRS, "zo\xc3\xab 9007199254740991\n",
        "zo\xc3\xab:9007199254740991 end");
}

static void
test_bad_pairs_are_told_by_line (void **state)
{
    (void)state;
    s_assert_reads (LAYOUT_PAIRS, "ann 1\nann\n\nann 1 2\nbob 3\n",
        "ann:1 2!" PAIR_ERROR "4!" PAIR_ERROR "bob:3 end");
    s_assert_reads (LAYOUT_PAIRS, "a -1\na 1.5\na 9007199254740992\na x\na +1\na 1x\n",
        "1!" ITEM_ERROR ("-1") "2!" ITEM_ERROR ("1.5") "3!" ITEM_ERROR (
            "9007199254740992") "4!" ITEM_ERROR ("x") "5!" ITEM_ERROR ("+1") "6"
                                                                             "!" ITEM_ERROR (
                                                                                 "1x") "end");
    s_assert_reads (LAYOUT_PAIRS, "a 99999999999999999999\n",
        "1!" ITEM_ERROR ("99999999999999999999") "end");
    s_assert_reads (
        LAYOUT_PAIRS, "a\x01 1\n", "1!user_id \"a?\" has a control character end");
    s_assert_reads (
        LAYOUT_PAIRS, "a\xff 1\n", "1!user_id \"a?\" is not valid UTF-8 end");
    s_assert_reads (
        LAYOUT_PAIRS, "\xed\xa0\x80 1\n", "1!user_id \"???\" is not valid UTF-8 end");
    s_assert_reads_bytes (
        LAYOUT_PAIRS, "a\0b 1\nc 2\n", 10, "1!the line has a NUL byte c:2 end");
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
    s_assert_reads (LAYOUT_PAIRS, text, expected);
    memset (text, 'u', 129);
    strcpy (text + 129, " 7\n");
    s_assert_reads (LAYOUT_PAIRS, text,
        "1!user_id \"uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu...\" is longer than 128 "
        "bytes "
        "end");
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
        LAYOUT_PAIRS, text, length, "1!the line is longer than 64 KiB a:1 end");
    free (text);
}

static void
test_csv (void **state)
{
    (void)state;
    s_assert_reads (LAYOUT_CSV, "user_id,item_id\nann,1\nbob,2\n", "ann:1 bob:2 end");
    s_assert_reads (LAYOUT_CSV,
        "item_id,title,created_at,user_id\r\n1,x,1970-01-01T00:00:01Z,ann\r\n2,,,"
        "bob\r\n",
        "ann:1@1000000 bob:2 end");
    s_assert_reads (LAYOUT_CSV,
        "\"user_id\",\"item_id\",created_at\n\"a,\"\"b\"\"\",\"5\",1.5\n",
        "a,\"b\":5@1500000 end");
}

static void
test_csv_records_may_span_lines (void **state)
{
    (void)state;
    s_assert_reads (LAYOUT_CSV,
        "user_id,item_id,title\nann,1,\"two\nlines, and "
        "a\r\nthird\"\nbob,,\nbob,2,y\n",
        "ann:1 5!has no item_id bob:2 end");
}

static void
test_bad_csv (void **state)
{
    (void)state;
    s_assert_reads (LAYOUT_CSV, "ann,1\n",
        "1!the first line has no user_id (ann, 1): --columns user=NAME, or without a "
        "header --no-header user,item,_,time ");
    s_assert_reads (LAYOUT_CSV,
        "user_id,item_id\nann\n,1\nan\"n,1\n\"ann\"x,1\nbob,2\n",
        "2!has 1 column, item_id would be column 2 3!has no user_id "
        "4!a quote is not closed, or stands inside a field "
        "5!a quote is not closed, or stands inside a field bob:2 end");
    s_assert_reads (LAYOUT_CSV, "user_id,item_id,created_at\nann,1,soon\n",
        "2!" TIME_ERROR ("soon") "end");
    s_assert_reads (LAYOUT_CSV, "user_id,item_id\n\"ann,1\nbob,2\n",
        "2!a quote is not closed, or stands inside a field end");
}

static void
test_jsonl (void **state)
{
    (void)state;
    s_assert_reads (LAYOUT_JSONL,
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
    s_assert_reads (LAYOUT_JSONL, "{\"user_id\":\"ann\"}\n{\"item_id\":1}\n",
        "1!has no item_id 2!has no user_id end");
    s_assert_reads (LAYOUT_JSONL,
        "{\"user_id\":\"a\",\"item_id\":1,\"created_at\":true}\n"
        "{\"user_id\":\"a\",\"item_id\":1,\"created_at\":1e300}\n",
        "1!created_at must be a string or a number 2!" TIME_ERROR ("1e+300") "end");
}

/* Two users or items must not become one. */
static void
test_what_jsonl_cannot_tell_apart_is_refused (void **state)
{
    (void)state;
    s_assert_reads (LAYOUT_JSONL,
        "{\"user_id\":\"a\\u0000b\",\"item_id\":1}\n"
        "{\"user_id\":123456789012345678901234567890,\"item_id\":1}\n"
        "{\"user_id\":9007199254740993,\"item_id\":1,\"event\":\"v\\u0000\"}\n"
        "{\"user_id\":9007199254740993,\"item_id\":1,\"value\":1e999}\n"
        "{\"user_id\":9007199254740993,\"item_id\":1,\"more\":\"\\u0000\"}\n",
        "1!user_id \"?\" has a control character "
        "2!user_id is a number beyond 2^53: write it as a text "
        "3!event \"?\" is not valid UTF-8, or has a control character; --columns kind= "
        "leaves it out "
        "4!user_id is a number beyond 2^53: write it as a text 9007199254740993:1 end");
}

static void
test_what_stands_in_a_file_does_not_reach_the_terminal_raw (void **state)
{
    (void)state;
    s_assert_told ((s_said_t){0}, "a.csv", "user,item,\x1b[31mred\nann,1,x\n",
        "columns by comma: user is user, item is item, no time: the lines are in "
        "order; "
        "left out: ?[31mred");
    s_assert_said ((s_said_t){0}, "a.csv", "\x1b[31mred,\xff\nann,1\n",
        "1!the first line has no user_id (?[31mred, ?): --columns user=NAME, or "
        "without "
        "a header --no-header user,item,_,time ");
}

static void
test_an_item_may_be_neither_integer_nor_key (void **state)
{
    (void)state;
    char text[200];
    snprintf (text, sizeof text, "user,item\nann,%0*d\n", 129, 0);
    s_assert_said ((s_said_t){0}, "a.csv", text,
        "2!item \"0000000000000000000000000000000000000000...\" is neither an integer "
        "from 0 to 9007199254740991 nor a text of 1 to 128 bytes end");
}

static void
test_format_follows_the_name (void **state)
{
    (void)state;
    assert_int_equal (layout_format_of ("a/b.csv"), LAYOUT_CSV);
    assert_int_equal (layout_format_of ("ml-100k.inter"), LAYOUT_CSV);
    assert_int_equal (layout_format_of ("a/b.CSV.gz"), LAYOUT_CSV);
    assert_int_equal (layout_format_of ("b.JSONL"), LAYOUT_JSONL);
    assert_int_equal (layout_format_of ("b.ndjson.zst"), LAYOUT_JSONL);
    assert_int_equal (layout_format_of ("reviews.json"), LAYOUT_JSONL);
    assert_int_equal (layout_format_of ("ml-1m.pairs"), LAYOUT_PAIRS);
    assert_int_equal (layout_format_of ("ml-1m.txt"), LAYOUT_ANY);
    assert_int_equal (layout_format_of ("-"), LAYOUT_ANY);
    assert_int_equal (layout_format_of (".gz"), LAYOUT_ANY);
}

/* A name that says nothing: the first line decides. */
static void
test_format_follows_the_first_line (void **state)
{
    (void)state;
    s_said_t nothing = {0};
    s_assert_said (nothing, "-", "userId,movieId\nann,1\n", "ann:1 end");
    s_assert_said (nothing, "-", "{\"user\":\"ann\",\"item\":1}\n", "ann:1 end");
    s_assert_said (nothing, "-", "ann 1\n", "ann:1 end");
    s_assert_said (nothing, "-", "ann\t1\n", "ann:1 end");
    s_assert_said (
        nothing, "-", "\xef\xbb\xbfitem\tuser\r\n\r\n1\tann\r\n", "ann:1 end");
    s_assert_said (nothing, "u.data", "1\t2\t3\t4\n", "1!" PAIR_ERROR "end");
}

static void
test_columns_go_by_many_names (void **state)
{
    (void)state;
    static const char *const headers[] = {"user_id:token,item_id:token,timestamp:float",
        "userId,movieId,timestamp", "visitorid,itemid,ts",
        "reviewerID,asin,unixReviewTime", "USER-ID,Item ID,Time",
        "UserId,ItemId,time_stamp", "uid,iid,datetime",
        "customer_id,product_id,rating_timestamp"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char text[160];
        snprintf (text, sizeof text, "%s\nann,1,900\n", headers[i]);
        s_assert_said ((s_said_t){0}, "a.csv", text, "ann:1@900000000 end");
    }
    s_assert_said ((s_said_t){0}, "a.csv", "userId,user_id,asin,item_id\nx,ann,2,1\n",
        "ann:1 end"); /* our own names beat others */
    s_assert_said ((s_said_t){0}, "a.json",
        "{\"reviewerID\":\"A1\",\"asin\":\"7\",\"unixReviewTime\":900}\n"
        "{\"reviewerID\":\"A2\",\"asin\":\"8\",\"timestamp\":901}\n",
        "A1:7@900000000 A2:8@901000000 end");
}

static void
test_columns_can_be_named (void **state)
{
    (void)state;
    s_said_t said = {.columns = "user=who,item=what,time=when"};
    s_assert_said (
        said, "x", "what;user;when;who\n1;no;900;ann\n", "ann:1@900000000 end");
    s_assert_said (said, "x.jsonl",
        "{\"who\":7,\"what\":\"1\",\"when\":900,\"item\":2}\n", "7:1@900000000 end");
    s_assert_said (said, "x.csv", "who,what\nann,1\n",
        "1!no column is called \"when\"; there are: who, what ");
    said.columns = "time=";
    s_assert_said (said, "x.csv", "user,item,time\nann,1,soon\n", "ann:1 end");
}

static void
test_without_a_header (void **state)
{
    (void)state;
    s_said_t said = {.no_header = "user,item,_,time"};
    s_assert_said (said, "u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
        "196:242@881250949000000 186:302@891717742000000 end");
    s_assert_said (
        said, "r.dat", "1::1193::5::978300760\n", "1:1193@978300760000000 end");
    s_assert_said (said, "a.csv", "U1,B7,5.0,900\n", "U1:'B7'@900000000 end");
    s_assert_said (said, "a b", "ann 1 x 900\n", "ann:1@900000000 end");
    s_assert_said (
        said, "a", "ann,1\n", "1!has 2 columns, created_at would be column 4 end");
    said.delimiter = "|";
    said.no_header = "time,user,item";
    s_assert_said (said, "x", "900|a,b|1|more\n", "a,b:1@900000000 end");
}

static void
test_quotes_are_syntax_behind_commas_only (void **state)
{
    (void)state;
    s_assert_said ((s_said_t){0}, "a.tsv",
        "\"user\"\titem\ttitle\n\"ann\"\t1\t5\" disk\nbob\t2\t\"open\n",
        "ann:1 bob:2 end");
    s_assert_said ((s_said_t){0}, "a.csv", "user,item,title\nann,1,The, Way\nbob,2,\n",
        "2!has 4 columns, the header 3 bob:2 end");
}

static void
test_more_than_64_columns (void **state)
{
    (void)state;
    strbuf_t text = STRBUF_EMPTY;
    for (int i = 0; i < 200; i++)
        strbuf_addf (&text, "c%d,", i);
    strbuf_add (&text, "user,item\n");
    for (int i = 0; i < 200; i++)
        strbuf_add (&text, ",");
    strbuf_add (&text, "ann,1\n");
    s_assert_said ((s_said_t){0}, "a.csv", text.data, "ann:1 end");
    strbuf_free (&text);
}

static void
test_values_of_libraries (void **state)
{
    (void)state;
    s_assert_said ((s_said_t){0}, "a.csv",
        "user_id,item_id,created_at\na,242.0,NaT\nb,,2026-01-01\nc,NaN,1\nd, 7 ,\\N\n"
        "\\N,1,\n",
        "a:242 3!has no item_id 4!has no item_id d:7 6!has no user_id end");
    s_assert_said ((s_said_t){0}, "a.jsonl",
        "{\"user_id\":196,\"item_id\":242.0,\"created_at\":881250949000}\n"
        "{\"user_id\":186.0,\"item_id\":null,\"created_at\":null}\n"
        "{\"user_id\":[1],\"item_id\":1}\n",
        "196:242@881250949000000 2!has no item_id 3!user_id must be a string or a "
        "number "
        "end");
}

static void
test_one_file_has_one_unit_of_time (void **state)
{
    (void)state;
    s_said_t said = {0};
    s_assert_said (said, "a.csv",
        "user,item,timestamp\na,1,881250949000\na,2,881250949\na,3,0\n",
        "a:1@881250949000000 3!timestamp \"881250949\" is in unix seconds, line 2 in "
        "unix "
        "milliseconds; see --time-unit a:3@0 end");
    s_assert_said (said, "a.csv", "user,item,timestamp\na,1,20260101\na,2,900\n",
        "a:1@1767225600000000 3!timestamp \"900\" is in unix seconds, line 2 in days "
        "like "
        "20260228; see --time-unit end");
    said.unit = "ms";
    s_assert_said (said, "a.csv", "user,item,ts\na,1,881250949000\na,2,881250949\n",
        "a:1@881250949000000 a:2@881250949000 end");
    said.unit = "day";
    s_assert_said (said, "a.csv", "user,item,ts\na,1,20260101\na,2,900\n",
        "a:1@1767225600000000 3!ts \"900\" is no time; accepted: "
        "2026-02-28T09:30:00+01:00, 2026-02-28, 1772267400 end");
}

static void
test_event_ids (void **state)
{
    (void)state;
#define EVENT "0190b0a0-0000-7000-8000-000000000001"
    s_assert_said ((s_said_t){0}, "a.csv",
        "user,item,event_id\na,1," EVENT "\nb,2,\nc,3,x\n",
        "a:1#" EVENT
        " b:2 4!event_id \"x\" is no UUID; --columns event= leaves it out end");
    s_assert_said ((s_said_t){.columns = "event="}, "a.csv",
        "user,item,event_id\nc,3,x\n", "c:3 end");
}

static void
test_kinds_and_values (void **state)
{
    (void)state;
    s_assert_said ((s_said_t){0}, "a.csv",
        "user,item,event,value\na,1,view,\nb,2,,2.5\nc,3,NULL,NaN\nd,4,big buy,-1e3\n",
        "a:1/view b:2=2.5 c:3 d:4/big buy=-1000 end");
    s_assert_said ((s_said_t){0}, "a.csv",
        "visitorid,itemid,event_type,rating\na,1,addtocart,4\n", "a:1/addtocart end");
    s_assert_said ((s_said_t){.columns = "kind=what,value=rating"}, "a.csv",
        "user,item,what,rating\na,1,cart,4\nb,2,cart,none\n",
        "a:1/cart=4 3!rating \"none\" is no number; --columns value= leaves it out "
        "end");
    s_assert_said ((s_said_t){.columns = "kind="}, "a.csv",
        "user,item,event\na,1,view\n", "a:1 end");
    s_assert_said ((s_said_t){.no_header = "user,item,_,kind,value"}, "a.csv",
        "a,1,x,view,3\n", "a:1/view=3 end");
    s_assert_said ((s_said_t){0}, "a.csv",
        "user,item,event\na,1,"
        "12345678901234567890123456789012345678901234567890123456789012345\n",
        "2!event \"1234567890123456789012345678901234567890...\" is longer than 64 "
        "bytes; "
        "--columns kind= leaves it out end");
    s_assert_said ((s_said_t){0}, "a.jsonl",
        "{\"user\":1,\"item\":2,\"event\":\"view\",\"value\":0.12345678}\n"
        "{\"user\":1,\"item\":2,\"event\":null}\n"
        "{\"user\":1,\"item\":2,\"behavior_type\":3,\"value\":7}\n",
        "1:2/view=0.123457 1:2 1:2/3=7 end");
}

static void
test_tells_what_it_understood (void **state)
{
    (void)state;
    s_said_t nothing = {0};
    s_assert_told (nothing, "r.csv",
        "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n",
        "columns by comma: user is userId, item is movieId, time is timestamp (unix "
        "seconds); "
        "left out: rating");
    s_assert_told ((s_said_t){.no_header = "user,item,_,time"}, "u.data",
        "196\t242\t3\t881250949\n",
        "columns by tab: user is column 1, item is column 2, time is column 4 (unix "
        "seconds); left out: column 3");
    s_assert_told (nothing, "a.csv", "user,item\nann,1\n",
        "columns by comma: user is user, item is item, no time: the lines are in "
        "order");
    s_assert_told (nothing, "a.jsonl",
        "{\"user\":1,\"item\":2,\"created_at\":\"2026-01-01\",\"x\":0}\n",
        "jsonl: user is user, item is item, time is created_at (without a zone: taken "
        "as "
        "UTC); left out: x");
    s_assert_told (
        nothing, "a", "ann 1\n", "pairs: a user and an item, the lines are in order");
}

static void
test_refuses_options_that_contradict (void **state)
{
    (void)state;
    char error[160];
    layout_t layout = {0};
    assert_int_equal (layout_set_no_header (&layout, "user,_", error), -1);
    assert_int_equal (layout_set_no_header (&layout, "user,user,item", error), -1);
    assert_int_equal (layout_set_no_header (&layout, "user,thing", error), -1);
    assert_int_equal (layout_set_columns (&layout, "user", error), -1);
    assert_int_equal (layout_set_columns (&layout, "user=", error), -1);
    assert_int_equal (layout_set_columns (&layout, "thing=x", error), -1);
    assert_int_equal (layout_set_delimiter (&layout, "", error), -1);
    assert_int_equal (layout_set_time_unit (&layout, "h", error), -1);
    assert_int_equal (layout_set_format (&layout, "xml", error), -1);
    layout = (layout_t){0};
    assert_int_equal (layout_set_no_header (&layout, "user,item", error), 0);
    assert_int_equal (layout_check (&layout, error), 0);
    layout.format = LAYOUT_PAIRS;
    assert_int_equal (layout_check (&layout, error), -1);
    layout.format = LAYOUT_JSONL;
    assert_int_equal (layout_check (&layout, error), -1);
    layout.format = LAYOUT_CSV;
    layout.named[COLUMN_USER] = true;
    assert_int_equal (layout_check (&layout, error), -1);
}

static void
test_items_that_are_no_plain_integers_are_keys (void **state)
{
    (void)state;
    const s_said_t nothing = {0}, keys = {.items = "keys"},
                   only = {.items = "integers"};
    static const char asins[] = "user,item\nann,B00X\nbob,0316769487\nbob,7\n";
    s_assert_said (nothing, "a.csv", asins, "ann:'B00X' bob:'0316769487' bob:'7' end");
    s_assert_said (nothing, "a.csv", "user,item\nann,7\nbob,007\n", "ann:7 keys");
    s_assert_said (nothing, "a.csv", "user,item\nann,7\nbob,0\n", "ann:7 bob:0 end");
    s_assert_said (
        keys, "a.csv", "user,item\nann,7\nbob,007\n", "ann:'7' bob:'007' end");
    s_assert_said (keys, "a.jsonl", "{\"user\":1,\"item\":\"a b\"}\n", "1:'a b' end");
    s_assert_said (keys, "a.csv", "user,item\nann,\n", "2!has no item end");
    s_assert_said (only, "a.csv", "user,item_id\nann,7\nbob,7x\n",
        "ann:7 3!" ITEM_ERROR ("7x") "end");
    s_assert_said (keys, "-", "ann SKU-1\n", "ann:'SKU-1' end");
    s_assert_told (nothing, "a.csv", asins,
        "columns by comma: user is user, item is item (a text), no time: the lines are "
        "in "
        "order");
}

static void
test_a_key_has_at_most_128_bytes (void **state)
{
    (void)state;
    char text[300], key[130], expected[300];
    layout_t layout = {.format = LAYOUT_CSV, .items = LAYOUT_ITEMS_KEYS};
    memset (key, 'k', sizeof key);
    key[128] = '\0';
    snprintf (text, sizeof text, "user,item\na,%s\n", key);
    snprintf (expected, sizeof expected, "a:'%s' end", key);
    s_assert_file ("-", &layout, text, strlen (text), expected);
    snprintf (text, sizeof text, "user,item\na,%sk\n", key);
    s_assert_file ("-", &layout, text, strlen (text),
        "2!item \"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...\" is longer than 128 "
        "bytes end");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_items_that_are_no_plain_integers_are_keys),
        cmocka_unit_test (test_a_key_has_at_most_128_bytes),
        cmocka_unit_test (test_pairs),
        cmocka_unit_test (test_bad_pairs_are_told_by_line),
        cmocka_unit_test (test_user_ids_have_at_most_128_bytes),
        cmocka_unit_test (test_a_line_past_the_limit_is_one_bad_line),
        cmocka_unit_test (test_csv),
        cmocka_unit_test (test_csv_records_may_span_lines),
        cmocka_unit_test (test_bad_csv),
        cmocka_unit_test (test_jsonl),
        cmocka_unit_test (test_bad_jsonl),
        cmocka_unit_test (test_what_jsonl_cannot_tell_apart_is_refused),
        cmocka_unit_test (test_what_stands_in_a_file_does_not_reach_the_terminal_raw),
        cmocka_unit_test (test_an_item_may_be_neither_integer_nor_key),
        cmocka_unit_test (test_format_follows_the_name),
        cmocka_unit_test (test_format_follows_the_first_line),
        cmocka_unit_test (test_columns_go_by_many_names),
        cmocka_unit_test (test_columns_can_be_named),
        cmocka_unit_test (test_without_a_header),
        cmocka_unit_test (test_quotes_are_syntax_behind_commas_only),
        cmocka_unit_test (test_more_than_64_columns),
        cmocka_unit_test (test_values_of_libraries),
        cmocka_unit_test (test_one_file_has_one_unit_of_time),
        cmocka_unit_test (test_event_ids),
        cmocka_unit_test (test_kinds_and_values),
        cmocka_unit_test (test_tells_what_it_understood),
        cmocka_unit_test (test_refuses_options_that_contradict),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
