/* Built with -ffp-contract=off. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/dot.h"

#include <string.h>

#include "model/kernel/simd.h"

#define LANES 16

typedef float lanes_t __attribute__ ((vector_size (64)));
typedef float half_t __attribute__ ((vector_size (32)));
typedef float quarter_t __attribute__ ((vector_size (16)));

SIMD_CLONES float
dot (const float *a, const float *b, size_t width)
{
    lanes_t sums = {0}, x, y;
    size_t at = 0;
    for (; at + LANES <= width; at += LANES) {
        memcpy (&x, a + at, sizeof x);
        memcpy (&y, b + at, sizeof y);
        sums += x * y;
    }
    if (at < width) {
        x = y = (lanes_t){0};
        memcpy (&x, a + at, (width - at) * sizeof *a);
        memcpy (&y, b + at, (width - at) * sizeof *b);
        sums += x * y;
    }
    half_t halves[2];
    memcpy (halves, &sums, sizeof halves);
    halves[0] += halves[1];
    quarter_t quarters[2];
    memcpy (quarters, halves, sizeof quarters);
    quarters[0] += quarters[1];
    return (quarters[0][0] + quarters[0][2]) + (quarters[0][1] + quarters[0][3]);
}
