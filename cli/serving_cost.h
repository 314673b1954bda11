/* What a checkpoint costs to serve on this machine: loaded as a server does, and asked on one
 * core. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_SERVING_COST_H
#define SASREC_CLI_SERVING_COST_H

#include "model/data/dataset.h"
#include "model/net/sasrec.h"

#define SERVING_COST_HISTORY 50 /* items of each request, all known */

/* Milliseconds of a request: the median of what fits into some 300 ms. -1 with error: the
 * file does not load. */
double serving_cost_ms (const char *path, char error[160]);

/* The widest network of at most this shape's width whose request takes at most budget_ms, by
 * networks of random weights over the items of data. *ms: what it takes. 0: none; *ms is that
 * of the narrowest one tried, *least its width. */
size_t serving_cost_width (const sasrec_shape_t *shape, const dataset_t *data,
    double budget_ms, double *ms, size_t *least);

#endif
