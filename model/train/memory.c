/* The memory of a run. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/memory.h"

#include <float.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of each item or weight: the weights, two moments, their average, the best, a copy for
 * the sample of the checkpoint. */
#define COPIES 6

/* Floats of a token and a block that backward needs, over D (model/net/encoder_scratch.c)
 * and over the FFN's inner width. */
#define KEPT_WIDTHS 9
#define KEPT_INNERS 2

/* Floats of the evaluator's scores (model/eval/evaluator.c), of each thread. */
#define SCORES (16.0 * (1 << 20))

static double
s_weights (const sasrec_shape_t *shape)
{
    double d = (double)shape->width;
    double block = (4 + 2 * (double)shape->ffn_factor) * d * d + 12 * d;
    return (double)(shape->items + shape->window) * d + (double)shape->blocks * block;
}

static double
s_tokens (const recipe_t *recipe, size_t threads)
{
    const sasrec_shape_t *shape = &recipe->shape;
    double tokens = (double)recipe->batch_users * (double)shape->window;
    double d = (double)shape->width, inner = d * (double)shape->ffn_factor;
    double kept = (double)shape->blocks * (KEPT_WIDTHS * d + KEPT_INNERS * inner);
    return tokens * (kept + 8 * d) / (double)threads;
}

double
memory_needed (const dataset_t *data, const recipe_t *recipe, size_t threads)
{
    const sasrec_shape_t *shape = &recipe->shape;
    double weights = s_weights (shape), t = (double)threads;
    double gradients = loss_draws (recipe->loss) ? 0.1 * weights : weights;
    double items = (double)shape->items, scores = 32 * items;
    double floats = COPIES * weights + t * gradients + t * s_tokens (recipe, threads) +
                    t * (scores < SCORES ? scores : SCORES + items);
    /* The floors and the batches: some words for each interaction. */
    return floats * sizeof (float) + 24.0 * (double)data->interaction_count;
}

/* The number behind a word at the start of a line of a file, times unit; DBL_MAX when
 * there is none. */
static double
s_number (const char *path, const char *word, double unit)
{
    double value = DBL_MAX;
    char line[128], *end;
    FILE *file = fopen (path, "r");
    while (file && value == DBL_MAX && fgets (line, sizeof line, file)) {
        if (strncmp (line, word, strlen (word)) != 0)
            continue;
        double number = strtod (line + strlen (word), &end);
        if (end != line + strlen (word))
            value = number * unit;
    }
    if (file)
        fclose (file);
    return value;
}

double
memory_available (void)
{
    double machine = s_number ("/proc/meminfo", "MemAvailable:", 1024);
    double limit = s_number ("/sys/fs/cgroup/memory.max", "", 1);
    double used = s_number ("/sys/fs/cgroup/memory.current", "", 1);
    double cached = s_number ("/sys/fs/cgroup/memory.stat", "file ", 1);
    bool told = limit < DBL_MAX && used < DBL_MAX && cached < DBL_MAX;
    double group = told ? limit - used + cached : DBL_MAX;
    return machine < group ? machine : group;
}
