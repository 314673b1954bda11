/* Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998, 335-336): of the best 100
 * items, which are R, that one comes next whose
 *
 *     (1 - d) r_i - d max_(j in S) cos (e_i, e_j)
 *
 * is largest, where S are those that came before (nothing at first, and the maximum 0), e
 * the vectors of the item table (0 has no direction, and the cosine 0), and r the score's
 * place between the lowest (0) and the highest (1) of R; 1 where these are equal. Of equal
 * ones the one with the better score comes first. In doubles, of products as dot gives them:
 * the same on every CPU. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_DIVERSITY_H
#define SASREC_MODEL_SERVE_DIVERSITY_H

#include "model/serve/top.h"

#define DIVERSITY_POOL 100 /* |R| at most */

/* items: V x D; diversity: d, 0 to 1; top: sorted. The first k of it are in this order
 * afterwards, those behind the pool still by score. */
void diversify (
    const float *items, size_t width, float diversity, size_t k, top_t *top);

#endif
