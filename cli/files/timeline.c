/* Rows in the order of time. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/timeline.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "base/hash_index.h"

typedef struct {
    int64_t time_us; /* INT64_MAX: none */
    int64_t item_id;
    size_t user; /* where in users its id is */
    size_t place;
    uint32_t kind; /* index in kinds */
} s_row_t;

typedef struct {
    unsigned char id[16];
    size_t place;
} s_event_t;

struct timeline {
    s_row_t *rows; /* owned */
    size_t row_count, row_capacity;
    s_event_t *events; /* owned; of rows that have one, in their order */
    size_t event_count, event_capacity;
    char *users; /* owned; ids, each ended by a NUL */
    size_t users_length, users_capacity;
    char (*kinds)[VALUES_KIND_SIZE]; /* owned; different ones, the first is "" */
    size_t kind_count, kind_capacity;
    hash_index_t kind_index;
    bool *again; /* owned; by place: the event came before */
};

/* For the comparison, which gets no context. */
static const char *s_users;

static bool
s_same_kind (const void *owner, uint32_t position, const void *key)
{
    return strcmp (((const timeline_t *)owner)->kinds[position], key) == 0;
}

/* There are few different ones. */
static uint32_t
s_kind (timeline_t *self, const char *kind)
{
    if (!*kind && self->kind_count > 0)
        return 0;
    uint64_t hash = hash_bytes (HASH_START, kind, strlen (kind));
    uint32_t at = hash_index_find (&self->kind_index, hash, s_same_kind, self, kind);
    if (at != HASH_INDEX_NONE)
        return at;
    at = (uint32_t)self->kind_count;
    self->kinds = grow (
        self->kinds, &self->kind_capacity, self->kind_count + 1, sizeof *self->kinds);
    snprintf (self->kinds[self->kind_count++], VALUES_KIND_SIZE, "%s", kind);
    hash_index_add (&self->kind_index, hash, at);
    return at;
}

timeline_t *
timeline_new (void)
{
    timeline_t *self = calloc (1, sizeof *self);
    assert (self);
    hash_index_init (&self->kind_index, 0);
    s_kind (self, "");
    return self;
}

void
timeline_destroy (timeline_t **self_p)
{
    timeline_t *self = *self_p;
    if (!self)
        return;
    free (self->rows);
    free (self->events);
    free (self->users);
    free (self->kinds);
    hash_index_free (&self->kind_index);
    free (self->again);
    free (self);
    *self_p = NULL;
}

/* Rows of one user mostly come together. */
static size_t
s_user (timeline_t *self, const char *id)
{
    size_t last = self->row_count ? self->rows[self->row_count - 1].user : 0;
    if (self->row_count && strcmp (self->users + last, id) == 0)
        return last;
    size_t length = strlen (id) + 1;
    size_t at = self->users_length;
    self->users = grow (self->users, &self->users_capacity, at + length, 1);
    memcpy (self->users + at, id, length);
    self->users_length += length;
    return at;
}

void
timeline_add (timeline_t *self, const reader_row_t *row)
{
    bool timed = row->created_at_us != READER_NO_TIME;
    size_t place = self->row_count;
    size_t user = s_user (self, row->user_id);
    self->rows =
        grow (self->rows, &self->row_capacity, self->row_count + 1, sizeof *self->rows);
    self->rows[self->row_count++] = (s_row_t){timed ? row->created_at_us : INT64_MAX,
        row->item_id, user, place, s_kind (self, row->kind)};
    if (!row->event_id[0])
        return;
    self->events = grow (self->events, &self->event_capacity, self->event_count + 1,
        sizeof *self->events);
    s_event_t *event = &self->events[self->event_count++];
    uuid_bytes (row->event_id, event->id);
    event->place = place;
}

size_t
timeline_count (const timeline_t *self)
{
    return self->row_count;
}

static int
s_order (size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

static int
s_by_event (const void *a, const void *b)
{
    const s_event_t *x = a, *y = b;
    int order = memcmp (x->id, y->id, sizeof x->id);
    return order ? order : s_order (x->place, y->place);
}

/* The same time, item, user and kind lie together, in the order of the file. */
static int
s_by_content (const void *a, const void *b)
{
    const s_row_t *x = a, *y = b;
    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    if (x->item_id != y->item_id)
        return x->item_id < y->item_id ? -1 : 1;
    int order = strcmp (s_users + x->user, s_users + y->user);
    if (order)
        return order;
    order = s_order (x->kind, y->kind);
    return order ? order : s_order (x->place, y->place);
}

static int
s_by_time (const void *a, const void *b)
{
    const s_row_t *x = a, *y = b;
    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    return s_order (x->place, y->place);
}

/* Nothing has no place in memory, which qsort wants all the same. */
static void
s_sort (void *elements, size_t count, size_t size,
    int (*compare) (const void *, const void *))
{
    if (count > 0)
        qsort (elements, count, size, compare);
}

static void
s_mark_events (timeline_t *self, bool *has_event)
{
    s_sort (self->events, self->event_count, sizeof *self->events, s_by_event);
    for (size_t i = 0; i < self->event_count; i++) {
        const s_event_t *event = &self->events[i];
        has_event[event->place] = true;
        self->again[event->place] =
            i > 0 && memcmp (event[-1].id, event->id, sizeof event->id) == 0;
    }
}

static bool
s_same (const timeline_t *self, const s_row_t *a, const s_row_t *b)
{
    return a->time_us == b->time_us && a->item_id == b->item_id && a->kind == b->kind &&
           strcmp (self->users + a->user, self->users + b->user) == 0;
}

/* Rows with an event_id are told apart by it alone. */
static void
s_mark_rows (timeline_t *self, const bool *has_event)
{
    s_users = self->users;
    s_sort (self->rows, self->row_count, sizeof *self->rows, s_by_content);
    const s_row_t *before = NULL;
    for (size_t i = 0; i < self->row_count; i++) {
        const s_row_t *row = &self->rows[i];
        if (row->time_us == INT64_MAX || has_event[row->place])
            continue;
        self->again[row->place] = before && s_same (self, before, row);
        before = row;
    }
}

size_t
timeline_each (timeline_t *self, timeline_row_f *each, void *context)
{
    size_t count = 0;
    bool *has_event = calloc (self->row_count + 1, sizeof *has_event);
    free (self->again);
    self->again = calloc (self->row_count + 1, sizeof *self->again);
    assert (has_event && self->again);
    s_mark_events (self, has_event);
    s_mark_rows (self, has_event);
    free (has_event);
    s_sort (self->rows, self->row_count, sizeof *self->rows, s_by_time);
    for (size_t i = 0; i < self->row_count; i++) {
        const s_row_t *row = &self->rows[i];
        if (self->again[row->place])
            continue;
        each (context, self->users + row->user, row->item_id, self->kinds[row->kind]);
        count++;
    }
    return count;
}
