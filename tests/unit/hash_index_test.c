/* base/hash_index against a plain search. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/hash_index.h"
#include "base/rng.h"

#define KEYS 300

/* position -> key; which of them are in the index */
typedef struct {
    int64_t keys[KEYS];
    bool in[KEYS];
    unsigned hash_bits; /* few: nearly all collide */
    hash_index_t index;
} world_t;

static bool
s_same (const void *owner, uint32_t position, const void *key)
{
    const world_t *self = owner;
    assert_true (self->in[position]);
    return self->keys[position] == *(const int64_t *)key;
}

static uint64_t
s_hash (const world_t *self, uint32_t position)
{
    return (uint64_t)self->keys[position] & ((UINT64_C (1) << self->hash_bits) - 1);
}

static void
s_assert_all_found (const world_t *self)
{
    size_t count = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t at = hash_index_find (
            &self->index, s_hash (self, i), s_same, self, &self->keys[i]);
        assert_int_equal (at, self->in[i] ? i : HASH_INDEX_NONE);
        count += self->in[i];
    }
    assert_int_equal (self->index.count, count);
}

static void
s_turn (world_t *self, uint32_t position)
{
    self->in[position] = !self->in[position];
    if (self->in[position])
        hash_index_add (&self->index, s_hash (self, position), position);
    else
        hash_index_remove (&self->index, s_hash (self, position), position);
}

static void
s_test_turns (unsigned hash_bits)
{
    world_t world = {.hash_bits = hash_bits};
    rng_t rng;
    rng_seed (&rng, hash_bits, 0);
    for (uint32_t i = 0; i < KEYS; i++)
        world.keys[i] = (int64_t)i * 7919;
    hash_index_init (&world.index, 0);
    for (int turn = 0; turn < 3000; turn++) {
        s_turn (&world, (uint32_t)rng_below (&rng, KEYS));
        s_assert_all_found (&world);
    }
    hash_index_free (&world.index);
}

static void
test_what_was_added_and_not_removed_is_found (void **state)
{
    (void)state;
    s_test_turns (32);
}

static void
test_colliding_hashes_are_told_apart (void **state)
{
    (void)state;
    s_test_turns (0);
    s_test_turns (2);
}

static void
test_hash_of_parts_is_the_hash_of_the_whole (void **state)
{
    (void)state;
    assert_true (hash_bytes (HASH_START, "", 0) == HASH_START);
    assert_true (
        hash_bytes (HASH_START, "a", 1) == 0xaf63dc4c8601ec8cu); /* published */
    assert_true (hash_bytes (hash_bytes (HASH_START, "foo", 3), "bar", 3) ==
                 0x85944171f73967e8u);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_what_was_added_and_not_removed_is_found),
        cmocka_unit_test (test_colliding_hashes_are_told_apart),
        cmocka_unit_test (test_hash_of_parts_is_the_hash_of_the_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
