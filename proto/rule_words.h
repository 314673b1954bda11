/* Rules as words: how a URL and a command line say them, which have neither lists nor
 * objects. A word becomes the field of a body that it stands for, so that rules_read alone
 * decides what is a rule. A new rule is a row of the table.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_RULE_WORDS_H
#define SASREC_PROTO_RULE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* Enumerator, name in a URL, option of a command, what it is made of, help. */
/* clang-format off */
#define RULE_WORDS(WORD)                                                                                                         \
    WORD (INCLUDE_SEEN,    "include_seen",    "include-seen",    FLAG,   "Items of the history may come back")                   \
    WORD (SEEN,            "seen",            "seen",            TEXT,   "Items of the history: exclude, include or only")       \
    WORD (EXCLUDE,         "exclude",         "exclude",         ITEMS,  "These items are not recommended")                      \
    WORD (ALLOW,           "allow",           "allow",           ITEMS,  "No items but these are recommended")                   \
    WORD (CATEGORIES_ANY,  "categories_any",  "categories-any",  NAMES,  "Of an item's categories one at least is among these")  \
    WORD (CATEGORIES_ALL,  "categories_all",  "categories-all",  NAMES,  "Each item has all of these categories")                \
    WORD (CATEGORIES_NONE, "categories_none", "categories-none", NAMES,  "No item has one of these categories")                  \
    WORD (INCLUDE_HIDDEN,  "include_hidden",  "include-hidden",  FLAG,   "Items that are not on offer may come, too")            \
    WORD (MIN_SCORE,       "min_score",       "min-score",       NUMBER, "None to which the model gives a lower score")          \
    WORD (DIVERSITY,       "diversity",       "diversity",       NUMBER, "0 to 1: how unlike each other they are to be")         \
    WORD (POPULARITY,      "popularity",      "popularity",      NUMBER, "0 to 1: how much the rare ones are lifted")
/* clang-format on */

#define RULE_WORDS_ENUMERATOR(id, name, option, kind, help) RULE_WORD_##id,
typedef enum { RULE_WORDS (RULE_WORDS_ENUMERATOR) RULE_WORD_COUNT } rule_word_id_t;

typedef enum {
    RULE_FLAG, /* may be said without a value */
    RULE_TEXT,
    RULE_NUMBER,
    RULE_ITEMS, /* with commas between them */
    RULE_NAMES  /* likewise, of categories */
} rule_kind_t;

typedef struct {
    const char *name; /* "categories_any" */
    rule_kind_t kind;
} rule_word_t;

extern const rule_word_t rule_words[RULE_WORD_COUNT];

/* Puts what the text (UTF-8) says into the object, as the field of a body; what makes no
 * sense goes there as a text, for rules_read to refuse. Of lists what is written as an integer
 * is one. */
void rule_words_put (json_t *object, const rule_word_t *word, const char *text);

/* The same of a value of JSON, a list with commas in its texts. Taken. */
void rule_words_put_value (json_t *object, const rule_word_t *word, json_t *value);

/* The word that a fault of rules_read is about; NULL: it is about none. */
const rule_word_t *rule_words_at (const char *pointer);

#endif
