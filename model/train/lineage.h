/* What a checkpoint says about its making. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_LINEAGE_H
#define SASREC_MODEL_TRAIN_LINEAGE_H

#include <jansson.h>

#include "model/train/course.h"
#include "model/train/trainer.h"

/* A version by the time: unique and sortable. */
void lineage_version (char version[CHECKPOINT_VERSION_SIZE]);

/* {"metrics","floors","options","data","run"}; fresh. */
json_t *lineage_json (const trainer_job_t *job, const course_plan_t *plan,
    const trainer_report_t *report);

#endif
