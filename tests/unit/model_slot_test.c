/* Tests of actors/model_slot. SPDX-License-Identifier: Apache-2.0 */
#include "actors/model_slot.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_an_empty_slot_has_no_model),
        cmocka_unit_test (test_a_slot_has_what_was_put),
        cmocka_unit_test (test_a_reader_keeps_its_model_through_a_swap),
        cmocka_unit_test (test_readers_and_swaps_do_not_meet_a_freed_model),
    };
    return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}
