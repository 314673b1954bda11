/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/diversity.h"

#include <math.h>
#include <string.h>

#include "model/kernel/dot.h"

/* Those that have not come yet stay by score. */
typedef struct {
    const float *vector;
    double length;
    double relevance;
    double nearest; /* the largest cosine with one that came */
    int64_t item;
    float score;
} candidate_t;

static size_t
s_fill (const float *items, size_t width, const top_t *top, candidate_t *pool)
{
    size_t count = top->count < DIVERSITY_POOL ? top->count : DIVERSITY_POOL;
    for (size_t i = 0; i < count; i++) {
        const float *vector = items + (size_t)top->items[i] * width;
        double low = (double)top->scores[count - 1];
        double range = (double)top->scores[0] - low;
        pool[i] = (candidate_t){.vector = vector,
            .length = sqrt ((double)dot (vector, vector, width)),
            .relevance = range > 0 ? ((double)top->scores[i] - low) / range : 1,
            .item = top->items[i],
            .score = top->scores[i]};
    }
    return count;
}

static double
s_cosine (const candidate_t *a, const candidate_t *b, size_t width)
{
    double lengths = a->length * b->length;
    return lengths > 0 ? (double)dot (a->vector, b->vector, width) / lengths : 0;
}

static size_t
s_best (const candidate_t *pool, size_t first, size_t count, double diversity)
{
    size_t best = first;
    double most = -INFINITY;
    for (size_t i = first; i < count; i++) {
        double value =
            (1 - diversity) * pool[i].relevance - diversity * pool[i].nearest;
        if (value > most) {
            most = value;
            best = i;
        }
    }
    return best;
}

/* To its place, the others keep their order. */
static void
s_move (candidate_t *pool, size_t from, size_t to)
{
    candidate_t moved = pool[from];
    memmove (&pool[to + 1], &pool[to], (from - to) * sizeof *pool);
    pool[to] = moved;
}

void
diversify (const float *items, size_t width, float diversity, size_t k, top_t *top)
{
    candidate_t pool[DIVERSITY_POOL];
    size_t count = s_fill (items, width, top, pool);
    for (size_t next = 0; next < count && next < k; next++) {
        s_move (pool, s_best (pool, next, count, (double)diversity), next);
        for (size_t i = next + 1; i < count; i++) {
            double cosine = s_cosine (&pool[i], &pool[next], width);
            if (next == 0 || cosine > pool[i].nearest)
                pool[i].nearest = cosine;
        }
    }
    for (size_t i = 0; i < count; i++) {
        top->items[i] = pool[i].item;
        top->scores[i] = pool[i].score;
    }
}
