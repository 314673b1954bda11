/* Which traces are recorded, as OTEL_TRACES_SAMPLER and its argument say: the words of the
 * OpenTelemetry specification. A decision depends on the trace alone, so that all services
 * that are asked the same decide the same. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_SAMPLER_H
#define SASREC_ACTORS_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/trace.h"

typedef struct {
    bool parent_based; /* who asks has decided, if he says which trace it is */
    uint64_t bound;    /* of 2^63: ids below it are recorded */
} sampler_t;

/* word: "always_on", "always_off", "traceidratio", or "parentbased_" and one of these;
 * argument: of a ratio, from 0 to 1 ("" is 1). -1 with error, which names the variable. */
int sampler_read (
    sampler_t *self, const char *word, const char *argument, char error[160]);

/* from_parent: the trace came with the request, flags and all. */
bool sampler_decide (const sampler_t *self, const trace_t *trace, bool from_parent);

#endif
