/* Tests of the catalogue_publisher actor, against a real PostgreSQL; the test is the bridge,
 * and the topic. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/postgres.h"

#include <stdatomic.h>

#include "actors/catalogue_publisher.h"
#include "actors/endpoints.h"
#include "base/actor/wire.h"
#include "proto/fact.h"

#define HEARD "inproc://catalogue-publisher-heard"
#define FACTS "inproc://catalogue-publisher-facts"

typedef struct {
    store_fixture_t *store;
    listener_until_t until;
    catalogue_publisher_args_t args;
    zactor_t *actor;
    zsock_t *heard;
    zsock_t *facts;
    int64_t offset; /* of the next message in the topic */
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    void *store;
    store_set_up (&store);
    world->store = store;
    world->args = (catalogue_publisher_args_t){
        HEARD, FACTS, world->store->conninfo, 2000, &world->until, 200, 100};
    world->facts = wire_pull_new (FACTS, ENDPOINT_FACTS_LIMIT);
    store_do (world->store, "INSERT INTO items (item_id, hidden) VALUES (10, true)");
    world->actor = actor_start (catalogue_publisher_actor, &world->args);
    world->heard = wire_push_new (HEARD, ENDPOINT_FACTS_LIMIT);
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *store = world->store;
    fact_message_t *message;
    zactor_destroy (&world->actor);
    while ((message = fact_message_recv (world->facts)))
        fact_message_destroy (&message);
    wire_destroy (&world->heard);
    wire_destroy (&world->facts);
    store_tear_down (&store);
    free (world);
    return 0;
}

static void
s_hear (world_t *world, fact_message_t **message_p)
{
    (*message_p)->offset = world->offset++;
    assert_int_equal (fact_message_send (message_p, world->heard), 0);
}

/* The next that is published but "alive"; it is heard, unless it is lost. */
static void
s_expect (world_t *world, bool lost, const char *expected)
{
    strbuf_t text = STRBUF_EMPTY;
    fact_message_t *message;
    bool alive = true;
    while (alive) {
        assert_true (arrives (world->facts, LIMIT_MS));
        message = fact_message_recv (world->facts);
        strbuf_clear (&text);
        fact_message_to_json (message, &text);
        alive = !message->about_item && !message->complete;
        if (lost)
            fact_message_destroy (&message);
        else
            s_hear (world, &message);
    }
    assert_string_equal (text.data, expected);
    strbuf_free (&text);
}

#define HIDDEN   "{\"item_id\":10,\"hidden\":true}"
#define COMPLETE "{\"complete\":true}"

static void
test_what_the_topic_lacks_is_published_and_then_that_it_is_complete (void **state)
{
    world_t *world = *state;
    s_expect (world, false, HIDDEN);
    s_expect (world, false, COMPLETE);
    store_do (world->store, "UPDATE items SET hidden = false");
    s_expect (world, false, "{\"item_id\":10}");
    store_do (world->store, "DELETE FROM items");
    s_expect (world, false, HIDDEN);
}

static void
test_what_the_topic_says_is_not_published_again (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    fact_message_t *message;
    while ((message = fact_message_recv (world->facts)))
        fact_message_destroy (&message);
    atomic_store (&world->until, 2);
    world->actor = actor_start (catalogue_publisher_actor, &world->args);
    wire_destroy (&world->heard); /* it was the other's */
    world->heard = wire_push_new (HEARD, ENDPOINT_FACTS_LIMIT);
    const fact_t fact = {10, true, FACT_ALWAYS, FACT_NEVER, ""};
    message = fact_message_new (&fact);
    assert_false (arrives (world->facts, 700)); /* it has not heard all */
    s_hear (world, &message);
    message = fact_message_new_complete (false);
    s_hear (world, &message);
    s_expect (world, false, COMPLETE);
}

static void
test_what_was_lost_comes_again (void **state)
{
    world_t *world = *state;
    s_expect (world, true, HIDDEN);
    s_expect (world, false, HIDDEN);
    s_expect (world, true, COMPLETE);
    s_expect (world, false, COMPLETE);
}

/* In the topic, it may be, and only not to be heard yet. */
static void
test_what_nobody_hears_comes_again_ever_more_rarely (void **state)
{
    world_t *world = *state;
    s_expect (world, true, HIDDEN);
    int64_t start_ms = clock_monotonic_ms ();
    for (int i = 0; i < 4; i++)
        s_expect (world, true, HIDDEN);
    assert_true (clock_monotonic_ms () - start_ms >= (1 + 2 + 4 + 8) * 100); /* 200 */
    s_expect (world, false, HIDDEN);
    s_expect (world, false, COMPLETE);
}

/* The broker took the message long after we had something else to say, or a stranger wrote
 * it, or what there was of the item cannot be read. */
static void
test_what_the_topic_says_otherwise_is_contradicted (void **state)
{
    world_t *world = *state;
    s_expect (world, false, HIDDEN);
    s_expect (world, false, COMPLETE);
    zclock_sleep (300); /* the walk that sees that it was heard */
    const fact_t shown = {10, false, FACT_ALWAYS, FACT_NEVER, ""};
    fact_message_t *messages[] = {
        fact_message_new (&shown), fact_message_new_unreadable ("10", 2)};
    for (int i = 0; i < 2; i++) {
        s_hear (world, &messages[i]);
        s_expect (world, false, HIDDEN);
    }
}

static void
test_what_cannot_be_read_counts_as_heard (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    fact_message_t *message;
    while ((message = fact_message_recv (world->facts)))
        fact_message_destroy (&message);
    atomic_store (&world->until, 1);
    world->actor = actor_start (catalogue_publisher_actor, &world->args);
    wire_destroy (&world->heard); /* it was the other's */
    world->heard = wire_push_new (HEARD, ENDPOINT_FACTS_LIMIT);
    message = fact_message_new_unreadable ("what", 4);
    s_hear (world, &message);
    s_expect (world, false, HIDDEN);
}

static void
test_a_topic_that_begins_afresh_is_filled_again (void **state)
{
    world_t *world = *state;
    s_expect (world, false, HIDDEN);
    s_expect (world, false, COMPLETE);
    world->offset = 0;
    fact_message_t *alive = fact_message_new_complete (false);
    s_hear (world, &alive);
    s_expect (world, false, HIDDEN);
    s_expect (world, false, COMPLETE);
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
        WORLD_TEST (
            test_what_the_topic_lacks_is_published_and_then_that_it_is_complete),
        WORLD_TEST (test_what_the_topic_says_is_not_published_again),
        WORLD_TEST (test_what_was_lost_comes_again),
        WORLD_TEST (test_what_nobody_hears_comes_again_ever_more_rarely),
        WORLD_TEST (test_what_the_topic_says_otherwise_is_contradicted),
        WORLD_TEST (test_what_cannot_be_read_counts_as_heard),
        WORLD_TEST (test_a_topic_that_begins_afresh_is_filled_again),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
