/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/eligible.h"

#include <string.h>

#include "model/kernel/simd.h"

SIMD_CLONES static size_t
s_count (const uint64_t *bits, size_t words)
{
    size_t count = 0;
    for (size_t i = 0; i < words; i++)
        count += (size_t)__builtin_popcountll (bits[i]);
    return count;
}

static uint64_t
s_bit (size_t item)
{
    return (uint64_t)1 << item % 64;
}

static bool
s_has (const uint64_t *bits, size_t item)
{
    return bits[item / 64] & s_bit (item);
}

/* Of those that were left. */
static void
s_take (eligible_t *self, size_t item)
{
    self->left -= s_has (self->bits, item);
    self->bits[item / 64] &= ~s_bit (item);
}

void
eligible_start (eligible_t *self)
{
    bool all = !self->rules->only_seen;
    self->words = (self->item_count + 63) / 64;
    memset (self->bits, all ? 0xFF : 0, self->words * sizeof *self->bits);
    if (all && self->item_count % 64)
        self->bits[self->words - 1] = s_bit (self->item_count) - 1;
    self->left = all ? self->item_count : 0;
    memset (self->removed, 0, sizeof self->removed);
}

void
eligible_see (eligible_t *self, size_t item)
{
    if (self->rules->only_seen) {
        self->left += !s_has (self->bits, item);
        self->bits[item / 64] |= s_bit (item);
    } else if (!self->rules->include_seen)
        s_take (self, item);
}

static void
s_exclude (eligible_t *self, eligible_find_fn *find, const void *context)
{
    for (size_t i = 0; i < self->rules->exclude_count; i++) {
        int32_t item = find (context, self->rules->exclude[i]);
        if (item >= 0)
            s_take (self, (size_t)item);
    }
}

static void
s_allow (eligible_t *self, eligible_find_fn *find, const void *context)
{
    if (!self->rules->only_allowed)
        return;
    memset (self->spare, 0, self->words * sizeof *self->spare);
    for (size_t i = 0; i < self->rules->allow_count; i++) {
        int32_t item = find (context, self->rules->allow[i]);
        if (item >= 0)
            self->spare[item / 64] |= s_bit ((size_t)item);
    }
    for (size_t i = 0; i < self->words; i++)
        self->bits[i] &= self->spare[i];
    self->left = s_count (self->bits, self->words);
}

static void
s_categories (eligible_t *self, eligible_find_fn *find, const void *context)
{
    (void)find;
    (void)context;
    for (size_t i = 0; self->in_categories && i < self->words; i++)
        self->bits[i] &= self->in_categories[i];
    if (self->in_categories)
        self->left = s_count (self->bits, self->words);
}

static void
s_hidden (eligible_t *self, eligible_find_fn *find, const void *context)
{
    (void)find;
    (void)context;
    bool leaves_out = self->hidden && !self->rules->include_hidden;
    for (size_t i = 0; leaves_out && i < self->words; i++)
        self->bits[i] &= ~self->hidden[i];
    if (leaves_out)
        self->left = s_count (self->bits, self->words);
}

/* Each leaves as it is what it does not speak of. What was seen is told before. */
static void (*const s_rules[RULE_COUNT]) (
    eligible_t *self, eligible_find_fn *find, const void *context) = {
    [RULE_EXCLUDE] = s_exclude,
    [RULE_ALLOW] = s_allow,
    [RULE_CATEGORIES] = s_categories,
    [RULE_HIDDEN] = s_hidden,
};

void
eligible_apply (eligible_t *self, eligible_find_fn *find, const void *context)
{
    self->removed[RULE_SEEN] = self->item_count - self->left;
    for (size_t rule = 0; rule < RULE_COUNT; rule++) {
        size_t before = self->left;
        if (!s_rules[rule])
            continue;
        s_rules[rule](self, find, context);
        self->removed[rule] = before - self->left;
    }
}

bool
eligible_asks_categories (const category_rule_t *rule)
{
    return rule->any.count + rule->all.count + rule->none.count > 0;
}

bool
eligible_chosen (const eligible_rules_t *rules)
{
    return rules->only_seen || rules->only_allowed || rules->categories.any.count > 0 ||
           rules->categories.all.count > 0;
}
