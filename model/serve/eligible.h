/* Which items a query's rules leave: one bit for each. A rule is a function and a row of
 * the table in eligible.c; they are applied in the order of rule_t, and an item counts for
 * the first one that removes it, so that the items that are left and those that were removed
 * are all there are. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_ELIGIBLE_H
#define SASREC_MODEL_SERVE_ELIGIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    RULE_SEEN,
    RULE_EXCLUDE,
    RULE_ALLOW,
    RULE_CATEGORIES,
    RULE_HIDDEN,
    RULE_MIN_SCORE, /* after the scan (model.h) */
    RULE_COUNT
} rule_t;

typedef struct {
    const char *const *names; /* none is empty */
    size_t count;
} category_names_t;

/* Of an item's categories at least one is among any (unless that is empty), all of all, and
 * no one of none. A name that no item has is no error. */
typedef struct {
    category_names_t any, all, none;
} category_rule_t;

/* Which items may be recommended; those that the model does not know count for nothing. Items
 * in lists are whatever eligible_find_fn finds. */
typedef struct {
    bool include_seen; /* else no item of the history is */
    bool only_seen; /* nothing but items of the history is; include_seen is moot then */
    const int64_t *exclude; /* items: these are not */
    size_t exclude_count;
    const int64_t *allow; /* items; with only_allowed: no others are */
    size_t allow_count;
    bool only_allowed;
    category_rule_t categories;
    bool include_hidden; /* items that are not on offer may be, too */
} eligible_rules_t;

/* The items of one query. */
typedef struct {
    const eligible_rules_t *rules;
    uint64_t *bits;  /* words; none behind the last item */
    uint64_t *spare; /* words, of anything */
    size_t words;    /* of 64 items each */
    size_t item_count;
    const uint64_t *in_categories; /* those that the rule about categories leaves; NULL:
                                      there is none */
    const uint64_t *hidden;        /* those that are not on offer; NULL: none */
    size_t left;                   /* bits that are set */
    size_t removed[RULE_COUNT];    /* items */
} eligible_t;

/* The dense index of an item of the rules' lists, -1: unknown. */
typedef int32_t (eligible_find_fn) (const void *context, int64_t item);

/* Starts with rules, bits, spare (with room) and item_count, and in_categories and hidden where
 * there are such. Then the history is
 * told, item by item, and then the other rules are applied. */
void eligible_start (eligible_t *self);
void eligible_see (eligible_t *self, size_t item); /* of the history, once or more */
void eligible_apply (eligible_t *self, eligible_find_fn *find, const void *context);

bool eligible_asks_categories (const category_rule_t *rule);

/* Some rule says which few may come, rather than which may not. */
bool eligible_chosen (const eligible_rules_t *rules);

#endif
