/* What drift is looked for in: one number of each kind from an answered request, so that
 * requests, not items, are counted and the index's noise is that of so many independent
 * ones. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DRIFT_FEATURES_H
#define SASREC_MODEL_DRIFT_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    FEATURE_HISTORY_LENGTH,         /* items as sent */
    FEATURE_UNKNOWN_ITEMS,          /* share of them that the model does not know */
    FEATURE_HISTORY_POPULARITY,     /* rank by popularity of the newest known one */
    FEATURE_SCORE,                  /* of the best item: the same whatever K is */
    FEATURE_RECOMMENDED_POPULARITY, /* rank of the best item */
    FEATURE_COUNT
} feature_t;

/* Names as they stand in metrics and files: "history_length", ... */
extern const char *const feature_names[FEATURE_COUNT];

/* A request and its answer, as far as they matter here. Dense indexes are ranks by
 * popularity, 0 the most popular. */
typedef struct {
    size_t history_count;
    size_t unknown_count;
    int32_t newest; /* dense index of the newest known item of the history; -1: none */
    int32_t best;   /* ... of the item the model puts first; -1: it had no say */
    float score;    /* of that one */
} feature_source_t;

/* False: this request has no such number. */
bool feature_value (feature_t feature, const feature_source_t *source, double *value);

#endif
