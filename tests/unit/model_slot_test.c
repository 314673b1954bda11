/* Tests of actors/model_slot. SPDX-License-Identifier: Apache-2.0 */
#include "actors/model_slot.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "tests/actors/tiny_checkpoint.h"

static tiny_folder_t s_folder;

static int
s_set_up (void **state)
{
    (void)state;
    s_folder = tiny_folder_new ();
    tiny_write (&s_folder, "v1", 8);
    tiny_write (&s_folder, "v2", 8);
    return 0;
}

static int
s_tear_down (void **state)
{
    (void)state;
    tiny_folder_remove (&s_folder);
    return 0;
}

static void
test_an_empty_slot_has_no_model (void **state)
{
    (void)state;
    model_slot_t *slot = model_slot_new ();
    assert_null (model_slot_acquire (slot));
    assert_false (model_slot_has (slot));
    model_slot_destroy (&slot);
    assert_null (slot);
}

static void
test_a_slot_has_what_was_put (void **state)
{
    (void)state;
    model_slot_t *slot = model_slot_new ();
    model_t *model = tiny_load (&s_folder, "v1");
    model_slot_put (slot, &model);
    assert_true (model_slot_has (slot));
    model_slot_destroy (&slot); /* asking kept no reference */
}

static void
test_a_reader_keeps_its_model_through_a_swap (void **state)
{
    (void)state;
    model_slot_t *slot = model_slot_new ();
    model_t *model = tiny_load (&s_folder, "v1");
    model_slot_put (slot, &model);
    assert_null (model);
    model_ref_t *old = model_slot_acquire (slot);
    model = tiny_load (&s_folder, "v2");
    model_slot_put (slot, &model);
    model_ref_t *new = model_slot_acquire (slot);
    assert_string_equal (model_version (model_ref_model (old)), "v1");
    assert_string_equal (model_version (model_ref_model (new)), "v2");
    model_ref_release (&old);
    assert_null (old);
    model_ref_release (&new);
    model_slot_destroy (&slot);
}

typedef struct {
    model_slot_t *slot;
    atomic_bool stop;
} readers_t;

static void *
s_read (void *context)
{
    readers_t *readers = context;
    while (!atomic_load (&readers->stop)) {
        model_ref_t *ref = model_slot_acquire (readers->slot);
        assert_int_equal (model_version (model_ref_model (ref))[0], 'v');
        if (model_ref_offer (ref))
            assert_true (offer_hidden_count (model_ref_offer (ref)) <= 1);
        model_ref_release (&ref);
    }
    return NULL;
}

static void
test_readers_and_swaps_do_not_meet_a_freed_model (void **state)
{
    (void)state;
    readers_t readers = {.slot = model_slot_new ()};
    model_t *model = tiny_load (&s_folder, "v1");
    model_slot_put (readers.slot, &model);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create (&threads[i], NULL, s_read, &readers);
    for (int i = 0; i < 20; i++) {
        model = tiny_load (&s_folder, i % 2 ? "v1" : "v2");
        model_slot_put (readers.slot, &model);
    }
    atomic_store (&readers.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join (threads[i], NULL);
    model_slot_destroy (&readers.slot);
}

static const offer_t *
s_offer_of (model_slot_t *slot, model_ref_t **ref)
{
    *ref = model_slot_acquire (slot);
    assert_non_null (*ref);
    return model_ref_offer (*ref);
}

static size_t
s_hidden_count (model_slot_t *slot)
{
    model_ref_t *ref;
    size_t count = offer_hidden_count (s_offer_of (slot, &ref));
    model_ref_release (&ref);
    return count;
}

static model_slot_change_t
s_change (bool hidden, int64_t until_ms)
{
    return (model_slot_change_t){
        {10, hidden, CATALOGUE_ALWAYS, until_ms, CATEGORIES_NO_SET}, ""};
}

static void
s_put_model (model_slot_t *slot, const char *version)
{
    model_t *model = tiny_load (&s_folder, version);
    model_slot_put (slot, &model);
}

static void
s_put_empty_catalogue (model_slot_t *slot)
{
    catalogue_t *catalogue = catalogue_new ();
    model_slot_put_catalogue (slot, &catalogue);
    assert_null (catalogue);
}

static void
test_there_is_no_model_without_the_catalogue_that_is_awaited (void **state)
{
    (void)state;
    model_slot_t *slot = model_slot_new ();
    model_slot_await_catalogue (slot);
    s_put_model (slot, "v1");
    assert_false (model_slot_has (slot));
    assert_null (model_slot_acquire (slot));
    model_ref_t *any = model_slot_acquire_any (slot);
    assert_string_equal (model_version (model_ref_model (any)), "v1");
    assert_null (model_ref_offer (any));
    model_ref_release (&any);
    s_put_empty_catalogue (slot);
    assert_true (model_slot_has (slot));
    assert_int_equal (s_hidden_count (slot), 0);
    model_slot_destroy (&slot);
}

static void
test_a_change_is_seen_by_the_next_reader_and_by_the_next_model (void **state)
{
    (void)state;
    model_slot_t *slot = model_slot_new ();
    s_put_model (slot, "v1");
    s_put_empty_catalogue (slot);
    model_ref_t *old;
    const offer_t *before = s_offer_of (slot, &old);
    model_slot_change_t change = s_change (true, CATALOGUE_NEVER);
    model_slot_change_catalogue (slot, &change, 1);
    assert_int_equal (offer_hidden_count (before), 0); /* his is immutable */
    assert_int_equal (s_hidden_count (slot), 1);
    s_put_model (slot, "v2");
    assert_int_equal (s_hidden_count (slot), 1);
    change = s_change (false, CATALOGUE_NEVER);
    model_slot_change_catalogue (slot, &change, 1);
    assert_int_equal (s_hidden_count (slot), 0);
    assert_string_equal (model_version (model_ref_model (old)), "v1");
    model_ref_release (&old);
    model_slot_destroy (&slot);
}

static void
test_an_item_goes_when_its_time_has_come_and_nobody_says_so (void **state)
{
    (void)state;
    model_slot_t *slot = model_slot_new ();
    s_put_model (slot, "v1");
    s_put_empty_catalogue (slot);
    int64_t until_ms = clock_unix_ms () + 200;
    model_slot_change_t change = s_change (false, until_ms);
    model_slot_change_catalogue (slot, &change, 1);
    while (s_hidden_count (slot) == 0)
        assert_true (clock_unix_ms () < until_ms + 5000);
    assert_true (clock_unix_ms () >= until_ms);
    model_slot_destroy (&slot);
}

static void
test_readers_and_changes_do_not_meet_a_freed_offer (void **state)
{
    (void)state;
    readers_t readers = {.slot = model_slot_new ()};
    s_put_model (readers.slot, "v1");
    s_put_empty_catalogue (readers.slot);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create (&threads[i], NULL, s_read, &readers);
    for (int i = 0; i < 2000; i++) {
        model_slot_change_t change = s_change (i % 2, clock_unix_ms () + i % 3);
        model_slot_change_catalogue (readers.slot, &change, 1);
    }
    atomic_store (&readers.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join (threads[i], NULL);
    model_slot_destroy (&readers.slot);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_an_empty_slot_has_no_model),
        cmocka_unit_test (test_a_slot_has_what_was_put),
        cmocka_unit_test (test_a_reader_keeps_its_model_through_a_swap),
        cmocka_unit_test (test_readers_and_swaps_do_not_meet_a_freed_model),
        cmocka_unit_test (test_there_is_no_model_without_the_catalogue_that_is_awaited),
        cmocka_unit_test (
            test_a_change_is_seen_by_the_next_reader_and_by_the_next_model),
        cmocka_unit_test (test_an_item_goes_when_its_time_has_come_and_nobody_says_so),
        cmocka_unit_test (test_readers_and_changes_do_not_meet_a_freed_offer),
    };
    return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}
