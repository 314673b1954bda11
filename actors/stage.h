/* The stages that a request passes, each timed by the actor that ends it: "accepted" (the
 * request_producer: until its row is committed), "queued" (the pool: until a worker has
 * it), "computed" (the worker: its batch), "stored" (the db_writer: from having the result
 * until it is committed). And how many wait before them. Families that actors share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_STAGE_H
#define SASREC_ACTORS_STAGE_H

#include <stdint.h>

#include "base/metrics.h"

metric_t *stage_seconds (const char *stage); /* histogram */
metric_t *stage_queue (const char *queue);   /* gauge */

/* Histogram: from acceptance in this process to the result, by who lets go of it: the worker
 * of what is answered at once, the result_router of a job. */
metric_t *stage_answer_seconds (void);

/* Times as of clock_monotonic_us. from_us 0: not known, not counted. */
void stage_observe (metric_t *seconds, int64_t from_us, int64_t until_us);

#endif
