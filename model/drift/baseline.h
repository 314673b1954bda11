/* What a model is compared with when it serves: histograms of its own training users'
 * requests, made when it was written and kept in its checkpoint. A request that is
 * answered later is tallied into the same bins. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DRIFT_BASELINE_H
#define SASREC_MODEL_DRIFT_BASELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/drift/features.h"
#include "model/drift/histogram.h"

/* Zeros: nothing to compare with. */
typedef struct {
    histogram_t features[FEATURE_COUNT]; /* one with a total of 0 is not compared */
    histogram_t
        scores; /* of the best ten; its bounds are those of the service's metric */
} baseline_t;

/* Requests of a sample below which nothing is compared: the index would be noise. */
#define BASELINE_SAMPLE_LEAST 50

/* sources: count requests; scores: score_count of their best ten, sorted here. */
baseline_t baseline_new (
    const feature_source_t *sources, size_t count, double *scores, size_t score_count);

/* {"scores":{...},"drift":{"history_length":{...},...}}; fresh; without "drift" when the
 * sample was too small. */
json_t *baseline_json (const baseline_t *self);

/* From such an object; each part may be missing (files of older versions have no
 * "drift"): then that is not compared, and scores gets bounds that suit most models. -1
 * with error. */
int baseline_read (const json_t *reference, baseline_t *self, char error[160]);

/* One feature at least is. */
bool baseline_is_comparable (const baseline_t *self);

/* Requests by feature and bin. */
typedef struct {
    uint32_t requests;
    uint32_t counts[FEATURE_COUNT][HISTOGRAM_BINS];
} tally_t;

void baseline_tally (
    const baseline_t *self, const feature_source_t *source, tally_t *tally);

#endif
