/* Tests of cli/files/source and packed. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#define LINES 50000 /* more than a block, packed or not */

static char s_path[] = "/tmp/source-test-XXXXXX";
static char *s_text;
static size_t s_length;

static int
s_set_up (void **state)
{
    (void)state;
    int file = mkstemp (s_path);
    s_text = malloc (LINES * 16);
    assert_true (file >= 0 && s_text);
    close (file);
    for (int i = 0; i < LINES; i++)
        s_length += (size_t)sprintf (s_text + s_length, "u%d %d\n", i % 977, i * 7919);
    return 0;
}

static int
s_tear_down (void **state)
{
    (void)state;
    free (s_text);
    return unlink (s_path);
}

static void
s_put (const char *bytes, size_t length)
{
    FILE *file = fopen (s_path, "wb");
    assert_int_equal (fwrite (bytes, 1, length, file), length);
    fclose (file);
}

static size_t
s_gzip (char *packed, size_t size, const char *text, size_t length)
{
    z_stream stream = {.next_in = (Bytef *)text,
        .avail_in = (uInt)length,
        .next_out = (Bytef *)packed,
        .avail_out = (uInt)size};
    assert_int_equal (
        deflateInit2 (&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
    assert_int_equal (deflate (&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd (&stream);
    return size - stream.avail_out;
}

static void
s_assert_reads_twice (const char *kind)
{
    char error[160] = "";
    source_t *source = source_open (s_path, error);
    if (!source)
        fail_msg ("%s", error);
    assert_int_equal (source_lines (source), LINES);
    if (kind)
        assert_string_equal (source_packed (source), kind);
    else
        assert_null (source_packed (source));
    char *got = malloc (s_length + 1);
    assert_int_equal (fread (got, 1, s_length + 1, source_file (source)), s_length);
    assert_memory_equal (got, s_text, s_length);
    assert_true (feof (source_file (source)) && !ferror (source_file (source)));
    free (got);
    source_close (&source);
}

static void
test_reads_a_plain_file (void **state)
{
    (void)state;
    s_put (s_text, s_length);
    s_assert_reads_twice (NULL);
}

static void
test_reads_gzip (void **state)
{
    (void)state;
    size_t size = s_length + 1000;
    char *packed = malloc (size);
    size_t first = s_gzip (packed, size, s_text, 1000);
    size_t length =
        first + s_gzip (packed + first, size - first, s_text + 1000, s_length - 1000);
    s_put (packed, length);
    s_assert_reads_twice ("gzip");
    free (packed);
}

static void
test_reads_zstd (void **state)
{
    (void)state;
    size_t size = ZSTD_compressBound (s_length) + 1000;
    char *packed = malloc (size);
    size_t first = ZSTD_compress (packed, size, s_text, 1000, 3);
    size_t length = first + ZSTD_compress (packed + first, size - first, s_text + 1000,
                                s_length - 1000, 3);
    s_put (packed, length);
    s_assert_reads_twice ("zstd");
    free (packed);
}

/* The digest is of what is inside: packed anew it is the same data. */
static void
test_digest_is_of_the_content (void **state)
{
    (void)state;
    char error[160], digest[65];
    char *packed = malloc (s_length);
    s_put (s_text, s_length);
    source_t *source = source_open (s_path, error);
    snprintf (digest, sizeof digest, "%s", source_digest (source));
    source_close (&source);
    s_put (packed, s_gzip (packed, s_length, s_text, s_length));
    source = source_open (s_path, error);
    assert_string_equal (source_digest (source), digest);
    source_close (&source);
    free (packed);
}

static void
test_damage_is_told (void **state)
{
    (void)state;
    char error[160] = "";
    char *packed = malloc (s_length);
    size_t length = s_gzip (packed, s_length, s_text, s_length);
    s_put (packed, length - 9);
    assert_null (source_open (s_path, error));
    assert_non_null (strstr (error, "damaged, or cut short"));
    packed[length / 2] ^= 0x55;
    s_put (packed, length);
    assert_null (source_open (s_path, error));
    length = ZSTD_compress (packed, s_length, s_text, s_length, 1);
    s_put (packed, length - 1);
    error[0] = '\0';
    assert_null (source_open (s_path, error));
    assert_non_null (strstr (error, "damaged, or cut short"));
    s_put (packed, 4);
    assert_null (source_open (s_path, error));
    free (packed);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reads_a_plain_file),
        cmocka_unit_test (test_reads_gzip),
        cmocka_unit_test (test_reads_zstd),
        cmocka_unit_test (test_digest_is_of_the_content),
        cmocka_unit_test (test_damage_is_told),
    };
    return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}
