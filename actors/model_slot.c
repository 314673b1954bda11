/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/model_slot.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct model_ref {
    model_slot_t *slot; /* where it was acquired */
    model_t *model;
    size_t count; /* readers, plus one while it is the one in use */
};

struct model_slot {
    pthread_mutex_t mutex;
    model_ref_t *current; /* NULL: no model yet */
    size_t alive;         /* models not freed yet, the current one included */
};

model_slot_t *
model_slot_new (void)
{
    model_slot_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    return self;
}

/* Gives one reference back; the last one frees, outside the mutex. */
static void
s_drop (model_slot_t *self, model_ref_t *ref)
{
    pthread_mutex_lock (&self->mutex);
    size_t left = --ref->count;
    if (left == 0)
        self->alive--;
    pthread_mutex_unlock (&self->mutex);
    if (left > 0)
        return;
    model_destroy (&ref->model);
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
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

model_ref_t *
model_slot_acquire (model_slot_t *self)
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
    bool found = self->current != NULL;
    pthread_mutex_unlock (&self->mutex);
    return found;
}

const model_t *
model_ref_model (const model_ref_t *ref)
{
    return ref->model;
}

void
model_ref_release (model_ref_t **ref_p)
{
    if (*ref_p)
        s_drop ((*ref_p)->slot, *ref_p);
    *ref_p = NULL;
}

void
model_slot_put (model_slot_t *self, model_t **model_p)
{
    model_ref_t *ref = calloc (1, sizeof *ref);
    assert (ref && *model_p);
    ref->slot = self;
    ref->model = *model_p;
    ref->count = 1;
    *model_p = NULL;
    pthread_mutex_lock (&self->mutex);
    model_ref_t *old = self->current;
    self->current = ref;
    self->alive++;
    pthread_mutex_unlock (&self->mutex);
    if (old)
        s_drop (self, old);
}
