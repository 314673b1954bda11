/* The one shared, immutable model of a process, and what of the catalogue concerns it.
 * Readers take a reference per batch, to both at once; the reload_controller puts a new
 * model, the catalogue_watch changes the catalogue; what is old is freed by its last
 * reader. Readers never wait for either: what is new is made beside, then swapped.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_MODEL_SLOT_H
#define SASREC_ACTORS_MODEL_SLOT_H

#include <stdbool.h>

#include "model/serve/offer.h"

typedef struct model_slot model_slot_t;
typedef struct model_ref model_ref_t;

model_slot_t *model_slot_new (void);
void model_slot_destroy (model_slot_t **self_p); /* all references must be back */

/* From now on there is no model without a catalogue: nothing is recommended before it is
 * known what may be. */
void model_slot_await_catalogue (model_slot_t *self);

/* NULL when there is no model yet. Under a mutex: load-then-increment would be a
 * use-after-free. */
model_ref_t *model_slot_acquire (model_slot_t *self);
bool model_slot_has (model_slot_t *self); /* a model; once there, there always is one */
const model_t *model_ref_model (const model_ref_t *ref);
/* What is on offer, as of now to the second; NULL: no catalogue is known. Lives with the
 * reference. */
const offer_t *model_ref_offer (const model_ref_t *ref);
void model_ref_release (model_ref_t **ref_p);

/* Takes the model and makes it the one in use. */
void model_slot_put (model_slot_t *self, model_t **model_p);

/* The model itself, for who only asks what it knows: also while the catalogue is awaited.
 * Of it there is no offer. */
model_ref_t *model_slot_acquire_any (model_slot_t *self);

/* Takes a whole catalogue, in place of the one before. */
void model_slot_put_catalogue (model_slot_t *self, catalogue_t **catalogue_p);

/* Changes the catalogue in place; there must be one. categories as in catalogue_put. */
typedef struct {
    catalogue_row_t row;
    const char *categories;
} model_slot_change_t;
void model_slot_change_catalogue (
    model_slot_t *self, const model_slot_change_t *changes, size_t count);

#endif
