/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/quantized.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "model/kernel/simd.h"

#define ITEM_MOST  127
#define NORM_MOST  1e18              /* larger ones may overflow in a product */
#define STEP_LEAST 1e-30f            /* smaller ones are not worth a code */
#define ROUNDING   (1.0 / (1 << 24)) /* of a float, relative */
#define SAFETY     (1.0 / (1 << 20)) /* more than some roundings of a bound itself */
#define PAGE       ((size_t)2 << 20)

struct quantized {
    size_t width;       /* D */
    scan_table_t table; /* of the arrays below */
    size_t size;
    uint8_t *codes;
    float *steps;
    float *errors;
    float *norms;
};

/* Large pages where the system gives them: a scan reads all of it. */
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
    return memset (block, 0, bytes);
}

/* A vector of D floats in codes: value = step * code + error. */
typedef struct {
    float step;
    double norm;  /* of the vector */
    double coded; /* of step * code */
    double error;
} coded_t;

SIMD_CLONES static float
s_largest (const float *values, size_t width)
{
    float largest = 0;
#pragma omp simd reduction(max : largest)
    for (size_t i = 0; i < width; i++) {
        float size = fabsf (values[i]);
        largest = size > largest ? size : largest;
    }
    return largest;
}

SIMD_CLONES static void
s_round (
    const float *restrict values, size_t width, float step, int most, int8_t *codes)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    float inverse = 1 / step, bound = (float)most;
#pragma omp simd
    for (size_t i = 0; i < width; i++) {
        float value = (values[i] * inverse + magic) - magic;
        value = value < bound ? value : bound; /* also what is not a number */
        value = value > -bound ? value : -bound;
        codes[i] = (int8_t)value;
    }
}

/* In doubles, where the products are exact and the sums as good as that. */
SIMD_CLONES static void
s_measure (
    const float *restrict values, const int8_t *codes, size_t width, coded_t *coded)
{
    double step = (double)coded->step, norm = 0, part = 0, error = 0;
#pragma omp simd reduction(+ : norm, part, error)
    for (size_t i = 0; i < width; i++) {
        double value = (double)values[i], near = step * codes[i];
        norm += value * value;
        part += near * near;
        error += (value - near) * (value - near);
    }
    coded->norm = sqrt (norm);
    coded->coded = sqrt (part);
    coded->error = sqrt (error);
}

/* False: not to be bounded (too large, or not numbers), codes are 0. */
static bool
s_code (const float *values, size_t width, int most, int8_t *codes, coded_t *coded)
{
    float largest = s_largest (values, width);
    float step = largest / (float)most;
    memset (codes, 0, width);
    coded->step = 1;
    if (step > STEP_LEAST && largest < (float)NORM_MOST) {
        coded->step = step;
        s_round (values, width, step, most, codes);
    }
    s_measure (values, codes, width, coded);
    return coded->norm < NORM_MOST;
}

/* Not below the value, and no denormal: threads may take those for zero. */
static float
s_float_above (double value)
{
    value *= 1 + SAFETY;
    return value > 0 && value < (double)STEP_LEAST ? STEP_LEAST : (float)value;
}

static void
s_set_item (quantized_t *self, size_t item, const float *values, int8_t *codes)
{
    size_t block = item / SCAN_ITEMS, lane = item % SCAN_ITEMS;
    coded_t coded;
    bool bounded = s_code (values, self->width, ITEM_MOST, codes, &coded);
    uint8_t *at =
        self->codes + (block * self->table.groups * SCAN_ITEMS + lane) * SCAN_GROUP;
    for (size_t g = 0; g < self->table.groups; g++) {
        uint8_t group[SCAN_GROUP];
        for (size_t i = 0; i < SCAN_GROUP; i++)
            group[i] = (uint8_t)(codes[g * SCAN_GROUP + i] + SCAN_MIDDLE);
        memcpy (at + g * SCAN_ITEMS * SCAN_GROUP, group, SCAN_GROUP);
    }
    self->steps[item] = coded.step;
    float error = bounded ? s_float_above (coded.error) : INFINITY;
    float norm = bounded ? s_float_above (coded.coded) : 0;
    self->errors[block] = fmaxf (self->errors[block], error);
    self->norms[block] = fmaxf (self->norms[block], norm);
}

quantized_t *
quantized_new (size_t item_count, size_t width)
{
    quantized_t *self = calloc (1, sizeof *self);
    assert (self);
    assert (width <= QUANTIZED_WIDTH_MOST);
    size_t blocks = (item_count + SCAN_ITEMS - 1) / SCAN_ITEMS;
    size_t groups = (width + SCAN_GROUP - 1) / SCAN_GROUP;
    self->width = width;
    self->codes = s_new (self, blocks * groups * SCAN_ITEMS * SCAN_GROUP);
    self->steps = s_new (self, blocks * SCAN_ITEMS * sizeof (float));
    self->errors = s_new (self, blocks * sizeof (float));
    self->norms = s_new (self, blocks * sizeof (float));
    self->table = (scan_table_t){
        blocks, groups, self->codes, self->steps, self->errors, self->norms};
    return self;
}

void
quantized_set (quantized_t *self, size_t first, const float *items, size_t count)
{
    int8_t *codes = calloc (self->table.groups, SCAN_GROUP);
    assert (codes);
    for (size_t i = 0; i < count; i++)
        s_set_item (self, first + i, items + i * self->width, codes);
    free (codes);
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
s_weigh (const quantized_t *self, const coded_t *query, scan_queries_t *queries,
    size_t place)
{
    double terms = (double)(self->width + 4) * ROUNDING,
           inverse = 1 / (double)query->step;
    double gamma = terms / (1 - terms), norm = query->norm, error = query->error;
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
    memset (codes, 0, self->table.groups * SCAN_GROUP);
    bool bounded = s_code (hidden, self->width, most, codes, &query);
    int32_t sum = 0;
    for (size_t g = 0; g < self->table.groups; g++) {
        memcpy (&words[g * SCAN_QUERIES + place], codes + g * SCAN_GROUP, SCAN_GROUP);
        for (size_t i = 0; i < SCAN_GROUP; i++)
            sum += codes[g * SCAN_GROUP + i];
    }
    queries->starts[place] = -SCAN_MIDDLE * sum;
    s_weigh (self, &query, queries, place);
    if (!bounded)
        queries->error_weights[place] = INFINITY;
    double inverse = 1 / (double)query.step;
    double terms = (double)self->width * (1 + query.norm) * inverse;
    return (quantized_unit_t){
        inverse, query.norm > 0 ? 4 * (double)FLT_MIN * (terms + 1) : 0};
}

float
quantized_limit (const quantized_unit_t *unit, float bar)
{
    double limit = (double)bar * unit->inverse;
    return isinf (bar) ? bar : (float)(limit - fabs (limit) * SAFETY - unit->margin);
}
