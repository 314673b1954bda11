/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tracker.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t offset; /* of the message */
    bool settled;
    void *item; /* kept until it is settled; or NULL */
    size_t item_size;
    tracker_release_f *release;
} taken_t;

typedef struct {
    uint16_t topic;
    int32_t partition;
    uint32_t epoch; /* of this assignment; unique in the process */
    taken_t *taken; /* ring, ascending by offset; the first is not settled */
    size_t first;   /* index of the oldest */
    size_t count;
    size_t room;  /* of the ring */
    int64_t last; /* highest offset taken, -1 before the first */
    int64_t next; /* to store: end of the contiguous done run, -1 before the first */
    int64_t end;  /* nothing is before it but what was taken, -1: not known */
    bool moved;   /* next changed since it was asked for */
} window_t;

struct tracker {
    window_t *windows; /* assigned partitions, in no order: a few dozen at most */
    size_t window_count;
    size_t window_room;
    size_t limit;       /* outstanding at a time */
    size_t outstanding; /* taken and not settled */
    size_t bytes;       /* kept */
};

/* A receipt of a consumer that is gone must not fit one of its successor. */
static uint32_t
s_next_epoch (void)
{
    static _Atomic uint32_t last;
    return atomic_fetch_add (&last, 1) + 1;
}

tracker_t *
tracker_new (size_t limit)
{
    tracker_t *self = calloc (1, sizeof *self);
    assert (self && limit > 0);
    self->limit = limit;
    return self;
}

static taken_t *
s_at (const window_t *window, size_t index)
{
    return &window->taken[(window->first + index) % window->room];
}

static void
s_let_go (tracker_t *self, taken_t *taken)
{
    self->outstanding -= !taken->settled;
    self->bytes -= taken->item_size;
    if (taken->item)
        taken->release (taken->item);
    *taken = (taken_t){.offset = taken->offset, .settled = true};
}

static void
s_let_all_go (tracker_t *self, window_t *window)
{
    for (size_t i = 0; i < window->count; i++)
        s_let_go (self, s_at (window, i));
    window->first = window->count = 0;
}

void
tracker_destroy (tracker_t **self_p)
{
    tracker_t *self = *self_p;
    if (!self)
        return;
    while (self->window_count > 0)
        tracker_revoke (self, self->windows[0].topic, self->windows[0].partition);
    free (self->windows);
    free (self);
    *self_p = NULL;
}

static window_t *
s_window (const tracker_t *self, uint16_t topic, int32_t partition)
{
    for (size_t i = 0; i < self->window_count; i++)
        if (self->windows[i].topic == topic && self->windows[i].partition == partition)
            return &self->windows[i];
    return NULL;
}

void
tracker_assign (tracker_t *self, uint16_t topic, int32_t partition)
{
    tracker_revoke (self, topic, partition);
    if (self->window_count == self->window_room) {
        self->window_room = self->window_room ? 2 * self->window_room : 16;
        self->windows =
            realloc (self->windows, self->window_room * sizeof *self->windows);
        assert (self->windows);
    }
    self->windows[self->window_count++] = (window_t){.topic = topic,
        .partition = partition,
        .epoch = s_next_epoch (),
        .last = -1,
        .next = -1,
        .end = -1};
}

void
tracker_revoke (tracker_t *self, uint16_t topic, int32_t partition)
{
    window_t *window = s_window (self, topic, partition);
    if (!window)
        return;
    s_let_all_go (self, window);
    free (window->taken);
    *window = self->windows[--self->window_count];
}

static void
s_grow (window_t *window)
{
    size_t room = window->room ? 2 * window->room : 64;
    taken_t *taken = malloc (room * sizeof *taken);
    assert (taken);
    for (size_t i = 0; i < window->count; i++)
        taken[i] = *s_at (window, i);
    free (window->taken);
    window->taken = taken;
    window->room = room;
    window->first = 0;
}

int
tracker_take (tracker_t *self, uint16_t topic, int32_t partition, int64_t offset,
    receipt_t *receipt)
{
    window_t *window = s_window (self, topic, partition);
    if (!window || tracker_full (self) || offset <= window->last)
        return -1;
    if (window->count == window->room)
        s_grow (window);
    window->count++;
    *s_at (window, window->count - 1) = (taken_t){.offset = offset};
    window->last = offset;
    self->outstanding++;
    *receipt = (receipt_t){.held = true,
        .topic = topic,
        .partition = partition,
        .offset = offset,
        .epoch = window->epoch};
    return 0;
}

/* Binary search: offsets ascend, with gaps (compaction, control records). */
static taken_t *
s_find (const window_t *window, int64_t offset)
{
    size_t low = 0, high = window->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s_at (window, middle)->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    taken_t *taken = low < window->count ? s_at (window, low) : NULL;
    return taken && taken->offset == offset ? taken : NULL;
}

static void
s_advance (window_t *window)
{
    while (window->count > 0 && s_at (window, 0)->settled) {
        window->next = s_at (window, 0)->offset + 1;
        window->moved = true;
        window->first = (window->first + 1) % window->room;
        window->count--;
    }
    if (window->count == 0 && window->end > window->next) {
        window->next = window->end;
        window->moved = true;
    }
}

/* What the receipt stands for, or NULL: stale, settled before, or not held. */
static taken_t *
s_open (const tracker_t *self, const receipt_t *receipt, window_t **window)
{
    *window =
        receipt->held ? s_window (self, receipt->topic, receipt->partition) : NULL;
    if (!*window || (*window)->epoch != receipt->epoch)
        return NULL;
    taken_t *taken = s_find (*window, receipt->offset);
    return taken && !taken->settled ? taken : NULL;
}

bool
tracker_settle (tracker_t *self, const receipt_t *receipt, receipt_outcome_t outcome)
{
    assert (outcome != RECEIPT_RETRY);
    window_t *window;
    taken_t *taken = s_open (self, receipt, &window);
    if (!taken)
        return false;
    s_let_go (self, taken);
    s_advance (window);
    return true;
}

bool
tracker_end (tracker_t *self, uint16_t topic, int32_t partition, int64_t end)
{
    window_t *window = s_window (self, topic, partition);
    if (!window)
        return false;
    window->end = end;
    int64_t before = window->next;
    s_advance (window);
    return window->next != before;
}

int
tracker_storable (tracker_t *self, uint16_t *topic, int32_t *partition, int64_t *next)
{
    for (size_t i = 0; i < self->window_count; i++) {
        window_t *window = &self->windows[i];
        if (!window->moved)
            continue;
        window->moved = false;
        *topic = window->topic;
        *partition = window->partition;
        *next = window->next;
        return 0;
    }
    return -1;
}

int
tracker_rewind (tracker_t *self, const receipt_t *receipt, int64_t *offset)
{
    window_t *window;
    if (!s_open (self, receipt, &window))
        return -1;
    *offset = s_at (window, 0)->offset;
    s_let_all_go (self, window);
    window->last = *offset - 1;
    window->end = -1; /* is reached again */
    window->epoch = s_next_epoch ();
    return 0;
}

void
tracker_unstored (tracker_t *self, uint16_t topic, int32_t partition)
{
    window_t *window = s_window (self, topic, partition);
    if (window && window->next >= 0)
        window->moved = true;
}

void
tracker_keep (tracker_t *self, const receipt_t *receipt, void *item, size_t size,
    tracker_release_f *release)
{
    window_t *window;
    taken_t *taken = s_open (self, receipt, &window);
    assert (taken && !taken->item && release);
    taken->item = item;
    taken->item_size = size;
    taken->release = release;
    self->bytes += size;
}

void *
tracker_item (const tracker_t *self, const receipt_t *receipt)
{
    window_t *window;
    const taken_t *taken = s_open (self, receipt, &window);
    return taken ? taken->item : NULL;
}

size_t
tracker_bytes (const tracker_t *self)
{
    return self->bytes;
}

size_t
tracker_outstanding (const tracker_t *self)
{
    return self->outstanding;
}

bool
tracker_full (const tracker_t *self)
{
    return self->outstanding >= self->limit;
}
