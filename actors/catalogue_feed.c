/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/catalogue_feed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

struct catalogue_feed {
    catalogue_t *wanted; /* of the database; NULL: not known yet */
    catalogue_t *said;   /* of the topic */
    int64_t *changed;    /* items of late changes that were not looked at */
    size_t changed_count, changed_room;
    size_t at; /* of the walk: rows of wanted, those of said behind them */
};

catalogue_feed_t *
catalogue_feed_new (void)
{
    catalogue_feed_t *self = calloc (1, sizeof *self);
    assert (self);
    self->said = catalogue_new ();
    return self;
}

void
catalogue_feed_destroy (catalogue_feed_t **self_p)
{
    catalogue_feed_t *self = *self_p;
    if (!self)
        return;
    catalogue_destroy (&self->wanted);
    catalogue_destroy (&self->said);
    free (self->changed);
    free (self);
    *self_p = NULL;
}

void
catalogue_feed_set_all (catalogue_feed_t *self, catalogue_t **all_p)
{
    catalogue_destroy (&self->wanted);
    self->wanted = *all_p;
    *all_p = NULL;
    catalogue_feed_walk (self);
}

void
catalogue_feed_change (
    catalogue_feed_t *self, const model_slot_change_t *changes, size_t count)
{
    assert (self->wanted);
    self->changed = grow (self->changed, &self->changed_room,
        self->changed_count + count, sizeof *self->changed);
    for (size_t i = 0; i < count; i++) {
        catalogue_put (self->wanted, &changes[i].row, changes[i].categories);
        self->changed[self->changed_count++] = changes[i].row.item_id;
    }
}

void
catalogue_feed_forget (catalogue_feed_t *self)
{
    catalogue_destroy (&self->said);
    self->said = catalogue_new ();
    catalogue_feed_walk (self);
}

static const char *
s_text (const catalogue_t *catalogue, const catalogue_row_t *row)
{
    return categories_text (catalogue_categories (catalogue), row->set);
}

/* An item that a catalogue does not have is on offer, and has no category. */
static catalogue_row_t
s_find (const catalogue_t *catalogue, int64_t item_id)
{
    catalogue_row_t row = {
        item_id, false, CATALOGUE_ALWAYS, CATALOGUE_NEVER, CATEGORIES_NO_SET};
    catalogue_find (catalogue, item_id, &row);
    return row;
}

static bool
s_differ (const catalogue_feed_t *self, const catalogue_row_t *wanted)
{
    catalogue_row_t said = s_find (self->said, wanted->item_id);
    return said.hidden != wanted->hidden || said.from_ms != wanted->from_ms ||
           said.until_ms != wanted->until_ms ||
           strcmp (s_text (self->said, &said), s_text (self->wanted, wanted)) != 0;
}

bool
catalogue_feed_hear (catalogue_feed_t *self, const fact_t *fact)
{
    const catalogue_row_t row = {.item_id = fact->item_id,
        .hidden = fact->hidden,
        .from_ms = fact->from_ms,
        .until_ms = fact->until_ms};
    catalogue_put (self->said, &row, fact->categories);
    if (!self->wanted)
        return true;
    catalogue_row_t wanted = s_find (self->wanted, fact->item_id);
    return !s_differ (self, &wanted);
}

/* The item that comes next, whether it differs or not. */
static bool
s_step (catalogue_feed_t *self, catalogue_row_t *row)
{
    size_t count = catalogue_count (self->wanted);
    if (self->changed_count > 0) {
        *row = s_find (self->wanted, self->changed[--self->changed_count]);
        return true;
    }
    if (self->at == count + catalogue_count (self->said))
        return false;
    size_t at = self->at++;
    *row = at < count
               ? catalogue_at (self->wanted, at)
               : s_find (self->wanted, catalogue_at (self->said, at - count).item_id);
    return true;
}

bool
catalogue_feed_next (catalogue_feed_t *self, fact_t *fact)
{
    catalogue_row_t row;
    while (self->wanted && s_step (self, &row)) {
        if (!s_differ (self, &row))
            continue;
        *fact = (fact_t){row.item_id, row.hidden, row.from_ms, row.until_ms,
            s_text (self->wanted, &row)};
        return true;
    }
    return false;
}

void
catalogue_feed_walk (catalogue_feed_t *self)
{
    self->at = 0;
}
