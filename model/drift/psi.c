/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drift/psi.h"

#include <math.h>

static double
s_total (const uint64_t *counts, size_t bins)
{
    uint64_t total = 0;
    for (size_t i = 0; i < bins; i++)
        total += counts[i];
    return (double)total;
}

double
psi_index (const uint64_t *expected, const uint64_t *actual, size_t bins)
{
    double all_expected = s_total (expected, bins), all_actual = s_total (actual, bins);
    double fewer = fmin (all_expected, all_actual), sum = 0;
    if (fewer <= 0)
        return 0;
    for (size_t i = 0; i < bins; i++) {
        double e = fmax ((double)expected[i] / all_expected, 0.5 / fewer);
        double a = fmax ((double)actual[i] / all_actual, 0.5 / fewer);
        sum += (a - e) * log (a / e);
    }
    return sum;
}
