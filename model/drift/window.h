/* The requests of the last hour, by feature and bin; where they are few, of as much longer
 * as it takes to have enough of them to compare, a day at most. A ring of ten minutes each.
 * Time is an argument, and the caller's lock its only protection.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DRIFT_WINDOW_H
#define SASREC_MODEL_DRIFT_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "model/drift/baseline.h"

#define WINDOW_SLOT_MS  (10 * 60 * 1000)
#define WINDOW_SLOTS    144 /* a day */
#define WINDOW_HOUR     6   /* slots */
#define WINDOW_REQUESTS 500 /* enough: with ten bins noise is about 0.02 + 9/sample */

typedef struct window window_t;

typedef struct {
    uint64_t requests;
    uint64_t counts[FEATURE_COUNT][HISTOGRAM_BINS];
} window_sum_t;

window_t *window_new (void);
void window_destroy (window_t **self_p);
void window_clear (window_t *self);

/* now_ms: monotonic, not before that of an earlier call. */
void window_add (window_t *self, const tally_t *tally, int64_t now_ms);

void window_sum (const window_t *self, int64_t now_ms, window_sum_t *sum);

/* The index of a feature; NaN: fewer than WINDOW_REQUESTS have that feature, or the
 * baseline has not. */
double window_drift (
    const window_sum_t *sum, const baseline_t *baseline, feature_t feature);

#endif
