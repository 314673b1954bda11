/* The life that all actors share: commands before, after and without a START.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/actor/control.h"

#include <stdatomic.h>

#include "tests/actors/actors.h"

typedef struct {
    atomic_bool fails; /* START does */
    atomic_int starts;
    atomic_int rounds;
    atomic_int quiesces;
    atomic_bool ended;
    zactor_t *actor;
} world_t;

static const char *
s_start (void *context)
{
    world_t *world = context;
    atomic_fetch_add (&world->starts, 1);
    return atomic_load (&world->fails) ? "no port is free" : NULL;
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    world_t *world = context;
    atomic_fetch_add (&world->rounds, 1);
    zmq_pollitem_t item = {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0};
    zmq_poll (&item, 1, -1);
    return item.revents != 0;
}

static void
s_quiesce (void *context)
{
    world_t *world = context;
    atomic_fetch_add (&world->quiesces, 1);
}

static void
s_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, s_quiesce};
    world_t *world = args;
    control_run (pipe, world, &life);
    atomic_store (&world->ended, true);
}

static void
s_actor_without_quiesce (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, NULL};
    control_run (pipe, args, &life);
}

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    world->actor = zactor_new (s_actor, world);
    *state = world;
    return world->actor ? 0 : -1;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    free (world);
    return 0;
}

static void
s_assert_says (zactor_t *actor, const char *word, const char *reply)
{
    char error[CONTROL_ERROR_SIZE] = "OK";
    control_ask (actor, word, LIMIT_MS, error);
    assert_string_equal (error, reply);
}

static void
test_it_serves_from_its_start_on (void **state)
{
    world_t *world = *state;
    actor_refuses_unknown (world->actor);
    assert_int_equal (atomic_load (&world->rounds), 0);
    s_assert_says (world->actor, "START", "OK");
    actor_refuses_unknown (world->actor);
    assert_true (atomic_load (&world->rounds) > 0);
}

static void
test_a_failed_start_is_told_and_may_come_again (void **state)
{
    world_t *world = *state;
    atomic_store (&world->fails, true);
    s_assert_says (world->actor, "START", "no port is free");
    actor_refuses_unknown (world->actor);
    assert_int_equal (atomic_load (&world->rounds), 0);
    atomic_store (&world->fails, false);
    s_assert_says (world->actor, "START", "OK");
}

static void
test_a_second_start_is_refused (void **state)
{
    world_t *world = *state;
    s_assert_says (world->actor, "START", "OK");
    s_assert_says (world->actor, "START", "already started");
    assert_int_equal (atomic_load (&world->starts), 1);
}

static void
test_quiesce_is_obeyed_before_and_after_the_start (void **state)
{
    world_t *world = *state;
    s_assert_says (world->actor, "QUIESCE", "OK");
    s_assert_says (world->actor, "START", "OK");
    s_assert_says (world->actor, "QUIESCE", "OK");
    assert_int_equal (atomic_load (&world->quiesces), 2);
}

static void
test_quiesce_is_unknown_to_who_does_nothing_on_it (void **state)
{
    zactor_t *actor = zactor_new (s_actor_without_quiesce, *state);
    s_assert_says (actor, "QUIESCE", "unknown command");
    zactor_destroy (&actor);
}

static void
test_it_ends_without_a_start (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    assert_true (atomic_load (&world->ended));
}

static void
test_it_ends_after_a_failed_start (void **state)
{
    world_t *world = *state;
    atomic_store (&world->fails, true);
    s_assert_says (world->actor, "START", "no port is free");
    zactor_destroy (&world->actor);
    assert_true (atomic_load (&world->ended));
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_it_serves_from_its_start_on),
        WORLD_TEST (test_a_failed_start_is_told_and_may_come_again),
        WORLD_TEST (test_a_second_start_is_refused),
        WORLD_TEST (test_quiesce_is_obeyed_before_and_after_the_start),
        WORLD_TEST (test_quiesce_is_unknown_to_who_does_nothing_on_it),
        WORLD_TEST (test_it_ends_without_a_start),
        WORLD_TEST (test_it_ends_after_a_failed_start),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
