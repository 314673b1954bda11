/* Tests of demo/simulate. SPDX-License-Identifier: Apache-2.0 */
#include "demo/simulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/data/dataset.h"
#include "model/eval/floors.h"

#define USERS  100
#define ITEMS  500
#define NOW_US 1772267400000000

typedef struct {
    size_t users[USERS * SIMULATE_LENGTH_MOST]; /* of each interaction */
    size_t items[USERS * SIMULATE_LENGTH_MOST];
    int64_t times[USERS * SIMULATE_LENGTH_MOST];
    size_t count;
} s_log_t;

static int
s_record (void *context, size_t user, size_t item, int64_t created_at_us)
{
    s_log_t *log = context;
    assert_true (log->count < USERS * SIMULATE_LENGTH_MOST);
    log->users[log->count] = user;
    log->items[log->count] = item;
    log->times[log->count++] = created_at_us;
    return 0;
}

static s_log_t *
s_simulate (size_t users, size_t items, uint64_t seed)
{
    s_log_t *log = calloc (1, sizeof *log);
    assert_non_null (log);
    catalog_t *catalog = catalog_new (items, seed);
    assert_int_equal (simulate_users (catalog, users, seed, NOW_US, s_record, log), 0);
    catalog_destroy (&catalog);
    return log;
}

static void
test_users_have_20_to_60_interactions_in_order (void **state)
{
    (void)state;
    s_log_t *log = s_simulate (USERS, ITEMS, 1);
    size_t from = 0;
    for (size_t user = 1; user <= USERS; user++) {
        size_t end = from;
        while (end < log->count && log->users[end] == user)
            end++;
        assert_in_range (end - from, SIMULATE_LENGTH_LEAST, SIMULATE_LENGTH_MOST);
        for (size_t i = from + 1; i < end; i++)
            assert_true (log->times[i] >= log->times[i - 1]);
        assert_true (log->times[end - 1] <= NOW_US);
        assert_true (log->times[from] > NOW_US - (int64_t)200 * 86400 * 1000000);
        from = end;
    }
    assert_int_equal (from, log->count);
    free (log);
}

static void
test_nobody_reads_an_item_twice (void **state)
{
    (void)state;
    s_log_t *log = s_simulate (USERS, ITEMS, 2);
    for (size_t i = 0; i < log->count; i++) {
        assert_true (log->items[i] < ITEMS);
        for (size_t j = i; j-- > 0 && log->users[j] == log->users[i];)
            assert_int_not_equal (log->items[i], log->items[j]);
    }
    free (log);
}

static void
test_every_item_is_read (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        s_log_t *log = s_simulate (USERS, ITEMS, seed);
        bool known[ITEMS] = {false};
        size_t count = 0;
        for (size_t i = 0; i < log->count; i++) {
            count += !known[log->items[i]];
            known[log->items[i]] = true;
        }
        assert_int_equal (count, ITEMS);
        free (log);
    }
}

static void
test_same_seed_same_interactions (void **state)
{
    (void)state;
    s_log_t *one = s_simulate (USERS, ITEMS, 5);
    s_log_t *two = s_simulate (USERS, ITEMS, 5);
    s_log_t *other = s_simulate (USERS, ITEMS, 6);
    assert_memory_equal (one, two, sizeof *one);
    assert_memory_not_equal (one, other, sizeof *one);
    free (one);
    free (two);
    free (other);
}

static void
test_a_small_catalog_gives_shorter_histories (void **state)
{
    (void)state;
    s_log_t *log = s_simulate (20, CATALOG_ITEM_LEAST, 1);
    assert_int_equal (log->count, 20 * (CATALOG_ITEM_LEAST * 2 / 3));
    free (log);
}

static int
s_stop (void *context, size_t user, size_t item, int64_t created_at_us)
{
    (void)user, (void)item, (void)created_at_us;
    return ++*(int *)context == 3 ? -7 : 0;
}

static void
test_stops_when_the_receiver_does (void **state)
{
    (void)state;
    catalog_t *catalog = catalog_new (ITEMS, 1);
    int calls = 0;
    assert_int_equal (simulate_users (catalog, USERS, 1, NOW_US, s_stop, &calls), -7);
    assert_int_equal (calls, 3);
    catalog_destroy (&catalog);
}

/* How often the series of an item is that of the item `back` steps before it. */
static double
s_same_series (const s_log_t *log, const catalog_t *catalog, size_t back)
{
    size_t same = 0;
    size_t all = 0;
    for (size_t i = back; i < log->count; i++) {
        if (log->users[i] != log->users[i - back])
            continue;
        all++;
        same += catalog_series (catalog, log->items[i]) ==
                catalog_series (catalog, log->items[i - back]);
    }
    return (double)same / (double)all;
}

static void
test_the_item_before_the_last_says_more_than_the_last (void **state)
{
    (void)state;
    catalog_t *catalog = catalog_new (ITEMS, 1);
    s_log_t *log = s_simulate (USERS, ITEMS, 1);
    assert_true (
        s_same_series (log, catalog, 2) > 1.5 * s_same_series (log, catalog, 1));
    free (log);
    catalog_destroy (&catalog);
}

static dataset_t *
s_dataset (const s_log_t *log)
{
    dataset_builder_t *builder = dataset_builder_new ();
    for (size_t i = 0; i < log->count; i++) {
        char user_id[32];
        snprintf (user_id, sizeof user_id, "user_%zu", log->users[i]);
        dataset_builder_add (builder, user_id, (int64_t)log->items[i] + 1);
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

/* Room for a model to be better: floors well below one half, and a long tail. */
static void
test_floors_are_low (void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        s_log_t *log = s_simulate (USERS, ITEMS, seed);
        dataset_t *data = s_dataset (log);
        floors_t floors;
        evaluator_task_t task = {.split = RANKING_TEST, .step = 1};
        floors_measure (data, &task, &floors, NULL);
        print_message ("seed %d: HR@10 popularity %.2f, Markov %.2f\n", (int)seed,
            floors.popularity.hr10, floors.markov.hr10);
        assert_true (floors.popularity.hr10 < 0.15);
        assert_true (floors.markov.hr10 < 0.30);
        assert_true (
            data->item_counts[0] > 3 * data->item_counts[data->item_count / 2]);
        dataset_destroy (&data);
        free (log);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_users_have_20_to_60_interactions_in_order),
        cmocka_unit_test (test_nobody_reads_an_item_twice),
        cmocka_unit_test (test_every_item_is_read),
        cmocka_unit_test (test_same_seed_same_interactions),
        cmocka_unit_test (test_a_small_catalog_gives_shorter_histories),
        cmocka_unit_test (test_stops_when_the_receiver_does),
        cmocka_unit_test (test_the_item_before_the_last_says_more_than_the_last),
        cmocka_unit_test (test_floors_are_low),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
