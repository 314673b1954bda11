/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/scorer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "model/kernel/dot.h"
#include "model/serve/quantized.h"

/* A span of the table stays in the L2 cache while all groups of queries pass over it, and
 * the queries' codes lie on the stack: 64 queries up to a width of 512, 8 at 4,096. */
#define SPAN_BYTES  ((size_t)128 << 10)
#define GROUPS_MOST 8
#define CHUNK_BYTES ((size_t)SCAN_QUERIES * QUANTIZED_WIDTH_MOST)

/* Lifted scores are bounded by the last item's lift of so many blocks, which grows quickest
 * among the most popular ones, the first. */
#define LIFT_BLOCKS 16

/* Hits in vain, of what is not eligible, beyond which the scan itself leaves those items out.
 * That costs each block a little, a hit as much as VAIN_BLOCKS of them: where rules leave
 * out little, it is never done. */
#define VAIN_MOST   512
#define VAIN_BLOCKS 8

struct scorer {
    const float *items; /* V x D */
    size_t item_count;  /* V */
    size_t width;       /* D */
    const scan_kernel_t *kernel;
    quantized_t *quantized;
    size_t span;   /* blocks */
    size_t groups; /* of queries in a chunk */
};

/* Up to SCAN_QUERIES queries on their way through the table. */
typedef struct {
    const float *hidden;
    top_t *tops;
    scan_queries_t queries;
    quantized_unit_t units[SCAN_QUERIES];
    const uint64_t *eligible[SCAN_QUERIES];
    bool narrow;  /* each of the queries has these bits */
    bool lifted;  /* the score of some query is */
    size_t ahead; /* items before this one are on their way: none is lifted more */
    size_t vain;
    size_t scored;
} group_t;

/* With a table that no item has come to yet. */
static scorer_t *
s_new (const float *items, size_t item_count, size_t width, const scan_kernel_t *kernel)
{
    scorer_t *self = calloc (1, sizeof *self);
    assert (self);
    self->items = items;
    self->item_count = item_count;
    self->width = width;
    self->kernel = kernel ? kernel : scan_kernel (0);
    self->quantized = quantized_new (item_count, width);
    size_t row = quantized_table (self->quantized)->groups * SCAN_GROUP;
    self->span = SPAN_BYTES / (SCAN_ITEMS * row);
    self->span = self->span ? self->span : 1;
    self->groups = CHUNK_BYTES / (SCAN_QUERIES * row);
    self->groups = self->groups < GROUPS_MOST ? self->groups : GROUPS_MOST;
    return self;
}

scorer_t *
scorer_new (
    const float *items, size_t item_count, size_t width, const scan_kernel_t *kernel)
{
    scorer_t *self = s_new (items, item_count, width, kernel);
    quantized_set (self->quantized, 0, items, item_count);
    return self;
}

scorer_t *
scorer_of (const sasrec_weights_t *weights)
{
    const float *items = sasrec_items (weights);
    size_t count = weights->shape.items, width = weights->shape.width;
    scorer_t *self = s_new (items, count, width, NULL);
    for (size_t first = 0, end; sasrec_weights_part (weights, first, &end);
         first = end) {
        quantized_set (self->quantized, first, items + first * width, end - first);
        sasrec_weights_rest (weights, first, end);
    }
    return self;
}

void
scorer_destroy (scorer_t **self_p)
{
    if (*self_p) {
        quantized_destroy (&(*self_p)->quantized);
        free (*self_p);
        *self_p = NULL;
    }
}

size_t
scorer_size (const scorer_t *self)
{
    return quantized_size (self->quantized);
}

/* What does not exceed it does not exceed the bar with the lift of an item before ahead. */
static float
s_bar (const group_t *group, const top_t *top)
{
    float bar = top_bar (top);
    float lift = group->ahead ? top_lift (top, group->ahead - 1) : 0;
    if (lift > 0 && isfinite (bar)) /* the sum of both is rounded to the bar at most */
        bar = nextafterf ((float)((double)bar - (double)lift), -INFINITY);
    return bar;
}

static void
s_set_limit (group_t *group, size_t query)
{
    group->queries.limits[query] =
        quantized_limit (&group->units[query], s_bar (group, &group->tops[query]));
}

/* words: for the codes of SCAN_QUERIES queries. */
static void
s_start (const scorer_t *self, group_t *group, int32_t *words)
{
    group->scored = group->vain = group->ahead = 0;
    group->queries.words = words;
    group->queries.eligible = NULL;
    group->narrow = true;
    group->lifted = false;
    for (size_t i = 0; i < group->queries.count; i++) {
        group->tops[i].count = 0;
        group->eligible[i] = group->tops[i].eligible;
        group->narrow = group->narrow && group->eligible[i];
        group->lifted = group->lifted || group->tops[i].log_shares;
        group->units[i] =
            quantized_query (self->quantized, group->hidden + i * self->width,
                self->kernel->query_most, &group->queries, words, i);
        s_set_limit (group, i);
    }
}

static void
s_count_vain (group_t *group, size_t block)
{
    if (++group->vain > VAIN_MOST + block / VAIN_BLOCKS && group->narrow)
        group->queries.eligible = group->eligible;
}

/* hits: a bit per item of the block. */
static void
s_offer_hits (
    const scorer_t *self, group_t *group, size_t query, size_t block, unsigned hits)
{
    top_t *top = &group->tops[query];
    if (top->eligible)
        hits &= scan_eligible (top->eligible, block);
    if (!hits) {
        s_count_vain (group, block);
        return;
    }
    for (; hits; hits &= hits - 1) {
        size_t item = block * SCAN_ITEMS + (size_t)__builtin_ctz (hits);
        if (item >= self->item_count)
            break;
        float score = dot (group->hidden + query * self->width,
            self->items + item * self->width, self->width);
        top_offer (top, item, score + top_lift (top, item));
        group->scored++;
    }
    s_set_limit (group, query);
}

static void
s_scan (const scorer_t *self, group_t *group, size_t block, size_t end)
{
    const scan_table_t *table = quantized_table (self->quantized);
    uint16_t hits[SCAN_QUERIES];
    for (;; block++) {
        block = self->kernel->scan (table, &group->queries, block, end, hits);
        if (block == end)
            return;
        for (size_t i = 0; i < group->queries.count; i++)
            if (hits[i])
                s_offer_hits (self, group, i, block, hits[i]);
    }
}

static void
s_scan_lifted (const scorer_t *self, group_t *group, size_t block, size_t end)
{
    for (size_t stop; block < end; block = stop) {
        stop = end - block < LIFT_BLOCKS ? end : block + LIFT_BLOCKS;
        size_t items = stop * SCAN_ITEMS;
        group->ahead = items < self->item_count ? items : self->item_count;
        for (size_t i = 0; i < group->queries.count; i++)
            s_set_limit (group, i);
        s_scan (self, group, block, stop);
    }
}

/* At most self->groups groups. */
static size_t
s_top_chunk (const scorer_t *self, const float *hidden, top_t *tops, size_t count)
{
    const scan_table_t *table = quantized_table (self->quantized);
    size_t words = SCAN_QUERIES * table->groups, groups = 0, scored = 0;
    int32_t codes[CHUNK_BYTES / sizeof (int32_t)];
    group_t all[GROUPS_MOST];
    for (size_t i = 0; i < count; i += SCAN_QUERIES, groups++) {
        group_t *group = &all[groups];
        group->hidden = hidden + i * self->width;
        group->tops = tops + i;
        group->queries.count = count - i < SCAN_QUERIES ? count - i : SCAN_QUERIES;
        s_start (self, group, codes + groups * words);
    }
    for (size_t block = 0; block < table->blocks; block += self->span) {
        size_t left = table->blocks - block;
        size_t end = block + (left < self->span ? left : self->span);
        for (size_t i = 0; i < groups; i++)
            (all[i].lifted ? s_scan_lifted : s_scan) (self, &all[i], block, end);
    }
    for (size_t i = 0; i < groups; i++)
        scored += all[i].scored;
    return scored;
}

size_t
scorer_top (const scorer_t *self, const float *hidden, top_t *tops, size_t count)
{
    size_t chunk = self->groups * SCAN_QUERIES, scored = 0;
    for (size_t i = 0; i < count; i += chunk)
        scored += s_top_chunk (self, hidden + i * self->width, tops + i,
            count - i < chunk ? count - i : chunk);
    for (size_t i = 0; i < count; i++)
        top_sort (&tops[i]);
    return scored;
}
