/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/gather.h"

#include "model/kernel/dot.h"

void
gather_top (
    const float *items, size_t width, const float *hidden, size_t words, top_t *top)
{
    top->count = 0;
    for (size_t word = 0; word < words; word++)
        for (uint64_t left = top->eligible[word]; left; left &= left - 1) {
            size_t item = word * 64 + (size_t)__builtin_ctzll (left);
            float score = dot (hidden, items + item * width, width);
            top_offer (top, item, score + top_lift (top, item));
        }
    top_sort (top);
}
