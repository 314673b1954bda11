/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/sampler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE (UINT64_C (1) << 63)

static int
s_read_ratio (const char *text, double *ratio, char error[160])
{
    char *end = NULL;
    *ratio = *text ? strtod (text, &end) : 1;
    if (!*text || (end != text && !*end && *ratio >= 0 && *ratio <= 1))
        return 0;
    snprintf (error, 160,
        "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not \"%.40s\"", text);
    return -1;
}

int
sampler_read (sampler_t *self, const char *word, const char *argument, char error[160])
{
    static const char prefix[] = "parentbased_";
    double ratio = 1;
    self->parent_based = strncmp (word, prefix, sizeof prefix - 1) == 0;
    const char *rest = word + (self->parent_based ? sizeof prefix - 1 : 0);
    if (strcmp (rest, "always_off") == 0)
        ratio = 0;
    else if (strcmp (rest, "traceidratio") == 0) {
        if (s_read_ratio (argument, &ratio, error))
            return -1;
    } else if (strcmp (rest, "always_on") != 0) {
        snprintf (
            error, 160, "OTEL_TRACES_SAMPLER: \"%.40s\" is no sampler of ours", word);
        return -1;
    }
    self->bound = ratio < 1 ? (uint64_t)(ratio * (double)WHOLE) : WHOLE;
    return 0;
}

bool
sampler_decide (const sampler_t *self, const trace_t *trace, bool from_parent)
{
    uint64_t low = 0;
    if (self->parent_based && from_parent)
        return trace_sampled (trace);
    for (int i = 8; i < 16; i++)
        low = low << 8 | trace->trace_id[i];
    return low >> 1 < self->bound;
}
