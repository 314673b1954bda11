/* Rules about categories, each as a bit per item. A rule is worked out once for what is on
 * offer, in one pass over the items, and then kept: the same few rules come again and again,
 * and cost a pass over V / 8 bytes each time. The least recently used of too many goes.
 * One thread at a time. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_CATEGORY_RULES_H
#define SASREC_MODEL_SERVE_CATEGORY_RULES_H

#include "model/serve/eligible.h"
#include "model/serve/offer.h"

typedef struct category_rules category_rules_t;

category_rules_t *category_rules_new (size_t item_count);
void category_rules_destroy (category_rules_t **self_p);

/* The items that the rule leaves, 64 in each word, none behind the last: those with at least
 * one of any (unless that is empty), all of all and no one of none. offer: NULL, no item has
 * a category. Until the next call. */
const uint64_t *category_rules_find (
    category_rules_t *self, const category_rule_t *rule, const offer_t *offer);

/* How many it worked out so far. */
size_t category_rules_made (const category_rules_t *self);

#endif
