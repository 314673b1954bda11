/* The one shared, immutable model of a process. Readers take a reference per batch; the
 * reload_controller puts a new one; the old one is freed by its last reader.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_MODEL_SLOT_H
#define SASREC_ACTORS_MODEL_SLOT_H

#include <stdbool.h>

#include "model/serve/model.h"

typedef struct model_slot model_slot_t;
typedef struct model_ref model_ref_t;

model_slot_t *model_slot_new (void);
void model_slot_destroy (model_slot_t **self_p); /* all references must be back */

/* NULL when there is no model yet. Under a mutex: load-then-increment would be a
 * use-after-free. */
model_ref_t *model_slot_acquire (model_slot_t *self);
bool model_slot_has (model_slot_t *self); /* a model; once there, there always is one */
const model_t *model_ref_model (const model_ref_t *ref);
void model_ref_release (model_ref_t **ref_p);

/* Takes the model and makes it the one in use. */
void model_slot_put (model_slot_t *self, model_t **model_p);

#endif
