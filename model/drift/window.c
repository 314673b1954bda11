/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drift/window.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/drift/psi.h"

typedef struct {
    int64_t number; /* of its ten minutes, from 1; 0: never used */
    tally_t tally;
} slot_t;

struct window {
    slot_t slots[WINDOW_SLOTS];
};

window_t *
window_new (void)
{
    window_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
window_destroy (window_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

void
window_clear (window_t *self)
{
    memset (self, 0, sizeof *self);
}

static int64_t
s_number (int64_t now_ms)
{
    return now_ms / WINDOW_SLOT_MS + 1;
}

void
window_add (window_t *self, const tally_t *tally, int64_t now_ms)
{
    int64_t number = s_number (now_ms);
    slot_t *slot = &self->slots[number % WINDOW_SLOTS];
    if (slot->number != number) {
        memset (slot, 0, sizeof *slot);
        slot->number = number;
    }
    slot->tally.requests += tally->requests;
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        for (size_t j = 0; j < HISTOGRAM_BINS; j++)
            slot->tally.counts[i][j] += tally->counts[i][j];
}

static void
s_sum_slot (const tally_t *tally, window_sum_t *sum)
{
    sum->requests += tally->requests;
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        for (size_t j = 0; j < HISTOGRAM_BINS; j++)
            sum->counts[i][j] += tally->counts[i][j];
}

void
window_sum (const window_t *self, int64_t now_ms, window_sum_t *sum)
{
    int64_t number = s_number (now_ms);
    memset (sum, 0, sizeof *sum);
    for (int64_t age = 0; age < WINDOW_SLOTS && age < number; age++) {
        const slot_t *slot = &self->slots[(number - age) % WINDOW_SLOTS];
        if (age > WINDOW_HOUR && sum->requests >= WINDOW_REQUESTS)
            break;
        if (slot->number == number - age)
            s_sum_slot (&slot->tally, sum);
    }
}

double
window_drift (const window_sum_t *sum, const baseline_t *baseline, feature_t feature)
{
    const histogram_t *expected = &baseline->features[feature];
    const uint64_t *actual = sum->counts[feature];
    uint64_t seen = 0;
    for (size_t i = 0; i <= expected->bound_count; i++)
        seen += actual[i];
    if (seen < WINDOW_REQUESTS || histogram_total (expected) == 0)
        return (double)NAN;
    return psi_index (expected->counts, actual, expected->bound_count + 1);
}
