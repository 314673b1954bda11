/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rules.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/item_list.h"
#include "base/suggest.h"

static void
s_free_names (names_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->texts[i]);
    free (self->texts);
    *self = (names_t){0};
}

void
rules_free (rules_t *self)
{
    free (self->exclude);
    free (self->allow);
    s_free_names (&self->any);
    s_free_names (&self->all);
    s_free_names (&self->none);
    *self = (rules_t){0};
}

/* A word that is none of ours names an event, unless it is one of ours with a slip. */
static int
s_read_seen_event (rules_t *self, const char *word, json_fault_t *fault)
{
    static const char *const ours[] = {"exclude", "include"};
    if (strlen (word) > 4 && suggest (word, ours, 2))
        return json_fail (fault, "/seen",
            "seen must be exclude, include or only, or an event like purchase");
    snprintf (self->seen_event, sizeof self->seen_event, "%s", word);
    return 0;
}

/* "include" is another word for include_seen. */
static int
s_read_seen (rules_t *self, const json_t *object, json_fault_t *fault)
{
    const char *word = NULL;
    if (json_read_bool (object, "include_seen", &self->include_seen, fault) ||
        json_read_string (object, "seen", 1, PROTO_EVENT_SIZE - 1, &word, fault))
        return -1;
    self->seen_given =
        self->seen_given || word || json_read_given (object, "include_seen");
    if (!word)
        return 0;
    if (json_read_given (object, "include_seen"))
        return json_fail (fault, "/include_seen",
            "include_seen is said by seen already: leave it out");
    self->include_seen = strcmp (word, "include") == 0;
    self->only_seen = strcmp (word, "only") == 0;
    if (self->include_seen || self->only_seen || strcmp (word, "exclude") == 0)
        return 0;
    return s_read_seen_event (self, word, fault);
}

static void
s_add_seen (const rules_t *self, strbuf_t *out)
{
    if (self->include_seen)
        strbuf_add (out, ",\"include_seen\":true");
    if (self->only_seen)
        strbuf_add (out, ",\"seen\":\"only\"");
}

static int
s_merge_seen (rules_t *self, const rules_t *set, json_fault_t *fault)
{
    (void)fault;
    if (!self->seen_given) {
        self->include_seen = set->include_seen;
        self->only_seen = set->only_seen;
        memcpy (self->seen_event, set->seen_event, sizeof self->seen_event);
    }
    return 0;
}

/* A list of items, in place of what was there. */
static int
s_read_items (const rules_t *self, const json_t *object, const char *key, size_t most,
    int64_t **items, size_t *count, json_fault_t *fault)
{
    if (!json_read_given (object, key))
        return 0;
    free (*items);
    *items = NULL;
    *count = 0;
    return item_list_read (object, key, most, items, count, self->texts, fault);
}

static void
s_add_items (const rules_t *self, strbuf_t *out, const char *key, const int64_t *items,
    size_t count)
{
    strbuf_addf (out, ",\"%s\":", key);
    item_list_to_json (out, items, count, self->texts->data);
}

static int
s_read_exclude (rules_t *self, const json_t *object, json_fault_t *fault)
{
    return s_read_items (self, object, "exclude", PROTO_EXCLUDE_LIMIT, &self->exclude,
        &self->exclude_count, fault);
}

static void
s_add_exclude (const rules_t *self, strbuf_t *out)
{
    if (self->exclude_count > 0)
        s_add_items (self, out, "exclude", self->exclude, self->exclude_count);
}

static int
s_merge_exclude (rules_t *self, const rules_t *set, json_fault_t *fault)
{
    size_t count = self->exclude_count + set->exclude_count;
    assert (self->texts == set->texts);
    if (count > PROTO_EXCLUDE_LIMIT)
        return json_fail (fault, "/exclude",
            "exclude and that of the rule set are too long together");
    self->exclude = realloc (self->exclude, (count + 1) * sizeof *self->exclude);
    assert (self->exclude);
    for (size_t i = 0; i < set->exclude_count; i++)
        self->exclude[self->exclude_count++] = set->exclude[i];
    return 0;
}

static int
s_read_allow (rules_t *self, const json_t *object, json_fault_t *fault)
{
    self->only_allowed = self->only_allowed || json_read_given (object, "allow");
    return s_read_items (self, object, "allow", PROTO_ALLOW_LIMIT, &self->allow,
        &self->allow_count, fault);
}

static void
s_add_allow (const rules_t *self, strbuf_t *out)
{
    if (self->only_allowed)
        s_add_items (self, out, "allow", self->allow, self->allow_count);
}

/* Which items are allowed, whether their integers or their keys name them; fresh. */
static int64_t *
s_allowed (const rules_t *self)
{
    int64_t *ids = calloc (self->allow_count + 1, sizeof *ids);
    assert (ids);
    for (size_t i = 0; i < self->allow_count; i++) {
        int64_t item = self->allow[i];
        ids[i] = item >= 0
                     ? item
                     : item_key_id (item_key_referred (item, self->texts->data), 0);
    }
    return ids;
}

static bool
s_holds (const int64_t *ids, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static int
s_merge_allow (rules_t *self, const rules_t *set, json_fault_t *fault)
{
    (void)fault;
    if (!set->only_allowed)
        return 0;
    int64_t *both = calloc (set->allow_count + 1, sizeof *both);
    int64_t *own = s_allowed (self), *theirs = s_allowed (set);
    assert (both);
    size_t count = 0;
    for (size_t i = 0; i < set->allow_count; i++)
        if (!self->only_allowed || s_holds (own, self->allow_count, theirs[i]))
            both[count++] = set->allow[i];
    free (own);
    free (theirs);
    free (self->allow);
    self->allow = both;
    self->allow_count = count;
    self->only_allowed = true;
    return 0;
}

static void
s_add_name (names_t *self, const char *text)
{
    self->texts = realloc (self->texts, (self->count + 1) * sizeof *self->texts);
    assert (self->texts);
    self->texts[self->count] = strdup (text);
    assert (self->texts[self->count]);
    self->count++;
}

/* Faults stand inside of categories. */
static int
s_read_names (const json_t *object, const char *key, size_t least, names_t *names,
    json_fault_t *fault)
{
    char pointer[sizeof fault->pointer];
    if (!json_read_given (object, key))
        return 0;
    s_free_names (names);
    const json_t *texts = json_read_strings (
        object, key, PROTO_CATEGORIES_LIMIT, 1, PROTO_CATEGORY_SIZE - 1, fault);
    if (texts && json_array_size (texts) < least) {
        texts = NULL;
        snprintf (pointer, sizeof pointer, "/%s", key);
        json_fail (fault, pointer, "any must name at least one category");
    }
    if (!texts) {
        snprintf (pointer, sizeof pointer, "/categories%.80s", fault->pointer);
        memcpy (fault->pointer, pointer, sizeof pointer);
        return -1;
    }
    for (size_t i = 0; i < json_array_size (texts); i++)
        s_add_name (names, json_string_value (json_array_get (texts, i)));
    return 0;
}

/* A slip of the pen here would let items through: what is no list of these is refused. */
static int
s_check_lists (const json_t *categories, json_fault_t *fault)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)categories, key, value)
    {
        if (strcmp (key, "any") && strcmp (key, "all") && strcmp (key, "none"))
            return json_fail (
                fault, "/categories", "categories has any, all and none, nothing else");
    }
    return 0;
}

static int
s_read_categories (rules_t *self, const json_t *object, json_fault_t *fault)
{
    if (!json_read_given (object, "categories"))
        return 0;
    const json_t *categories = json_object_get (object, "categories");
    if (!json_is_object (categories))
        return json_fail (
            fault, "/categories", "categories must be an object with any, all or none");
    if (s_check_lists (categories, fault))
        return -1;
    return s_read_names (categories, "any", 1, &self->any, fault) ||
                   s_read_names (categories, "all", 0, &self->all, fault) ||
                   s_read_names (categories, "none", 0, &self->none, fault)
               ? -1
               : 0;
}

static void
s_add_names (strbuf_t *out, const char *key, const names_t *names, bool *first)
{
    if (names->count == 0)
        return;
    strbuf_addf (out, "%s\"%s\":[", *first ? "" : ",", key);
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0)
            strbuf_add (out, ",");
        strbuf_add_json_string (out, names->texts[i]);
    }
    strbuf_add (out, "]");
    *first = false;
}

static void
s_add_categories (const rules_t *self, strbuf_t *out)
{
    bool first = true;
    if (self->any.count + self->all.count + self->none.count == 0)
        return;
    strbuf_add (out, ",\"categories\":{");
    s_add_names (out, "any", &self->any, &first);
    s_add_names (out, "all", &self->all, &first);
    s_add_names (out, "none", &self->none, &first);
    strbuf_add (out, "}");
}

static int
s_merge_categories (rules_t *self, const rules_t *set, json_fault_t *fault)
{
    if (self->all.count + set->all.count > PROTO_CATEGORIES_LIMIT ||
        self->none.count + set->none.count > PROTO_CATEGORIES_LIMIT)
        return json_fail (fault, "/categories",
            "categories and those of the rule set are too many together");
    for (size_t i = 0; i < set->all.count; i++)
        s_add_name (&self->all, set->all.texts[i]);
    for (size_t i = 0; i < set->none.count; i++)
        s_add_name (&self->none, set->none.texts[i]);
    bool own = self->any.count > 0;
    for (size_t i = 0; i < set->any.count && !own; i++)
        s_add_name (&self->any, set->any.texts[i]);
    return 0;
}

static int
s_read_hidden (rules_t *self, const json_t *object, json_fault_t *fault)
{
    self->hidden_given =
        self->hidden_given || json_read_given (object, "include_hidden");
    return json_read_bool (object, "include_hidden", &self->include_hidden, fault);
}

static void
s_add_hidden (const rules_t *self, strbuf_t *out)
{
    if (self->include_hidden)
        strbuf_add (out, ",\"include_hidden\":true");
}

static int
s_merge_hidden (rules_t *self, const rules_t *set, json_fault_t *fault)
{
    (void)fault;
    if (!self->hidden_given)
        self->include_hidden = set->include_hidden;
    return 0;
}

/* The rules that are a number. */
static const struct {
    const char *key;
    size_t offset; /* of its number_t */
    double low, high;
} s_numbers[] = {
    {"min_score", offsetof (rules_t, min_score), -PROTO_MIN_SCORE_LIMIT,
        PROTO_MIN_SCORE_LIMIT},
    {"diversity", offsetof (rules_t, diversity), 0, 1},
    {"popularity", offsetof (rules_t, popularity), 0, 1},
};

#define NUMBER_COUNT (sizeof s_numbers / sizeof s_numbers[0])

static int
s_read_numbers (rules_t *self, const json_t *object, json_fault_t *fault)
{
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        number_t *number = (number_t *)(void *)((char *)self + s_numbers[i].offset);
        double value = (double)number->value;
        if (json_read_within (object, s_numbers[i].key, s_numbers[i].low,
                s_numbers[i].high, &value, fault))
            return -1;
        number->value = (float)value;
        if (json_read_given (object, s_numbers[i].key))
            number->given = true;
    }
    return 0;
}

static const number_t *
s_number (const rules_t *self, size_t index)
{
    return (
        const number_t *)(const void *)((const char *)self + s_numbers[index].offset);
}

static void
s_add_numbers (const rules_t *self, strbuf_t *out)
{
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        if (!s_number (self, i)->given)
            continue;
        strbuf_addf (out, ",\"%s\":", s_numbers[i].key);
        strbuf_add_json_float (out, s_number (self, i)->value);
    }
}

static int
s_merge_numbers (rules_t *self, const rules_t *set, json_fault_t *fault)
{
    (void)fault;
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        if (!s_number (self, i)->given)
            memcpy ((char *)self + s_numbers[i].offset, s_number (set, i),
                sizeof (number_t));
    return 0;
}

static const struct {
    int (*read) (rules_t *self, const json_t *object, json_fault_t *fault);
    void (*add) (const rules_t *self, strbuf_t *out);
    int (*merge) (rules_t *self, const rules_t *set, json_fault_t *fault);
} s_rules[] = {
    {s_read_seen, s_add_seen, s_merge_seen},
    {s_read_exclude, s_add_exclude, s_merge_exclude},
    {s_read_allow, s_add_allow, s_merge_allow},
    {s_read_categories, s_add_categories, s_merge_categories},
    {s_read_hidden, s_add_hidden, s_merge_hidden},
    {s_read_numbers, s_add_numbers, s_merge_numbers},
};

#define RULE_COUNT (sizeof s_rules / sizeof s_rules[0])

int
rules_read (rules_t *self, const json_t *object, json_fault_t *fault)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (s_rules[i].read (self, object, fault))
            return -1;
    return 0;
}

void
rules_add_members (const rules_t *self, strbuf_t *out)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        s_rules[i].add (self, out);
}

int
rules_merge (rules_t *self, const rules_t *set, json_fault_t *fault)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (s_rules[i].merge (self, set, fault))
            return -1;
    return 0;
}

int
rules_merge_text (rules_t *self, const char *text, json_fault_t *fault)
{
    rules_t set = {.texts = self->texts};
    json_t *object = json_read_object (text, strlen (text), fault);
    int rc = object ? rules_read (&set, object, fault) : -1;
    if (rc) /* nobody but the database's owner can have written it */
        json_fail (fault, "/rules", "the rules under this name are not valid");
    else
        rc = rules_merge (self, &set, fault);
    rules_free (&set);
    json_decref (object);
    return rc;
}

bool
rules_name_valid (const char *name)
{
    size_t length = strspn (name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz._-");
    return length > 0 && length < PROTO_RULES_NAME_SIZE && !name[length];
}
