/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drift/baseline.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DRIFT_KEY  "drift"
#define SCORES_KEY "scores"

/* Bins for the sample: 25 requests in each on average, or its own noise is in the index. */
#define SHARE_REQUESTS 25
#define SHARES_MOST    10

/* Training users have no unknown items, so their shares give no bounds. A new item in a
 * long history is a matter of course. */
static const double s_unknown_bounds[] = {0.1, 0.25, 0.5};

static const double s_usual_score_bounds[] = {
    -10, -5, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30};

#define COUNT_OF(array) (sizeof (array) / sizeof *(array))

static size_t
s_shares (size_t count)
{
    size_t shares = count / SHARE_REQUESTS;
    return shares < SHARES_MOST ? shares : SHARES_MOST;
}

/* values: room for count. */
static histogram_t
s_histogram (
    feature_t feature, const feature_source_t *sources, size_t count, double *values)
{
    size_t seen = 0;
    for (size_t i = 0; i < count; i++)
        if (feature_value (feature, &sources[i], &values[seen]))
            seen++;
    if (seen < BASELINE_SAMPLE_LEAST)
        return (histogram_t){0};
    if (feature != FEATURE_UNKNOWN_ITEMS)
        return histogram_shares (values, seen, s_shares (seen));
    histogram_t self = histogram_new (s_unknown_bounds, COUNT_OF (s_unknown_bounds));
    for (size_t i = 0; i < seen; i++)
        histogram_add (&self, values[i]);
    return self;
}

baseline_t
baseline_new (
    const feature_source_t *sources, size_t count, double *scores, size_t score_count)
{
    baseline_t self = {.scores = histogram_new (
                           s_usual_score_bounds, COUNT_OF (s_usual_score_bounds))};
    double *values = calloc (count + 1, sizeof *values);
    assert (values);
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        self.features[i] = s_histogram ((feature_t)i, sources, count, values);
    free (values);
    if (score_count)
        self.scores = histogram_round (scores, score_count);
    return self;
}

json_t *
baseline_json (const baseline_t *self)
{
    json_t *reference = json_pack ("{s:o}", SCORES_KEY, histogram_json (&self->scores));
    json_t *drift = json_object ();
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        if (histogram_total (&self->features[i]))
            json_object_set_new (
                drift, feature_names[i], histogram_json (&self->features[i]));
    if (json_object_size (drift))
        json_object_set (reference, DRIFT_KEY, drift);
    json_decref (drift);
    return reference;
}

int
baseline_read (const json_t *reference, baseline_t *self, char error[160])
{
    const json_t *drift = json_object_get (reference, DRIFT_KEY);
    char wrong[160];
    *self = (baseline_t){0};
    if (histogram_read (reference, SCORES_KEY, &self->scores, error))
        return -1;
    if (self->scores.bound_count == 0)
        self->scores =
            histogram_new (s_usual_score_bounds, COUNT_OF (s_usual_score_bounds));
    if (drift && !json_is_object (drift)) {
        snprintf (error, 160, DRIFT_KEY ": must be an object");
        return -1;
    }
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        if (histogram_read (drift, feature_names[i], &self->features[i], wrong)) {
            snprintf (error, 160, DRIFT_KEY " %.140s", wrong);
            return -1;
        }
    return 0;
}

bool
baseline_is_comparable (const baseline_t *self)
{
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        if (histogram_total (&self->features[i]))
            return true;
    return false;
}

void
baseline_tally (const baseline_t *self, const feature_source_t *source, tally_t *tally)
{
    double value;
    tally->requests++;
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        if (feature_value ((feature_t)i, source, &value))
            tally->counts[i][histogram_bin (&self->features[i], value)]++;
}
