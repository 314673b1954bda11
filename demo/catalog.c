/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/catalog.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/strbuf.h"
#include "demo/words.h"

#define S_COUNT(array) (sizeof (array) / sizeof ((array)[0]))

enum { S_LENGTH_LEAST = 6, S_LENGTH_MOST = 12 };

static_assert (
    S_COUNT (words_categories) == CATALOG_CATEGORIES, "one row per category");
static_assert (S_COUNT (words_adjectives) == 47, "s_add_book needs a prime");

typedef struct {
    size_t first;    /* its first item */
    size_t length;   /* parts */
    size_t category; /* row of words_categories */
} s_series_t;

struct catalog {
    size_t item_count;
    size_t series_count;
    s_series_t *series; /* series_count */
    size_t *series_of;  /* of each item */
    char **titles;      /* of each item; owned */
};

/* Every part belongs somewhere: a rest too short for a series joins the last one. */
static void
s_cut_into_series (catalog_t *self, rng_t *rng)
{
    size_t first = 0;
    while (first < self->item_count) {
        size_t length =
            S_LENGTH_LEAST + rng_below (rng, S_LENGTH_MOST - S_LENGTH_LEAST + 1);
        size_t left = self->item_count - first;
        if (left < length + S_LENGTH_LEAST)
            length = left;
        size_t index = self->series_count++;
        self->series[index] = (s_series_t){first, length, index % CATALOG_CATEGORIES};
        for (size_t item = first; item < first + length; item++)
            self->series_of[item] = index;
        first += length;
    }
}

/* The n-th book of a category: no pair of words comes twice before all were used, for
 * 47 and 20 have no common factor, nor have the strides with them. */
static void
s_add_book (strbuf_t *title, size_t category, size_t nth)
{
    size_t adjective = nth * (category * 3 + 5) % S_COUNT (words_adjectives);
    size_t noun = nth * 7 % WORDS_NOUNS;
    strbuf_addf (title, "The %s %s", words_adjectives[adjective],
        words_categories[category].nouns[noun]);
}

static void
s_add_series (strbuf_t *title, size_t category, size_t series, size_t part)
{
    size_t names = S_COUNT (words_names);
    strbuf_addf (title, " (%s %s", words_names[series % names],
        words_categories[category].collection);
    if (series >= names * CATALOG_CATEGORIES)
        strbuf_addf (title, " %zu", series / (names * CATALOG_CATEGORIES) + 1);
    strbuf_addf (title, ", part %zu)", part);
}

static void
s_name_items (catalog_t *self, rng_t *rng)
{
    size_t next[CATALOG_CATEGORIES];
    for (size_t i = 0; i < CATALOG_CATEGORIES; i++)
        next[i] = rng_below (rng, S_COUNT (words_adjectives) * WORDS_NOUNS);
    for (size_t item = 0; item < self->item_count; item++) {
        size_t index = self->series_of[item];
        const s_series_t *series = &self->series[index];
        strbuf_t title = STRBUF_EMPTY;
        s_add_book (&title, series->category, next[series->category]++);
        s_add_series (&title, series->category, index, item - series->first + 1);
        self->titles[item] = strbuf_take (&title);
    }
}

catalog_t *
catalog_new (size_t item_count, uint64_t seed)
{
    assert (item_count >= CATALOG_ITEM_LEAST);
    rng_t rng;
    rng_seed (&rng, seed, 0);
    catalog_t *self = calloc (1, sizeof *self);
    assert (self);
    self->item_count = item_count;
    self->series = calloc (item_count / S_LENGTH_LEAST + 1, sizeof *self->series);
    self->series_of = calloc (item_count, sizeof *self->series_of);
    self->titles = calloc (item_count, sizeof *self->titles);
    assert (self->series && self->series_of && self->titles);
    s_cut_into_series (self, &rng);
    s_name_items (self, &rng);
    return self;
}

void
catalog_destroy (catalog_t **self_p)
{
    catalog_t *self = *self_p;
    if (!self)
        return;
    for (size_t item = 0; item < self->item_count; item++)
        free (self->titles[item]);
    free (self->titles);
    free (self->series_of);
    free (self->series);
    free (self);
    *self_p = NULL;
}

size_t
catalog_item_count (const catalog_t *self)
{
    return self->item_count;
}

size_t
catalog_series_count (const catalog_t *self)
{
    return self->series_count;
}

const char *
catalog_title (const catalog_t *self, size_t item)
{
    assert (item < self->item_count);
    return self->titles[item];
}

const char *
catalog_category (const catalog_t *self, size_t item)
{
    assert (item < self->item_count);
    return words_categories[self->series[self->series_of[item]].category].name;
}

size_t
catalog_series (const catalog_t *self, size_t item)
{
    assert (item < self->item_count);
    return self->series_of[item];
}

size_t
catalog_series_first (const catalog_t *self, size_t series)
{
    assert (series < self->series_count);
    return self->series[series].first;
}

size_t
catalog_series_length (const catalog_t *self, size_t series)
{
    assert (series < self->series_count);
    return self->series[series].length;
}

size_t
catalog_series_category (const catalog_t *self, size_t series)
{
    assert (series < self->series_count);
    return self->series[series].category;
}
