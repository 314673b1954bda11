/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/similar.h"

#include <math.h>

#include "model/kernel/dot.h"

void
similar_top (
    const float *items, size_t item_count, size_t width, size_t item, top_t *top)
{
    const float *of = items + item * width;
    float length = sqrtf (dot (of, of, width));
    top->count = 0;
    for (size_t i = 0; i < item_count; i++) {
        if (!top_is_eligible (top, i))
            continue;
        const float *other = items + i * width;
        float lengths = i == item ? 0 : length * sqrtf (dot (other, other, width));
        if (lengths > 0)
            top_offer (top, i, dot (of, other, width) / lengths);
    }
    top_sort (top);
}
