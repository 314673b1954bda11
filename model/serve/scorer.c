/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/scorer.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernel/blas.h"
#include "model/kernel/simd.h"

/* OpenBLAS has a path without packing for products of at most 10^6 multiplications. At
 * 32 x 256 x 64 it runs at 97 % of the CPU's peak, the packing one at 80 %. */
#define TILE_ITEMS    256
#define CHUNK_MOST    (SCORER_TILE_FLOATS / TILE_ITEMS)
#define SMALL_PRODUCT 1000000
#define SCAN_WIDTH    32

struct scorer {
    size_t item_count; /* V */
    size_t width;      /* D */
    size_t chunk;      /* hidden vectors in one product */
    float *tiles;      /* for each TILE_ITEMS items: D x TILE_ITEMS, zeros at the end */
};

scorer_t *
scorer_new (const float *items, size_t item_count, size_t width)
{
    scorer_t *self = calloc (1, sizeof *self);
    assert (self);
    self->item_count = item_count;
    self->width = width;
    self->chunk = CHUNK_MOST;
    while (self->chunk > 4 && self->chunk * TILE_ITEMS * width > SMALL_PRODUCT)
        self->chunk /= 2;
    size_t padded = (item_count + TILE_ITEMS - 1) / TILE_ITEMS * TILE_ITEMS;
    self->tiles = aligned_alloc (64, padded * width * sizeof (float));
    assert (self->tiles);
    memset (self->tiles, 0, padded * width * sizeof (float));
    for (size_t i = 0; i < item_count; i++) {
        float *column =
            self->tiles + i / TILE_ITEMS * TILE_ITEMS * width + i % TILE_ITEMS;
        for (size_t d = 0; d < width; d++)
            column[d * TILE_ITEMS] = items[i * width + d];
    }
    return self;
}

void
scorer_destroy (scorer_t **self_p)
{
    if (*self_p) {
        free ((*self_p)->tiles);
        free (*self_p);
        *self_p = NULL;
    }
}

/* Scores of the items from first on, at most TILE_ITEMS; returns how many. */
static size_t
s_tile (const scorer_t *self, const float *hidden, size_t count, size_t first,
    float *scores, size_t ld)
{
    size_t left = self->item_count - first;
    size_t width = left < TILE_ITEMS ? left : TILE_ITEMS;
    blas_nn (count, width, self->width, (blas_matrix_t){hidden, self->width},
        (blas_matrix_t){self->tiles + first * self->width, TILE_ITEMS}, 0, scores, ld);
    return width;
}

void
scorer_all (const scorer_t *self, const float *hidden, size_t count, float *scores)
{
    for (size_t first = 0; first < self->item_count; first += TILE_ITEMS)
        for (size_t i = 0; i < count; i += self->chunk) {
            size_t rows = count - i < self->chunk ? count - i : self->chunk;
            s_tile (self, hidden + i * self->width, rows, first,
                scores + i * self->item_count + first, self->item_count);
        }
}

/* The heap keeps the worst at the root: the lowest score, of equal ones the largest
 * index. It lives in the caller's arrays. */
static bool
s_worse (const scorer_top_t *top, size_t a, size_t b)
{
    if (top->scores[a] != top->scores[b])
        return top->scores[a] < top->scores[b];
    return top->items[a] > top->items[b];
}

static void
s_swap (scorer_top_t *top, size_t a, size_t b)
{
    float score = top->scores[a];
    int64_t item = top->items[a];
    top->scores[a] = top->scores[b];
    top->items[a] = top->items[b];
    top->scores[b] = score;
    top->items[b] = item;
}

static void
s_sift_up (scorer_top_t *top, size_t at)
{
    while (at && s_worse (top, at, (at - 1) / 2)) {
        s_swap (top, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void
s_sift_down (scorer_top_t *top, size_t count)
{
    size_t at = 0;
    for (;;) {
        size_t worst = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < count && s_worse (top, child, worst))
                worst = child;
        if (worst == at)
            return;
        s_swap (top, at, worst);
        at = worst;
    }
}

/* Best first. */
static void
s_sort (scorer_top_t *top)
{
    for (size_t left = top->count; left > 1; left--) {
        s_swap (top, 0, left - 1);
        s_sift_down (top, left - 1);
    }
}

/* Items come in ascending order: an equal score never displaces an earlier item. */
static float
s_bar (const scorer_top_t *top)
{
    if (top->count < top->k)
        return -INFINITY;
    return top->k ? top->scores[0] : INFINITY;
}

static void
s_offer (scorer_top_t *top, size_t item, float score)
{
    if (!(score > s_bar (top)))
        return;
    if (top->excluded && top->excluded[item / 64] >> item % 64 & 1)
        return;
    bool full = top->count == top->k;
    size_t at = full ? 0 : top->count++;
    top->scores[at] = score;
    top->items[at] = (int64_t)item;
    if (full)
        s_sift_down (top, top->count);
    else
        s_sift_up (top, at);
}

/* Bit i: one of the scores from i * SCAN_WIDTH on is above the bar. scores has
 * TILE_ITEMS readable floats. */
SIMD_CLONES static uint32_t
s_scan (const float *restrict scores, float bar)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < TILE_ITEMS / SCAN_WIDTH; i++) {
        int above = 0;
        for (size_t j = 0; j < SCAN_WIDTH; j++)
            above |= scores[i * SCAN_WIDTH + j] > bar;
        hits |= (uint32_t)above << i;
    }
    return hits;
}

static void
s_offer_tile (scorer_top_t *top, const float *scores, size_t first, size_t count)
{
    uint32_t hits = s_scan (scores, s_bar (top));
    while (hits) {
        size_t i = (size_t)__builtin_ctz (hits) * SCAN_WIDTH;
        hits &= hits - 1;
        for (size_t end = i + SCAN_WIDTH; i < end && i < count; i++)
            s_offer (top, first + i, scores[i]);
    }
}

void
scorer_top (const scorer_t *self, const float *hidden, scorer_top_t *tops, size_t count,
    float *tile)
{
    for (size_t i = 0; i < count; i++)
        tops[i].count = 0;
    for (size_t first = 0; first < self->item_count; first += TILE_ITEMS)
        for (size_t i = 0; i < count; i += self->chunk) {
            size_t rows = count - i < self->chunk ? count - i : self->chunk;
            size_t width =
                s_tile (self, hidden + i * self->width, rows, first, tile, TILE_ITEMS);
            for (size_t j = 0; j < rows; j++)
                s_offer_tile (&tops[i + j], tile + j * TILE_ITEMS, first, width);
        }
    for (size_t i = 0; i < count; i++)
        s_sort (&tops[i]);
}
