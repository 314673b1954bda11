/* Tests of the catalogue_reader actor: the test is the bridge. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/actors.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "actors/catalogue_reader.h"
#include "actors/endpoints.h"
#include "base/actor/wire.h"
#include "base/health.h"
#include "proto/fact.h"
#include "tests/actors/tiny_checkpoint.h"

#define HEARD "inproc://catalogue-reader-test"

typedef struct {
    tiny_folder_t folder;
    listener_until_t until;
    catalogue_reader_args_t args;
    zactor_t *actor;
    zsock_t *heard;
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    health_reset ();
    world->folder = tiny_folder_new ();
    tiny_write (&world->folder, "v1", 8);
    world->until = -1;
    world->args = (catalogue_reader_args_t){HEARD, &world->until, model_slot_new ()};
    model_slot_await_catalogue (world->args.slot);
    model_t *model = tiny_load (&world->folder, "v1");
    model_slot_put (world->args.slot, &model);
    world->actor = actor_start (catalogue_reader_actor, &world->args);
    world->heard = wire_push_new (HEARD, ENDPOINT_FACTS_LIMIT);
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    wire_destroy (&world->heard);
    model_slot_destroy (&world->args.slot);
    tiny_folder_remove (&world->folder);
    free (world);
    return 0;
}

static void
s_send (world_t *world, fact_message_t *message, int64_t offset)
{
    message->offset = offset;
    assert_int_equal (fact_message_send (&message, world->heard), 0);
}

static void
s_tell (world_t *world, int64_t offset, int64_t item_id, bool hidden)
{
    const fact_t fact = {item_id, hidden, FACT_ALWAYS, FACT_NEVER, ""};
    s_send (world, fact_message_new (&fact), offset);
}

/* -1 while nothing is known. */
static int
s_hidden_count (world_t *world)
{
    model_ref_t *ref = model_slot_acquire (world->args.slot);
    int count = ref ? (int)offer_hidden_count (model_ref_offer (ref)) : -1;
    model_ref_release (&ref);
    return count;
}

static void
s_await (world_t *world, int count)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    while (s_hidden_count (world) != count && clock_monotonic_ms () < limit_ms)
        zclock_sleep (5);
    assert_int_equal (s_hidden_count (world), count);
}

static void
test_nothing_is_known_before_all_that_was_there_is_heard (void **state)
{
    world_t *world = *state;
    s_tell (world, 3, 10, true);
    s_send (world, fact_message_new_complete (true), 4);
    atomic_store (&world->until, 8);
    s_tell (world, 5, 20, true);
    zclock_sleep (600); /* it looks */
    assert_int_equal (s_hidden_count (world), -1);
    assert_false (health_ok (health_check ("catalogue", true)));
    s_tell (world, 7, 20, false);
    s_await (world, 1);
    assert_true (health_ok (health_check ("catalogue", true)));
}

static void
test_an_empty_topic_is_waited_for_until_it_is_complete (void **state)
{
    world_t *world = *state;
    atomic_store (&world->until, 0);
    s_send (world, fact_message_new_complete (false), 0);
    zclock_sleep (600);
    assert_int_equal (s_hidden_count (world), -1);
    s_tell (world, 1, 10, true);
    s_send (world, fact_message_new_complete (true), 2);
    s_await (world, 1);
}

/* It neither hides nor shows an item, and is waited for all the same. */
static void
test_what_cannot_be_read_is_passed_over (void **state)
{
    world_t *world = *state;
    s_tell (world, 0, 10, true);
    s_send (world, fact_message_new_complete (true), 1);
    s_send (world, fact_message_new_unreadable ("10", 2), 2);
    atomic_store (&world->until, 4);
    zclock_sleep (600); /* it looks */
    assert_int_equal (s_hidden_count (world), -1);
    s_send (world, fact_message_new_unreadable (NULL, 0), 3);
    s_await (world, 1);
    s_send (world, fact_message_new_unreadable ("10", 2), 4);
    s_tell (world, 5, 20, true);
    s_await (world, 2);
}

static void
test_changes_are_taken_up (void **state)
{
    world_t *world = *state;
    atomic_store (&world->until, 0);
    s_send (world, fact_message_new_complete (true), 0);
    s_await (world, 0);
    s_tell (world, 1, 10, true);
    s_tell (world, 2, 20, true);
    s_await (world, 2);
    s_tell (world, 3, 10, false);
    s_await (world, 1);
}

/* What was complete of the one that is lost says nothing of this one. */
static void
test_a_topic_that_begins_afresh_is_to_be_complete_again (void **state)
{
    world_t *world = *state;
    atomic_store (&world->until, 100);
    s_send (world, fact_message_new_complete (true), 50);
    s_tell (world, 0, 10, true);
    zclock_sleep (600);
    assert_int_equal (s_hidden_count (world), -1);
    s_send (world, fact_message_new_complete (true), 1);
    s_await (world, 1);
}

static void
test_unknown_commands_are_answered (void **state)
{
    actor_refuses_unknown (((world_t *)*state)->actor);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_nothing_is_known_before_all_that_was_there_is_heard),
        WORLD_TEST (test_an_empty_topic_is_waited_for_until_it_is_complete),
        WORLD_TEST (test_what_cannot_be_read_is_passed_over),
        WORLD_TEST (test_changes_are_taken_up),
        WORLD_TEST (test_a_topic_that_begins_afresh_is_to_be_complete_again),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
