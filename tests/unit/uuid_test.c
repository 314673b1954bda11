/* Tests of base/uuid. SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"
#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MANY    20000
#define THREADS 4

typedef char text_t[UUID_TEXT_SIZE];

static int
s_compare (const void *a, const void *b)
{
    return strcmp (a, b);
}

static void *
s_make_many (void *args)
{
    text_t *texts = args;
    for (int i = 0; i < MANY; i++)
        uuid_make (texts[i]);
    return NULL;
}

static void
test_has_version_7_and_the_rfc_variant (void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        text_t text;
        uuid_make (text);
        assert_int_equal (strlen (text), 36);
        assert_true (uuid_valid (text));
        assert_int_equal (text[14], 0x37); /* 7 */
        assert_non_null (strchr ("89ab", text[19]));
    }
}

static void
test_starts_with_the_time (void **state)
{
    (void)state;
    text_t text;
    int64_t before_ms = clock_unix_ms ();
    uuid_make (text);
    char hex[13] = "";
    memcpy (hex, text, 8);
    memcpy (hex + 8, text + 9, 4);
    int64_t ms = strtoll (hex, NULL, 16);
    assert_true (before_ms <= ms && ms <= clock_unix_ms () + 1);
}

static void
test_sorts_in_the_order_of_making (void **state)
{
    (void)state;
    text_t last = "", text;
    for (int i = 0; i < MANY; i++) {
        uuid_make (text);
        assert_true (strcmp (last, text) < 0);
        memcpy (last, text, sizeof text);
    }
}

static void
test_threads_never_make_the_same (void **state)
{
    (void)state;
    text_t *texts = calloc (THREADS * MANY, sizeof *texts);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create (&threads[i], NULL, s_make_many, texts + i * MANY);
    for (int i = 0; i < THREADS; i++)
        pthread_join (threads[i], NULL);
    qsort (texts, THREADS * MANY, sizeof *texts, s_compare);
    for (int i = 1; i < THREADS * MANY; i++)
        assert_true (strcmp (texts[i - 1], texts[i]) < 0);
    free (texts);
}

static void
test_valid_takes_any_version_and_case (void **state)
{
    (void)state;
    assert_true (uuid_valid ("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
    assert_true (uuid_valid ("6BA7B810-9DAD-41D1-80B4-00C04FD430C8"));
    assert_true (uuid_valid ("00000000-0000-0000-0000-000000000000"));
}

static void
test_valid_refuses_everything_else (void **state)
{
    (void)state;
    static const char *const bad[] = {"", "x", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
        " 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
        "6ba7b8109dad11d180b400c04fd430c8", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
        "6ba7b8109-dad-11d1-80b4-00c04fd430c8",
        "6ba7b810-9dad-11d1-80b4-00c04fd430\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false (uuid_valid (bad[i]));
    assert_false (uuid_valid (NULL));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_has_version_7_and_the_rfc_variant),
        cmocka_unit_test (test_starts_with_the_time),
        cmocka_unit_test (test_sorts_in_the_order_of_making),
        cmocka_unit_test (test_threads_never_make_the_same),
        cmocka_unit_test (test_valid_takes_any_version_and_case),
        cmocka_unit_test (test_valid_refuses_everything_else),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
