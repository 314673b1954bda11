/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drift/features.h"

const char *const feature_names[FEATURE_COUNT] = {
    [FEATURE_HISTORY_LENGTH] = "history_length",
    [FEATURE_UNKNOWN_ITEMS] = "unknown_items",
    [FEATURE_HISTORY_POPULARITY] = "history_popularity",
    [FEATURE_SCORE] = "score",
    [FEATURE_RECOMMENDED_POPULARITY] = "recommended_popularity",
};

static double
s_unknown_share (const feature_source_t *source)
{
    size_t count = source->history_count ? source->history_count : 1;
    return (double)source->unknown_count / (double)count;
}

bool
feature_value (feature_t feature, const feature_source_t *source, double *value)
{
    switch (feature) {
    case FEATURE_HISTORY_LENGTH:
        *value = (double)source->history_count;
        return true;
    case FEATURE_UNKNOWN_ITEMS:
        *value = s_unknown_share (source);
        return true;
    case FEATURE_HISTORY_POPULARITY:
        *value = (double)source->newest;
        return source->newest >= 0;
    case FEATURE_SCORE:
        *value = (double)source->score;
        return source->best >= 0;
    case FEATURE_RECOMMENDED_POPULARITY:
        *value = (double)source->best;
        return source->best >= 0;
    case FEATURE_COUNT:
        break;
    }
    return false;
}
