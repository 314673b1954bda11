/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/quantized.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "model/kernel/coding.h"
#include "model/kernel/simd.h"

#define ITEM_MOST    127
#define SCAN_MIDDLES (SCAN_MIDDLE * UINT32_C (0x01010101))
#define STEP_LEAST   1e-30f            /* smaller ones are not worth a code */
#define ROUNDING     (1.0 / (1 << 24)) /* of a float, relative */
#define SAFETY       (1.0 / (1 << 20)) /* more than some roundings of a bound itself */
#define PAGE         ((size_t)2 << 20)

struct quantized {
    size_t width; /* D */
    const coding_kernel_t *coding;
    scan_table_t table; /* of the arrays below */
    size_t size;
    uint8_t *codes;
    float *steps;
    float *errors;
    float *norms;
};

/* Large pages where the system gives them: a scan reads all of it. What is in them is for
 * whoever fills them: that is when the system clears them. */
static void *
s_new (quantized_t *self, size_t bytes)
{
    size_t alignment = bytes < PAGE ? 64 : PAGE;
    bytes = (bytes + alignment - 1) / alignment * alignment;
    void *block = aligned_alloc (alignment, bytes);
    assert (block);
    if (alignment == PAGE)
        madvise (block, bytes, MADV_HUGEPAGE); /* a wish: an error changes nothing */
    self->size += bytes;
    return block;
}

/* |values|, in doubles, where the products are exact and the sum as good as that. */
SIMD_CLONES static double
s_norm (const float *values, size_t width)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < width; i++)
        sum += (double)values[i] * (double)values[i];
    return sqrt (sum);
}

/* Not below the value, and no denormal: threads may take those for zero. */
static float
s_float_above (double value)
{
    value *= 1 + SAFETY;
    return value > 0 && value < (double)STEP_LEAST ? STEP_LEAST : (float)value;
}

static void
s_set_item (quantized_t *self, size_t item, const float *values)
{
    size_t block = item / SCAN_ITEMS, lane = item % SCAN_ITEMS;
    int8_t codes[QUANTIZED_WIDTH_MOST];
    coded_t coded;
    self->coding->code (values, self->width, ITEM_MOST, codes, &coded);
    uint8_t *at =
        self->codes + (block * self->table.groups * SCAN_ITEMS + lane) * SCAN_GROUP;
    for (size_t g = 0; g < self->table.groups; g++) {
        uint32_t group;
        memcpy (&group, codes + g * SCAN_GROUP, SCAN_GROUP);
        group ^= SCAN_MIDDLES; /* adds it to each */
        memcpy (at + g * SCAN_ITEMS * SCAN_GROUP, &group, SCAN_GROUP);
    }
    self->steps[item] = coded.step;
    self->errors[block] = fmaxf (self->errors[block], s_float_above (coded.error));
    self->norms[block] = fmaxf (self->norms[block], s_float_above (coded.coded));
}

quantized_t *
quantized_new (size_t item_count, size_t width)
{
    quantized_t *self = calloc (1, sizeof *self);
    assert (self);
    assert (width <= QUANTIZED_WIDTH_MOST);
    size_t blocks = (item_count + SCAN_ITEMS - 1) / SCAN_ITEMS;
    size_t groups = (width + SCAN_GROUP - 1) / SCAN_GROUP;
    size_t block = groups * SCAN_ITEMS * SCAN_GROUP;
    self->width = width;
    self->coding = coding_kernel (0);
    self->codes = s_new (self, blocks * block);
    self->steps = s_new (self, blocks * SCAN_ITEMS * sizeof (float));
    self->errors = s_new (self, blocks * sizeof (float));
    self->norms = s_new (self, blocks * sizeof (float));
    memset (self->errors, 0, blocks * sizeof (float));
    memset (self->norms, 0, blocks * sizeof (float));
    if (item_count % SCAN_ITEMS) { /* places for items that will not come */
        memset (self->codes + (blocks - 1) * block, SCAN_MIDDLE, block);
        memset (
            self->steps + (blocks - 1) * SCAN_ITEMS, 0, SCAN_ITEMS * sizeof (float));
    }
    self->table = (scan_table_t){
        blocks, groups, self->codes, self->steps, self->errors, self->norms};
    return self;
}

void
quantized_set (quantized_t *self, size_t first, const float *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        s_set_item (self, first + i, items + i * self->width);
}

void
quantized_destroy (quantized_t **self_p)
{
    quantized_t *self = *self_p;
    if (!self)
        return;
    free (self->codes);
    free (self->steps);
    free (self->errors);
    free (self->norms);
    free (self);
    *self_p = NULL;
}

const scan_table_t *
quantized_table (const quantized_t *self)
{
    return &self->table;
}

size_t
quantized_size (const quantized_t *self)
{
    return self->size;
}

/* Weights of the block's largest |e| and |s q| in the bound, divided by t. |w| of the
 * rounding is split into the two; that of s t (q.u) itself and of the comparison are 4
 * roundings of at most (|x| + |r|) |s q|. */
static void
s_weigh (const quantized_t *self, const coded_t *query, double norm,
    scan_queries_t *queries, size_t place)
{
    double terms = (double)(self->width + 4) * ROUNDING,
           inverse = 1 / (double)query->step;
    double gamma = terms / (1 - terms), error = query->error;
    queries->error_weights[place] = s_float_above (norm * (1 + gamma) * inverse);
    queries->norm_weights[place] = s_float_above (
        (error + gamma * norm + 4 * ROUNDING * (norm + error)) * inverse);
}

quantized_unit_t
quantized_query (const quantized_t *self, const float *hidden, int8_t most,
    scan_queries_t *queries, int32_t *words, size_t place)
{
    int8_t codes[QUANTIZED_WIDTH_MOST];
    coded_t query;
    self->coding->code (hidden, self->width, most, codes, &query);
    double norm = s_norm (hidden, self->width);
    int32_t sum = 0;
    for (size_t g = 0; g < self->table.groups; g++) {
        memcpy (&words[g * SCAN_QUERIES + place], codes + g * SCAN_GROUP, SCAN_GROUP);
        for (size_t i = 0; i < SCAN_GROUP; i++)
            sum += codes[g * SCAN_GROUP + i];
    }
    queries->starts[place] = -SCAN_MIDDLE * sum;
    s_weigh (self, &query, norm, queries, place);
    double inverse = 1 / (double)query.step;
    double terms = (double)self->width * (1 + norm) * inverse;
    return (quantized_unit_t){
        inverse, norm > 0 ? 4 * (double)FLT_MIN * (terms + 1) : 0};
}

float
quantized_limit (const quantized_unit_t *unit, float bar)
{
    double limit = (double)bar * unit->inverse;
    return isinf (bar) ? bar : (float)(limit - fabs (limit) * SAFETY - unit->margin);
}
