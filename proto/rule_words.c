/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rule_words.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/item_key.h"

#define CATEGORIES "categories_"

#define ROW(id, name, option, kind, help) [RULE_WORD_##id] = {name, RULE_##kind},
const rule_word_t rule_words[RULE_WORD_COUNT] = {RULE_WORDS (ROW)};

static json_t *
s_flag (const char *text)
{
    bool yes = !strcmp (text, "") || !strcmp (text, "true") || !strcmp (text, "1");
    bool no = !strcmp (text, "false") || !strcmp (text, "0");
    return yes || no ? json_boolean (yes) : json_string (text);
}

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
    json_t *list = json_array ();
    for (const char *end; text; text = *end ? end + 1 : NULL) {
        int64_t item;
        end = text + strcspn (text, ",");
        char *one = strndup (text, (size_t)(end - text));
        assert (one);
        json_array_append_new (
            list, word->kind == RULE_ITEMS && item_key_is_integer (one, &item)
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
    if (word->kind == RULE_NAMES) {
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

static json_t *
s_value (const rule_word_t *word, const char *text)
{
    switch (word->kind) {
    case RULE_FLAG:
        return s_flag (text);
    case RULE_NUMBER:
        return s_number (text);
    case RULE_ITEMS:
    case RULE_NAMES:
        return s_list (word, text);
    default:
        return json_string (text);
    }
}

void
rule_words_put (json_t *object, const rule_word_t *word, const char *text)
{
    rule_words_put_value (object, word, s_value (word, text));
}

/* "/categories/any/0" is about categories_any, "/exclude/1" about exclude. */
const rule_word_t *
rule_words_at (const char *pointer)
{
    for (size_t i = 0; i < RULE_WORD_COUNT; i++) {
        const char *name = rule_words[i].name, *at = pointer + (*pointer == '/');
        size_t length = strlen (name);
        if (rule_words[i].kind == RULE_NAMES &&
            strncmp (at, "categories/", strlen (CATEGORIES)) == 0) {
            at += strlen (CATEGORIES);
            name += strlen (CATEGORIES);
            length -= strlen (CATEGORIES);
        }
        if (strncmp (at, name, length) == 0 && (at[length] == '/' || !at[length]))
            return &rule_words[i];
    }
    return NULL;
}
