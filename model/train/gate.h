/* Does a trained model deserve to go live? It must beat the floors, and must not be
 * significantly worse than the model in use on the same users of the same data now.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_GATE_H
#define SASREC_MODEL_TRAIN_GATE_H

#include <stdbool.h>

#include "model/eval/ranking.h"
#include "model/train/options.h"

#define GATE_REASON_SIZE 240

typedef struct {
    bool publish;
    char reason[GATE_REASON_SIZE]; /* one sentence without its full stop */
} gate_verdict_t;

/* What the new model stands beside, on the users of its test. */
typedef struct {
    const char *name; /* NULL: there is none */
    ranking_t ranking;
    ranking_pair_t pair; /* the new one's gain over it */
} gate_rival_t;

typedef struct {
    const ranking_t *test; /* of the new model */
    gate_rival_t popularity, markov;
    gate_rival_t in_use; /* by its version; none when no model that works is in use */
    bool part;           /* only a part of the users that the test should have had was
                            ranked: a model that is not shown to be better than each of them
                            is not published, for fewer users let more pass by chance */
} gate_case_t;

gate_verdict_t gate_judge (options_publish_t rule, const gate_case_t *facts);

#endif
