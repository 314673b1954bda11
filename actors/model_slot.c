/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/model_slot.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

#define AT_LEAST_MS 1000 /* from one offer to the next that only the time makes */

/* A model that may be part of several references, one after the other. */
typedef struct {
    model_t *model;
    size_t holders;
} held_t;

struct model_ref {
    model_slot_t *slot; /* where it was acquired */
    held_t *held;
    offer_t *offer; /* NULL: no catalogue */
    size_t count;   /* readers, plus one while it is the one in use */
};

/* Two locks: readers only ever take the first, and it is held for a few instructions. Who
 * makes something new holds the second throughout. */
struct model_slot {
    pthread_mutex_t mutex;
    model_ref_t *current; /* NULL: no model yet */
    size_t alive;         /* references not freed yet, the current one included */
    bool awaits;          /* a catalogue */
    pthread_mutex_t making;
    catalogue_t *catalogue; /* NULL: none */
    /* When an offer was made anew for the time's sake; monotonic. */
    _Atomic int64_t rolled_ms;
};

model_slot_t *
model_slot_new (void)
{
    model_slot_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    pthread_mutex_init (&self->making, NULL);
    return self;
}

/* Gives one reference back; the last one frees, outside the mutex. */
static void
s_drop (model_slot_t *self, model_ref_t *ref)
{
    pthread_mutex_lock (&self->mutex);
    size_t left = --ref->count, holders = 1;
    if (left == 0) {
        self->alive--;
        holders = --ref->held->holders;
    }
    pthread_mutex_unlock (&self->mutex);
    if (left > 0)
        return;
    if (holders == 0) {
        model_destroy (&ref->held->model);
        free (ref->held);
    }
    offer_destroy (&ref->offer);
    free (ref);
}

void
model_slot_destroy (model_slot_t **self_p)
{
    model_slot_t *self = *self_p;
    if (!self)
        return;
    if (self->current)
        s_drop (self, self->current);
    assert (self->alive == 0);
    catalogue_destroy (&self->catalogue);
    pthread_mutex_destroy (&self->mutex);
    pthread_mutex_destroy (&self->making);
    free (self);
    *self_p = NULL;
}

void
model_slot_await_catalogue (model_slot_t *self)
{
    self->awaits = true;
}

/* Makes it the current one; the maker's lock is held. */
static void
s_swap (model_slot_t *self, held_t *held, offer_t *offer)
{
    model_ref_t *ref = calloc (1, sizeof *ref);
    assert (ref);
    *ref = (model_ref_t){.slot = self, .held = held, .offer = offer, .count = 1};
    pthread_mutex_lock (&self->mutex);
    model_ref_t *old = self->current;
    self->current = ref;
    self->alive++;
    held->holders++;
    pthread_mutex_unlock (&self->mutex);
    if (old)
        s_drop (self, old);
}

/* An item's time has come. Not more often than once a second, however many there are. */
static void
s_roll (model_slot_t *self, int64_t now_ms)
{
    pthread_mutex_lock (&self->making);
    const model_ref_t *current = self->current; /* only makers change it */
    if (current->offer && offer_is_old (current->offer, now_ms)) {
        self->rolled_ms = clock_monotonic_ms ();
        s_swap (self, current->held, offer_at (current->offer, now_ms));
    }
    pthread_mutex_unlock (&self->making);
}

static bool
s_is_old (const model_slot_t *self, const model_ref_t *ref, int64_t *now_ms)
{
    if (!ref || !ref->offer || !offer_has_times (ref->offer))
        return false;
    *now_ms = clock_unix_ms ();
    return offer_is_old (ref->offer, *now_ms) &&
           self->rolled_ms + AT_LEAST_MS <= clock_monotonic_ms ();
}

/* The mutex is held. */
static model_ref_t *
s_usable (const model_slot_t *self)
{
    bool blind = self->awaits && self->current && !self->current->offer;
    return blind ? NULL : self->current;
}

model_ref_t *
model_slot_acquire (model_slot_t *self)
{
    int64_t now_ms;
    pthread_mutex_lock (&self->mutex);
    if (s_is_old (self, s_usable (self), &now_ms)) {
        pthread_mutex_unlock (&self->mutex);
        s_roll (self, now_ms);
        pthread_mutex_lock (&self->mutex);
    }
    model_ref_t *ref = s_usable (self);
    if (ref)
        ref->count++;
    pthread_mutex_unlock (&self->mutex);
    return ref;
}

model_ref_t *
model_slot_acquire_any (model_slot_t *self)
{
    pthread_mutex_lock (&self->mutex);
    model_ref_t *ref = self->current;
    if (ref)
        ref->count++;
    pthread_mutex_unlock (&self->mutex);
    return ref;
}

bool
model_slot_has (model_slot_t *self)
{
    pthread_mutex_lock (&self->mutex);
    bool found = s_usable (self) != NULL;
    pthread_mutex_unlock (&self->mutex);
    return found;
}

const model_t *
model_ref_model (const model_ref_t *ref)
{
    return ref->held->model;
}

const offer_t *
model_ref_offer (const model_ref_t *ref)
{
    return ref->offer;
}

void
model_ref_release (model_ref_t **ref_p)
{
    if (*ref_p)
        s_drop ((*ref_p)->slot, *ref_p);
    *ref_p = NULL;
}

static offer_t *
s_offer (const model_slot_t *self, const model_t *model)
{
    return self->catalogue ? offer_new (self->catalogue, model, clock_unix_ms ())
                           : NULL;
}

void
model_slot_put (model_slot_t *self, model_t **model_p)
{
    held_t *held = calloc (1, sizeof *held);
    assert (held && *model_p);
    held->model = *model_p;
    *model_p = NULL;
    pthread_mutex_lock (&self->making);
    s_swap (self, held, s_offer (self, held->model));
    pthread_mutex_unlock (&self->making);
}

void
model_slot_put_catalogue (model_slot_t *self, catalogue_t **catalogue_p)
{
    pthread_mutex_lock (&self->making);
    catalogue_destroy (&self->catalogue);
    self->catalogue = *catalogue_p;
    *catalogue_p = NULL;
    if (self->current)
        s_swap (self, self->current->held, s_offer (self, self->current->held->model));
    pthread_mutex_unlock (&self->making);
}

static void
s_change_offer (model_slot_t *self, const model_slot_change_t *changes, size_t count)
{
    int64_t *item_ids = calloc (count + 1, sizeof *item_ids);
    assert (item_ids);
    for (size_t i = 0; i < count; i++)
        item_ids[i] = changes[i].row.item_id;
    held_t *held = self->current->held;
    s_swap (self, held,
        offer_changed (self->current->offer, self->catalogue, held->model, item_ids,
            count, clock_unix_ms ()));
    free (item_ids);
}

void
model_slot_change_catalogue (
    model_slot_t *self, const model_slot_change_t *changes, size_t count)
{
    pthread_mutex_lock (&self->making);
    assert (self->catalogue);
    for (size_t i = 0; i < count; i++)
        catalogue_put (self->catalogue, &changes[i].row, changes[i].categories);
    if (self->current && count > 0)
        s_change_offer (self, changes, count);
    pthread_mutex_unlock (&self->making);
}
