/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rule_words.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/item_key.h"

#define CATEGORIES "categories_"

/* clang-format off */
const rule_word_t rule_words[] = {
    {"include_seen", "Items of the history may come back", false, true},
    {"seen", "Items of the history: exclude, include or only", false, false},
    {"exclude", "These items are not recommended", true, false},
    {"allow", "No others are", true, false},
    {CATEGORIES "any", "Of an item's categories at least one is among these", true, false},
    {CATEGORIES "all", "It has all of these", true, false},
    {CATEGORIES "none", "It has none of these", true, false},
    {"include_hidden", "Items that are not on offer may come, too", false, true},
    {"min_score", "None with a lower score of the model's", false, false},
    {"diversity", "0 to 1: how unlike each other they are to be", false, false},
    {"popularity", "0 to 1: how much the rare ones are lifted", false, false},
};
/* clang-format on */
const size_t rule_word_count = sizeof rule_words / sizeof rule_words[0];

static json_t *
s_flag (const char *text)
{
    bool yes = !strcmp (text, "") || !strcmp (text, "true") || !strcmp (text, "1");
    bool no = !strcmp (text, "false") || !strcmp (text, "0");
    return yes || no ? json_boolean (yes) : json_string (text);
}

/* What looks like a number is one: no field that is a text does, seen=1 would be a slip. */
static json_t *
s_number (const char *text)
{
    char *end;
    double value = strtod (text, &end);
    bool plain = *text && !text[strspn (text, "0123456789+-.eE")];
    return plain && !*end && isfinite (value) ? json_real (value) : json_string (text);
}

static json_t *
s_list (const rule_word_t *word, const char *text)
{
    bool items = strncmp (word->name, CATEGORIES, strlen (CATEGORIES)) != 0;
    json_t *list = json_array ();
    for (const char *end; text; text = *end ? end + 1 : NULL) {
        int64_t item;
        end = text + strcspn (text, ",");
        char *one = strndup (text, (size_t)(end - text));
        assert (one);
        json_array_append_new (list, items && item_key_is_integer (one, &item)
                                         ? json_integer (item)
                                         : json_string (one));
        free (one);
    }
    return list;
}

void
rule_words_put_value (json_t *object, const rule_word_t *word, json_t *value)
{
    const char *name = word->name;
    if (strncmp (name, CATEGORIES, strlen (CATEGORIES)) == 0) {
        json_t *categories = json_object_get (object, "categories");
        if (!categories) {
            categories = json_object ();
            json_object_set_new (object, "categories", categories);
        }
        object = categories;
        name += strlen (CATEGORIES);
    }
    int rc = json_object_set_new (object, name, value);
    assert (rc == 0);
}

void
rule_words_put (json_t *object, const rule_word_t *word, const char *text)
{
    rule_words_put_value (object, word,
        word->list                    ? s_list (word, text)
        : word->flag                  ? s_flag (text)
        : strcmp (word->name, "seen") ? s_number (text)
                                      : json_string (text));
}

/* "/categories/any/0" is about categories_any, "/exclude/1" about exclude. */
const rule_word_t *
rule_words_at (const char *pointer)
{
    for (size_t i = 0; i < rule_word_count; i++) {
        const char *name = rule_words[i].name, *at = pointer + (*pointer == '/');
        size_t length = strlen (name);
        bool category = strncmp (name, CATEGORIES, strlen (CATEGORIES)) == 0;
        if (category && strncmp (at, "categories/", strlen (CATEGORIES)) == 0) {
            at += strlen (CATEGORIES);
            name += strlen (CATEGORIES);
            length -= strlen (CATEGORIES);
        }
        if (strncmp (at, name, length) == 0 && (at[length] == '/' || !at[length]))
            return &rule_words[i];
    }
    return NULL;
}
