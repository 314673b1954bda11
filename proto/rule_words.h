/* Rules as words: how a URL and a command line say them, which have neither lists nor
 * objects. A word becomes the field of a body that it stands for, so that rules_read alone
 * decides what is a rule. A new rule is a row of the table in rule_words.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_RULE_WORDS_H
#define SASREC_PROTO_RULE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

typedef struct {
    const char *name; /* "categories_any" */
    const char *help; /* one line */
    bool list;        /* of several, with commas between them */
    bool flag;        /* may be said without a value */
} rule_word_t;

extern const rule_word_t rule_words[];
extern const size_t rule_word_count;

/* Puts what the text (UTF-8) says into the object, as the field of a body; what makes no
 * sense goes there as a text, for rules_read to refuse. Of lists what is written as an integer
 * is one. */
void rule_words_put (json_t *object, const rule_word_t *word, const char *text);

/* The same of a value of JSON, a list with commas in its texts. Taken. */
void rule_words_put_value (json_t *object, const rule_word_t *word, json_t *value);

/* The word that a fault of rules_read is about; NULL: it is about none. */
const rule_word_t *rule_words_at (const char *pointer);

#endif
