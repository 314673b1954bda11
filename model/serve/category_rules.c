/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/category_rules.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

/* At most so many, and so many bytes of bits, but for a few. */
#define KEPT_MOST  64
#define KEPT_LEAST 4
#define KEPT_BYTES ((size_t)16 << 20)

typedef struct {
    strbuf_t key; /* the rule; its lists as they were given */
    uint64_t *bits;
    uint64_t used; /* when, by the number of the call; 0: never */
} kept_t;

struct category_rules {
    size_t item_count;
    size_t words;
    kept_t kept[KEPT_MOST];
    size_t kept_most;
    uint64_t offer;  /* the serial of that of what is kept; 0: none */
    strbuf_t key;    /* of the call */
    uint8_t *wanted; /* by category, of the rule in work */
    uint8_t *passes; /* by set */
    uint64_t calls;
    size_t made;
};

/* What a rule wants of a category. */
enum { WANTED_ANY = 1, WANTED_ALL = 2, WANTED_NONE = 4 };

category_rules_t *
category_rules_new (size_t item_count)
{
    category_rules_t *self = calloc (1, sizeof *self);
    assert (self);
    self->item_count = item_count;
    self->words = (item_count + 63) / 64;
    self->kept_most = KEPT_BYTES / (self->words * sizeof (uint64_t) + 1);
    self->kept_most = self->kept_most > KEPT_MOST    ? KEPT_MOST
                      : self->kept_most < KEPT_LEAST ? KEPT_LEAST
                                                     : self->kept_most;
    return self;
}

void
category_rules_destroy (category_rules_t **self_p)
{
    category_rules_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->kept_most; i++) {
        strbuf_free (&self->kept[i].key);
        free (self->kept[i].bits);
    }
    strbuf_free (&self->key);
    free (self->wanted);
    free (self->passes);
    free (self);
    *self_p = NULL;
}

/* No name is empty, so that an empty one ends a list. */
static void
s_add_key (strbuf_t *key, const category_names_t *names)
{
    for (size_t i = 0; i < names->count; i++)
        strbuf_add_bytes (key, names->names[i], strlen (names->names[i]) + 1);
    strbuf_add_bytes (key, "", 1);
}

static kept_t *
s_find_kept (category_rules_t *self)
{
    for (size_t i = 0; i < self->kept_most; i++) {
        kept_t *kept = &self->kept[i];
        if (kept->used && kept->key.length == self->key.length &&
            memcmp (kept->key.data, self->key.data, self->key.length) == 0)
            return kept;
    }
    return NULL;
}

static kept_t *
s_oldest (category_rules_t *self)
{
    kept_t *oldest = &self->kept[0];
    for (size_t i = 1; i < self->kept_most; i++)
        if (self->kept[i].used < oldest->used)
            oldest = &self->kept[i];
    return oldest;
}

/* Marks the categories of the list. Returns how many different names it has; *unknown: some
 * that no item has are among them. */
static size_t
s_want (category_rules_t *self, const category_names_t *names,
    const categories_t *categories, uint8_t wanted, bool *unknown)
{
    size_t count = 0;
    *unknown = false;
    for (size_t i = 0; i < names->count; i++) {
        int64_t category =
            categories ? categories_find (categories, names->names[i]) : -1;
        *unknown = *unknown || category < 0;
        if (category < 0 || self->wanted[category] & wanted)
            continue;
        self->wanted[category] |= wanted;
        count++;
    }
    return count;
}

static bool
s_set_passes (const category_rules_t *self, const uint32_t *members, size_t count,
    bool needs_any, size_t all)
{
    bool any = !needs_any;
    for (size_t i = 0; i < count; i++) {
        uint8_t wanted = self->wanted[members[i]];
        if (wanted & WANTED_NONE)
            return false;
        any = any || wanted & WANTED_ANY;
        all -= wanted & WANTED_ALL ? 1 : 0; /* members are distinct */
    }
    return any && all == 0;
}

/* passes, of each set. */
static void
s_judge_sets (
    category_rules_t *self, const category_rule_t *rule, const categories_t *categories)
{
    size_t sets = categories ? categories_set_count (categories) : 1;
    size_t names = categories ? categories_count (categories) : 0;
    bool unknown, impossible;
    self->wanted = realloc (self->wanted, names + 1);
    self->passes = realloc (self->passes, sets);
    assert (self->wanted && self->passes);
    memset (self->wanted, 0, names + 1);
    s_want (self, &rule->any, categories, WANTED_ANY, &unknown);
    s_want (self, &rule->none, categories, WANTED_NONE, &unknown);
    size_t all = s_want (self, &rule->all, categories, WANTED_ALL, &impossible);
    for (size_t set = 0; set < sets; set++) {
        size_t count = 0;
        const uint32_t *members =
            categories ? categories_set (categories, (uint32_t)set, &count) : NULL;
        self->passes[set] = !impossible && s_set_passes (self, members, count,
                                               rule->any.count > 0, all);
    }
}

/* sets: of each item; NULL: the empty one. */
static void
s_fill (const category_rules_t *self, const uint32_t *sets, uint64_t *bits)
{
    for (size_t word = 0; word < self->words; word++) {
        size_t first = word * 64, left = self->item_count - first;
        uint64_t filled = 0;
        for (size_t i = 0; i < (left < 64 ? left : 64); i++)
            filled |= (uint64_t)self->passes[sets ? sets[first + i] : 0] << i;
        bits[word] = filled;
    }
}

static void
s_make (category_rules_t *self, const category_rule_t *rule, const offer_t *offer,
    kept_t *kept)
{
    if (!kept->bits)
        kept->bits = calloc (self->words, sizeof *kept->bits);
    assert (kept->bits);
    s_judge_sets (self, rule, offer ? offer_categories (offer) : NULL);
    s_fill (self, offer ? offer_sets (offer) : NULL, kept->bits);
    strbuf_clear (&kept->key);
    strbuf_add_bytes (&kept->key, self->key.data, self->key.length);
    self->made++;
}

const uint64_t *
category_rules_find (
    category_rules_t *self, const category_rule_t *rule, const offer_t *offer)
{
    uint64_t serial = offer ? offer_serial (offer) : 0;
    for (size_t i = 0; i < self->kept_most && serial != self->offer; i++)
        self->kept[i].used = 0;
    self->offer = serial;
    strbuf_clear (&self->key);
    s_add_key (&self->key, &rule->any);
    s_add_key (&self->key, &rule->all);
    s_add_key (&self->key, &rule->none);
    kept_t *kept = s_find_kept (self);
    if (!kept)
        s_make (self, rule, offer, kept = s_oldest (self));
    kept->used = ++self->calls;
    return kept->bits;
}

size_t
category_rules_made (const category_rules_t *self)
{
    return self->made;
}
