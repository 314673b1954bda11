/* Counts of numbers in bins: bin i holds what is above bounds[i - 1] and not above
 * bounds[i], the last one is open. Bounds come from the numbers themselves: bins of equal
 * shares to compare by, or round numbers for people to look at.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DRIFT_HISTOGRAM_H
#define SASREC_MODEL_DRIFT_HISTOGRAM_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BINS         32
#define HISTOGRAM_SHARES_LIMIT 12

typedef struct {
    size_t bound_count;
    double bounds[HISTOGRAM_BINS - 1]; /* bound_count, ascending */
    uint64_t counts[HISTOGRAM_BINS];   /* bound_count + 1 */
} histogram_t;

/* Bounds given: ascending, fewer than HISTOGRAM_BINS; nothing counted yet. */
histogram_t histogram_new (const double *bounds, size_t bound_count);

/* About so many bins (at most HISTOGRAM_SHARES_LIMIT) of about equal shares of the values,
 * which are sorted here and counted. A bound lies between two values, so that rounding
 * moves none into another bin. A value that alone has a bin's share gets its own, so there
 * may be twice as many; at the end of the range with an empty bin beyond. */
histogram_t histogram_shares (double *values, size_t count, size_t shares);

/* Some 20 bins with bounds at round numbers (steps of 1, 2 or 5 times a power of ten) over
 * the middle 98 % of the values and half as much again on either side: what was learned
 * from much the same data gets the same bounds. Sorts and counts the values (at least
 * one). */
histogram_t histogram_round (double *values, size_t count);

size_t histogram_bin (const histogram_t *self, double value);
void histogram_add (histogram_t *self, double value);
uint64_t histogram_total (const histogram_t *self);

/* {"bounds":[...],"counts":[...]}; fresh. */
json_t *histogram_json (const histogram_t *self);

/* From object[key]; 0 with nothing counted when that is not there. -1 with error, which
 * starts with the key: no such object, too many bounds, not ascending, ... */
int histogram_read (
    const json_t *object, const char *key, histogram_t *self, char error[160]);

#endif
