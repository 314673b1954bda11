/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/kept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernel/simd.h"

struct kept {
    size_t places;                  /* a block's is block % places */
    const forward_kernel_t *kernel; /* borrowed */
    size_t width, panel;
    size_t ld;     /* of a row of values */
    size_t room;   /* items, a multiple of the panel */
    size_t count;  /* items */
    float *memory; /* by block: keys, room x width, then values, room x ld */
};

static size_t
s_block_floats (const kept_t *self)
{
    return self->room * (self->width + self->ld);
}

/* Heads are read in whole vectors, of the last row, too. What is read and was never put
 * gives results that are thrown away. */
static size_t
s_floats (const kept_t *self)
{
    return self->places * s_block_floats (self) + FORWARD_SLACK;
}

static void
s_take (kept_t *self, size_t room)
{
    self->room = (room + self->panel - 1) / self->panel * self->panel;
    size_t bytes = (s_floats (self) * sizeof (float) + 63) / 64 * 64;
    self->memory = aligned_alloc (64, bytes);
    assert (self->memory);
}

kept_t *
kept_new (const packed_t *packed, size_t room, bool passing)
{
    kept_t *self = calloc (1, sizeof *self);
    assert (self);
    size_t blocks = packed->shape.blocks;
    self->places = passing && blocks > 2 ? 2 : blocks;
    self->width = packed->shape.width;
    self->kernel = packed->kernel;
    self->panel = packed->kernel->panel;
    self->ld = (self->width + 15) / 16 * 16;
    s_take (self, room);
    return self;
}

void
kept_destroy (kept_t **self_p)
{
    if (!*self_p)
        return;
    free ((*self_p)->memory);
    free (*self_p);
    *self_p = NULL;
}

size_t
kept_count (const kept_t *self)
{
    return self->count;
}

size_t
kept_size (const kept_t *self)
{
    return sizeof *self + s_floats (self) * sizeof (float);
}

size_t
kept_ld (const kept_t *self)
{
    return self->ld;
}

void
kept_set_count (kept_t *self, size_t count)
{
    assert (count <= self->room);
    self->count = count;
}

static float *
s_keys (const kept_t *self, size_t block)
{
    return self->memory + block % self->places * s_block_floats (self);
}

static float *
s_values (const kept_t *self, size_t block)
{
    return s_keys (self, block) + self->room * self->width;
}

const float *
kept_keys (const kept_t *self, size_t block)
{
    return s_keys (self, block);
}

const float *
kept_values (const kept_t *self, size_t block)
{
    return s_values (self, block);
}

void
kept_reserve (kept_t *self, size_t room)
{
    if (room <= self->room)
        return;
    kept_t old = *self;
    s_take (self, room);
    for (size_t i = 0; i < self->places; i++) {
        memcpy (s_keys (self, i), s_keys (&old, i),
            old.room * old.width * sizeof *old.memory);
        memcpy (s_values (self, i), s_values (&old, i),
            old.room * old.ld * sizeof *old.memory);
    }
    free (old.memory);
}

typedef float four_t __attribute__ ((vector_size (16)));

#define SHUFFLE __builtin_shufflevector

SIMD_INLINE four_t
s_load (const float *from)
{
    four_t four;
    memcpy (&four, from, sizeof four);
    return four;
}

/* Four columns of four keys, one below the other, turned into rows. */
SIMD_INLINE void
s_turn (const float *keys, size_t ld, float *to, size_t panel)
{
    four_t a = s_load (keys), b = s_load (keys + ld), c = s_load (keys + 2 * ld),
           d = s_load (keys + 3 * ld);
    four_t ab = SHUFFLE (a, b, 0, 4, 1, 5), cd = SHUFFLE (c, d, 0, 4, 1, 5);
    four_t rows[4] = {SHUFFLE (ab, cd, 0, 1, 4, 5), SHUFFLE (ab, cd, 2, 3, 6, 7)};
    ab = SHUFFLE (a, b, 2, 6, 3, 7), cd = SHUFFLE (c, d, 2, 6, 3, 7);
    rows[2] = SHUFFLE (ab, cd, 0, 1, 4, 5);
    rows[3] = SHUFFLE (ab, cd, 2, 3, 6, 7);
    for (size_t i = 0; i < 4; i++)
        memcpy (to + i * panel, &rows[i], sizeof rows[i]);
}

/* Of one item, or of several from a multiple of their count on. */
static void
s_put_keys (
    const kept_t *self, float *keys, size_t item, size_t count, const kept_rows_t *rows)
{
    const float *from = rows->keys + (item - rows->first) * rows->ld;
    float *to = keys + item / self->panel * self->panel * self->width;
    to += item % self->panel;
    size_t i = 0, turned = self->kernel->turned;
    for (; count == turned && i + count <= self->width && count > 1; i += count)
        self->kernel->turn (from + i, rows->ld, to + i * self->panel);
    for (; count % 4 == 0 && i + 4 <= self->width; i += 4)
        for (size_t k = 0; k < count; k += 4)
            s_turn (from + k * rows->ld + i, rows->ld, to + i * self->panel + k,
                self->panel);
    for (; i < self->width; i++)
        for (size_t k = 0; k < count; k++)
            to[i * self->panel + k] = from[k * rows->ld + i];
}

/* How many items can be put at once from this one on, before the end. */
static size_t
s_together (const kept_t *self, size_t item, size_t end)
{
    size_t turned = self->kernel->turned;
    if (turned > 1 && item % turned == 0 && item + turned <= end)
        return turned;
    return item % 4 == 0 && item + 4 <= end ? 4 : 1;
}

void
kept_put (kept_t *self, const kept_rows_t *rows)
{
    size_t end = rows->first + rows->count, count;
    assert (end <= self->room);
    float *keys = s_keys (self, rows->block), *values = s_values (self, rows->block);
    for (size_t item = rows->first; item < end; item += count) {
        count = s_together (self, item, end);
        s_put_keys (self, keys, item, count, rows);
    }
    for (size_t i = 0; i < rows->count; i++)
        memcpy (values + (rows->first + i) * self->ld, rows->values + i * rows->ld,
            self->width * sizeof *values);
}
