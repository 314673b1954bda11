/* Rules: which items may be recommended, and what counts beside the model's score. Part of a
 * request; of themselves what a rule set is made of, which the database keeps under a name.
 * A new rule is a member here and a row of the table in rules.c, which reads, writes and
 * merges it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_RULES_H
#define SASREC_PROTO_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/jsonread.h"
#include "base/strbuf.h"

#define PROTO_EXCLUDE_LIMIT    10000
#define PROTO_ALLOW_LIMIT      1000
#define PROTO_CATEGORIES_LIMIT 100 /* names in one list */
#define PROTO_CATEGORY_SIZE    257 /* names: 1 to 256 bytes */
#define PROTO_MIN_SCORE_LIMIT  1e9 /* up or down */
#define PROTO_EVENT_SIZE       65  /* view, cart, purchase, ...: 1 to 64 bytes */
#define PROTO_RULES_NAME_SIZE  65  /* of a set: 1 to 64 of A-Z a-z 0-9 . _ - */

typedef struct {
    char **texts; /* count of them; owned */
    size_t count;
} names_t;

typedef struct {
    bool given;
    float value; /* 0 unless given */
} number_t;

typedef struct {
    bool seen_given;   /* one of the next two was said, be it no */
    bool include_seen; /* items of the history may be recommended */
    bool only_seen;    /* nothing but items of the history */
    char seen_event
        [PROTO_EVENT_SIZE]; /* what the user had with it is left out, and nothing
                                          else of the history; "": not by events. HTTP makes
                                          it a part of exclude, it is not written */
    strbuf_t *texts; /* of the keys in the next two lists (item_list.h), borrowed: given
                        by whoever reads rules */
    int64_t *exclude; /* items that are not recommended; owned */
    size_t exclude_count;
    int64_t *allow; /* with only_allowed: no others are; owned */
    size_t allow_count;
    bool only_allowed;
    names_t any, all,
        none; /* categories of which an item has one at least, all, no one */
    bool hidden_given;
    bool include_hidden; /* items that are not on offer may be recommended, too */
    number_t min_score;
    number_t diversity;  /* 0 to 1 */
    number_t popularity; /* 0 to 1 */
} rules_t;               /* zeros: no rules */

void rules_free (rules_t *self); /* zeros again */

/* The fields there are, for a table of more: they end with NULL there. */
#define RULES_FIELDS                                                                   \
    "include_seen", "seen", "exclude", "allow", "categories", "include_hidden",        \
        "min_score", "diversity", "popularity"

/* Reads the fields that are given, in place of what was there; texts is set. -1 with *fault. */
int rules_read (rules_t *self, const json_t *object, json_fault_t *fault);

/* Appends the rules there are as members, each behind a comma. */
void rules_add_members (const rules_t *self, strbuf_t *out);

/* What the set, whose texts are the same, says holds beside these rules, as far as they do not say otherwise: exclude,
 * categories.all and categories.none add up, of allow what is in both is left, and of any other field these rules' own counts
 * where it is given. -1 with *fault when a list becomes longer than it may be. */
int rules_merge (rules_t *self, const rules_t *set, json_fault_t *fault);

/* The same of the text of a set as it is kept, whose keys are added to self's texts. */
int rules_merge_text (rules_t *self, const char *text, json_fault_t *fault);

bool rules_name_valid (const char *name);

#endif
