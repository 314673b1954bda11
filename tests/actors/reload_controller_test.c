/* Tests of the reload_controller actor. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/actors.h"

#include "actors/endpoints.h"
#include "actors/reload_controller.h"
#include "base/health.h"
#include "base/metrics.h"
#include "model/kernel/forward.h"
#include "proto/reload.h"
#include "base/actor/wire.h"
#include "tests/actors/tiny_checkpoint.h"

#define RELOAD "inproc://reload-test"

typedef struct {
    tiny_folder_t folder;
    model_slot_t *slot;
    live_t *live;
    live_stream_t *stream; /* we are a browser */
    reload_controller_args_t args;
    zsock_t *reloads; /* and http */
    zactor_t *actor;
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    health_reset ();
    world->folder = tiny_folder_new ();
    world->slot = model_slot_new ();
    world->live = live_new (16);
    world->stream = live_open (world->live, 0);
    world->args = (reload_controller_args_t){.reload_endpoint = RELOAD,
        .folder = world->folder.path,
        .check_ms = 20,
        .slot = world->slot,
        .live = world->live};
    world->reloads = wire_push_new (RELOAD, ENDPOINT_RELOAD_LIMIT);
    *state = world;
    return 0;
}

static void
s_start (world_t *world)
{
    world->actor = actor_start (reload_controller_actor, &world->args);
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    zactor_destroy (&world->actor);
    live_close (&world->stream);
    live_destroy (&world->live);
    wire_destroy (&world->reloads);
    model_slot_destroy (&world->slot);
    tiny_folder_remove (&world->folder);
    free (world);
    return 0;
}

static void
s_assert_in_use (world_t *world, const char *version)
{
    model_ref_t *ref = model_slot_acquire (world->slot);
    assert_non_null (ref);
    assert_string_equal (model_version (model_ref_model (ref)), version);
    model_ref_release (&ref);
}

/* Until the actor published "model" again. */
static void
s_await_event (world_t *world, const char *version)
{
    char expected[64];
    strbuf_t text = STRBUF_EMPTY;
    assert_int_equal (live_next (world->stream, LIMIT_MS, &text), 1);
    snprintf (
        expected, sizeof expected, "event: model\ndata: {\"version\":\"%s\"", version);
    assert_non_null (strstr (text.data, expected));
    strbuf_free (&text);
    s_assert_in_use (world, version);
}

static void
s_await_health (const char *words)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    bool found = false;
    while (!found && clock_monotonic_ms () < limit_ms) {
        char *text = health_render ();
        found = strstr (text, words) != NULL;
        free (text);
        zclock_sleep (1);
    }
    assert_true (found);
}

static void
s_await_metric (const char *family, const char *labels, double value)
{
    int64_t limit_ms = clock_monotonic_ms () + LIMIT_MS;
    const metric_t *metric;
    bool found = false;
    while (!found && clock_monotonic_ms () < limit_ms) {
        metric = metrics_find (family, labels);
        found = metric && metric_value (metric) == value;
        zclock_sleep (1);
    }
    assert_true (found);
}

/* Asks for a look, as POST /models/reload does. */
static ticket_status_t
s_ask (world_t *world, char reason[200])
{
    reload_t *reload = reload_new ();
    ticket_t *ticket = ticket_new ();
    reload->ticket = ticket_retain (ticket);
    assert_int_equal (reload_send (&reload, world->reloads), 0);
    ticket_status_t status = ticket_outcome (ticket);
    snprintf (reason, 200, "%s", ticket_reason (ticket));
    ticket_release (&ticket);
    return status;
}

static double
s_rejected (void)
{
    return metric_value (
        metrics_counter ("sasrec_model_reloads_total", "", "outcome=\"rejected\""));
}

static void
test_the_published_version_is_loaded_at_the_start (void **state)
{
    world_t *world = *state;
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_start (world);
    s_await_event (world, "v1");
    s_await_health ("[+]model ok");
    assert_true (metric_value (metrics_gauge (
                     "sasrec_model_loaded_timestamp_seconds", "", "")) > 1.6e9);
}

static void
test_without_a_model_it_is_unready_and_says_what_to_do (void **state)
{
    world_t *world = *state;
    s_start (world);
    s_await_health ("run 'sasrec train'");
    assert_null (model_slot_acquire (world->slot));
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_await_event (world, "v1"); /* found without being asked */
}

static void
test_a_new_version_replaces_the_old_one (void **state)
{
    world_t *world = *state;
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_start (world);
    s_await_event (world, "v1");
    tiny_write (&world->folder, "v2", 16);
    tiny_publish (&world->folder, "v2");
    s_await_event (world, "v2");
    s_await_metric ("sasrec_model_info", "model_version=\"v2\"", 1);
    assert_null (metrics_find ("sasrec_model_info", "model_version=\"v1\""));
}

static void
test_the_encoder_is_in_f32_unless_bf16_is_asked_for (void **state)
{
    world_t *world = *state;
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_start (world);
    s_await_event (world, "v1");
    s_await_health ("[+]model ok: v1\n");
    s_await_metric ("sasrec_model_encoder_bf16", "", 0);
}

/* Where the machine has no kernel for it that is faster, a model is served in f32 all the same. */
static void
test_the_encoder_is_in_bf16_when_it_is_asked_for (void **state)
{
    world_t *world = *state;
    bool possible = forward_bf16_best () != NULL;
    world->args.bf16 = true;
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_start (world);
    s_await_event (world, "v1");
    s_await_health (possible ? "v1, its encoder in bf16" : "[+]model ok: v1\n");
    s_await_metric ("sasrec_model_encoder_bf16", "", possible);
}

static void
test_a_damaged_file_is_refused_once_and_the_old_model_stays (void **state)
{
    world_t *world = *state;
    char reason[200];
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_start (world);
    s_await_event (world, "v1");
    double before = s_rejected ();
    tiny_write (&world->folder, "v2", 8);
    tiny_damage (&world->folder, "v2");
    tiny_publish (&world->folder, "v2");
    s_await_health ("v1 stays in use: v2 refused");
    assert_true (health_ready (NULL, 0));
    zclock_sleep (5 * world->args.check_ms); /* several looks: it must not try again */
    assert_true (s_rejected () == before + 1);
    s_assert_in_use (world, "v1");
    assert_int_equal (s_ask (world, reason), TICKET_FAILED);
    assert_non_null (strstr (reason, "v2 refused"));
    assert_true (s_rejected () == before + 2); /* asked: tried */
}

static void
test_a_repaired_file_is_tried_again (void **state)
{
    world_t *world = *state;
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_start (world);
    s_await_event (world, "v1");
    tiny_write (&world->folder, "v2", 8);
    tiny_damage (&world->folder, "v2");
    tiny_publish (&world->folder, "v2");
    s_await_health ("v2 refused");
    s_await_metric ("sasrec_model_refused", "", 1);
    tiny_damage (&world->folder, "v2"); /* the same bit again: whole */
    s_await_event (world, "v2");
    s_await_health ("[+]model ok");
    s_await_metric ("sasrec_model_refused", "", 0);
}

static void
test_a_file_under_another_name_than_its_own_is_refused (void **state)
{
    world_t *world = *state;
    char from[CHECKPOINT_PATH_SIZE], to[CHECKPOINT_PATH_SIZE];
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_start (world);
    s_await_event (world, "v1");
    tiny_write (&world->folder, "v2", 8);
    checkpoint_path (world->folder.path, "v2", from);
    checkpoint_path (world->folder.path, "v3", to);
    assert_int_equal (rename (from, to), 0);
    tiny_publish (&world->folder, "v3");
    s_await_health ("v1 stays in use: v3 refused: the file holds version v2");
    s_assert_in_use (world, "v1");
}

static void
test_a_bad_current_at_the_start_falls_back_to_an_earlier_version (void **state)
{
    world_t *world = *state;
    tiny_write (&world->folder, "v1", 8);
    tiny_write (&world->folder, "v2", 8);
    tiny_damage (&world->folder, "v2");
    tiny_publish (&world->folder, "v2");
    s_start (world);
    s_await_event (world, "v1");
    s_await_health ("v1 stays in use: v2 refused");
    assert_true (health_ready (NULL, 0));
}

static void
test_a_wish_is_answered_with_the_version_in_use (void **state)
{
    world_t *world = *state;
    char reason[200];
    world->args.check_ms = 60000;
    tiny_write (&world->folder, "v1", 8);
    tiny_publish (&world->folder, "v1");
    s_start (world);
    s_await_event (world, "v1");
    tiny_write (&world->folder, "v2", 8);
    tiny_publish (&world->folder, "v2");
    assert_int_equal (s_ask (world, reason), TICKET_DONE);
    assert_string_equal (reason, "v2");
    s_await_event (world, "v2");
}

static void
test_a_wish_without_any_model_fails_with_the_reason (void **state)
{
    world_t *world = *state;
    char reason[200];
    s_start (world);
    assert_int_equal (s_ask (world, reason), TICKET_FAILED);
    assert_non_null (strstr (reason, "sasrec train"));
}

static void
test_unknown_commands_are_answered (void **state)
{
    world_t *world = *state;
    s_start (world);
    actor_refuses_unknown (world->actor);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown (name, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_the_published_version_is_loaded_at_the_start),
        WORLD_TEST (test_without_a_model_it_is_unready_and_says_what_to_do),
        WORLD_TEST (test_a_new_version_replaces_the_old_one),
        WORLD_TEST (test_the_encoder_is_in_f32_unless_bf16_is_asked_for),
        WORLD_TEST (test_the_encoder_is_in_bf16_when_it_is_asked_for),
        WORLD_TEST (test_a_damaged_file_is_refused_once_and_the_old_model_stays),
        WORLD_TEST (test_a_repaired_file_is_tried_again),
        WORLD_TEST (test_a_file_under_another_name_than_its_own_is_refused),
        WORLD_TEST (test_a_bad_current_at_the_start_falls_back_to_an_earlier_version),
        WORLD_TEST (test_a_wish_is_answered_with_the_version_in_use),
        WORLD_TEST (test_a_wish_without_any_model_fails_with_the_reason),
        WORLD_TEST (test_unknown_commands_are_answered),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
