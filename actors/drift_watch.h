/* How far the requests of this process are from those of the training users of the model
 * in use: a window of what the workers tallied, and its population stability index by
 * feature as metrics (model/drift/). One for all workers; each call is safe from any
 * thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_DRIFT_WATCH_H
#define SASREC_ACTORS_DRIFT_WATCH_H

#include <stdint.h>

#include "model/serve/model.h"

#define DRIFT_WATCH_MS 2000 /* from one publication to the next */

typedef struct drift_watch drift_watch_t;

drift_watch_t *drift_watch_new (void);
void drift_watch_destroy (drift_watch_t **self_p); /* its series go, too */

/* What a batch had that this model computed, tallied against its baseline. Let go when
 * another one is watched: a new model is from the next publication on, the first at once.
 * now_ms: monotonic. */
void drift_watch_add (
    drift_watch_t *self, const model_t *model, const tally_t *tally, int64_t now_ms);

/* At most every DRIFT_WATCH_MS, sooner is nothing done: watches this model, and sets
 * sasrec_drift_window_requests and sasrec_drift_psi, NaN where too few requests are in the
 * window. A model without a baseline has neither. */
void drift_watch_publish (drift_watch_t *self, const model_t *model, int64_t now_ms);

#endif
