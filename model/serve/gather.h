/* The best of few items: each is looked up in the item table, which costs less than the
 * scan of all. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_GATHER_H
#define SASREC_MODEL_SERVE_GATHER_H

#include "model/serve/top.h"

/* items: V x D; hidden: D. The best of the eligible items (which must be said; words of
 * 64), with the very scores that the scorer gives. */
void gather_top (
    const float *items, size_t width, const float *hidden, size_t words, top_t *top);

#endif
