/* The top K of all items in one pass over a table of 8 bits a weight, which proves of most
 * items that they are not among them; the others' scores are computed from the floats. So
 * ids, order and scores are those of a scan of the floats, and depend on the hidden vector
 * only: not on the CPU, nor on the batch. Items come in order of popularity, so that the
 * bar rises early. Where many items are not eligible, the pass itself leaves them out; where
 * scores are lifted, it is proved of the lifted ones. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_SCORER_H
#define SASREC_MODEL_SERVE_SCORER_H

#include "model/kernel/scan.h"
#include "model/net/sasrec.h"
#include "model/serve/top.h"

typedef struct scorer scorer_t; /* immutable */

/* items: V x D, borrowed. kernel: NULL for the fastest. */
scorer_t *scorer_new (
    const float *items, size_t item_count, size_t width, const scan_kernel_t *kernel);
/* Of a model's items, which nobody has written to: where they are mapped they rest (as
 * sasrec_weights_rest says) as soon as they are in the table. */
scorer_t *scorer_of (const sasrec_weights_t *weights);
void scorer_destroy (scorer_t **self_p);

/* hidden: count x D. Fills the tops: min (k, eligible items with a score above -infinity)
 * items, best first. Returns how many scores it computed from the floats. */
size_t scorer_top (
    const scorer_t *self, const float *hidden, top_t *tops, size_t count);

/* Bytes of the table. */
size_t scorer_size (const scorer_t *self);

#endif
