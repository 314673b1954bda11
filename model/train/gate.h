/* Does a trained model deserve to go live? It must beat the floors, and must not be
 * significantly worse than the model in use on the same users of the same data now.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_GATE_H
#define SASREC_MODEL_TRAIN_GATE_H

#include <stdbool.h>

#include "model/eval/floors.h"
#include "model/eval/ranking.h"
#include "model/train/options.h"

#define GATE_REASON_SIZE 240

typedef struct {
    bool publish;
    char reason[GATE_REASON_SIZE]; /* one sentence without its full stop */
} gate_verdict_t;

typedef struct {
    const ranking_t *test; /* of the new model */
    const floors_t *floors;
    const char *version;        /* in use; NULL: none that works */
    const ranking_t *in_use;    /* its test, when there is one */
    const ranking_pair_t *pair; /* the new one's gain over it, likewise */
} gate_case_t;

gate_verdict_t gate_judge (options_publish_t rule, const gate_case_t *facts);

#endif
