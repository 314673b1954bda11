/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drift/histogram.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"

#define MARGIN      0.5 /* round a value that is the first or the last of all */
#define ROUND_STEPS 20
#define FINEST      1e-6  /* half a range, of the values' own size: steps stay exact */
#define CLOSEST     1e-13 /* of bounds that differ in 15 digits, as metrics print them */

histogram_t
histogram_new (const double *bounds, size_t bound_count)
{
    histogram_t self = {.bound_count = bound_count};
    assert (bound_count < HISTOGRAM_BINS);
    if (bound_count)
        memcpy (self.bounds, bounds, bound_count * sizeof *bounds);
    return self;
}

size_t
histogram_bin (const histogram_t *self, double value)
{
    size_t bin = 0;
    while (bin < self->bound_count && value > self->bounds[bin])
        bin++;
    return bin;
}

void
histogram_add (histogram_t *self, double value)
{
    self->counts[histogram_bin (self, value)]++;
}

uint64_t
histogram_total (const histogram_t *self)
{
    uint64_t total = 0;
    for (size_t i = 0; i <= self->bound_count; i++)
        total += self->counts[i];
    return total;
}

static int
s_ascending (const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void
s_count (histogram_t *self, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        histogram_add (self, values[i]);
}

static void
s_cut (histogram_t *self, double bound)
{
    assert (self->bound_count < HISTOGRAM_BINS - 1);
    self->bounds[self->bound_count++] = bound;
}

/* Below values[at], which the one before is not equal to; at may be 0 or count. */
static double
s_between (const double *values, size_t count, size_t at)
{
    if (at == 0)
        return values[0] - MARGIN;
    return at == count ? values[at - 1] + MARGIN : values[at - 1] / 2 + values[at] / 2;
}

histogram_t
histogram_shares (double *values, size_t count, size_t shares)
{
    histogram_t self = {0};
    assert (shares > 0 && shares <= HISTOGRAM_SHARES_LIMIT);
    qsort (values, count, sizeof *values, s_ascending);
    size_t share = count / shares ? count / shares : 1, held = 0;
    for (size_t at = 0, end = 0; at < count; at = end) {
        while (end < count && values[end] == values[at])
            end++;
        bool heavy = end - at >= share;
        if (heavy && (held || at == 0)) {
            s_cut (&self, s_between (values, count, at));
            held = 0;
        }
        held += end - at;
        /* What is left must be worth a bin. */
        if (heavy || (held >= share && count - end > share / 2)) {
            s_cut (&self, s_between (values, count, end));
            held = 0;
        }
    }
    s_count (&self, values, count);
    return self;
}

/* The smallest of 1, 2, 5 times a power of ten that is not below. */
static double
s_round_step (double least)
{
    double power = pow (10, floor (log10 (least)));
    static const double factors[] = {1, 2, 5};
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        if (factors[i] * power >= least)
            return factors[i] * power;
    return 10 * power;
}

histogram_t
histogram_round (double *values, size_t count)
{
    histogram_t self = {0};
    assert (count > 0);
    qsort (values, count, sizeof *values, s_ascending);
    double low = values[count / 100], high = values[count - 1 - count / 100];
    double size = fmax (fabs (low), fabs (high));
    double half = fmax ((high - low) / 2, size * FINEST);
    half = half > 1e-3 ? half : MARGIN;
    double step = s_round_step ((high - low + 2 * half) / ROUND_STEPS);
    double first = floor ((low - half) / step), last = ceil ((high + half) / step);
    for (double i = first; i <= last; i++)
        s_cut (&self, i * step);
    s_count (&self, values, count);
    return self;
}

json_t *
histogram_json (const histogram_t *self)
{
    json_t *bounds = json_array (), *counts = json_array ();
    for (size_t i = 0; i < self->bound_count; i++)
        json_array_append_new (bounds, json_real (self->bounds[i]));
    for (size_t i = 0; i <= self->bound_count; i++)
        json_array_append_new (counts, json_integer ((json_int_t)self->counts[i]));
    return json_pack ("{s:o,s:o}", "bounds", bounds, "counts", counts);
}

/* NULL: it was read; else what is wrong. */
static const char *
s_read_bounds (const json_t *bounds, histogram_t *self)
{
    size_t count = json_array_size (bounds);
    if (!json_is_array (bounds) || count >= HISTOGRAM_BINS)
        return "bounds must be an array of at most 31 numbers";
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get (bounds, i);
        self->bounds[i] = json_number_value (value);
        if (!json_is_number (value) || !isfinite (self->bounds[i]) ||
            (i && !(self->bounds[i] - self->bounds[i - 1] >
                      CLOSEST * fabs (self->bounds[i]))))
            return "bounds must be numbers that ascend";
    }
    self->bound_count = count;
    return NULL;
}

static const char *
s_read_counts (const json_t *counts, histogram_t *self)
{
    if (!json_is_array (counts) || json_array_size (counts) != self->bound_count + 1)
        return "counts must be an array, one longer than bounds";
    for (size_t i = 0; i <= self->bound_count; i++) {
        const json_t *value = json_array_get (counts, i);
        json_int_t count = json_integer_value (value);
        if (!json_is_integer (value) || count < 0 || count > JSON_INTEGER_MAX)
            return "counts must be integers from 0 to 2^53 - 1";
        self->counts[i] = (uint64_t)count;
    }
    return NULL;
}

int
histogram_read (
    const json_t *object, const char *key, histogram_t *self, char error[160])
{
    const json_t *value = json_object_get (object, key);
    *self = (histogram_t){0};
    if (!value)
        return 0;
    const char *wrong = json_is_object (value) ? NULL : "must be an object";
    if (!wrong)
        wrong = s_read_bounds (json_object_get (value, "bounds"), self);
    if (!wrong)
        wrong = s_read_counts (json_object_get (value, "counts"), self);
    if (wrong)
        snprintf (error, 160, "%s: %s", key, wrong);
    return wrong ? -1 : 0;
}
