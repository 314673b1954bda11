/* Shape, layout and tensor names of the network. SPDX-License-Identifier: Apache-2.0 */
#include "model/net/sasrec.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT     16 /* floats: 64 bytes */
#define PART_BYTES    ((size_t)8 << 20)
#define OUTER_TENSORS 4  /* item, position, norm.gain, norm.bias */
#define BLOCK_TENSORS 13 /* at most; relative_bias, the last, may be missing */

typedef struct {
    const char *name;
    size_t rows, columns;
} kind_t;

/* Tensor kinds of a block, in the order of sasrec_block_t. */
static void
s_block_kinds (const sasrec_shape_t *shape, kind_t kinds[BLOCK_TENSORS])
{
    size_t d = shape->width, f = shape->width * shape->ffn_factor;
    const kind_t all[BLOCK_TENSORS] = {
        {"norm1.gain", 1, d},
        {"norm1.bias", 1, d},
        {"attention.qkv.weight", d, 3 * d},
        {"attention.qkv.bias", 1, 3 * d},
        {"attention.out.weight", d, d},
        {"attention.out.bias", 1, d},
        {"norm2.gain", 1, d},
        {"norm2.bias", 1, d},
        {"ffn.up.weight", d, f},
        {"ffn.up.bias", 1, f},
        {"ffn.down.weight", f, d},
        {"ffn.down.bias", 1, d},
        {"attention.relative_bias", shape->heads, shape->window},
    };
    memcpy (kinds, all, sizeof (all));
}

static size_t
s_block_tensors (const sasrec_shape_t *shape)
{
    return shape->relative_bias ? BLOCK_TENSORS : BLOCK_TENSORS - 1;
}

static size_t
s_padded (size_t count)
{
    return (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t
s_block_floats (const sasrec_shape_t *shape)
{
    kind_t kinds[BLOCK_TENSORS];
    s_block_kinds (shape, kinds);
    size_t sum = 0;
    for (size_t i = 0; i < s_block_tensors (shape); i++)
        sum += s_padded (kinds[i].rows * kinds[i].columns);
    return sum;
}

/* Where the first block starts: after item, position, norm.gain and norm.bias. */
static size_t
s_blocks_start (const sasrec_shape_t *shape)
{
    return s_padded (shape->items * shape->width) +
           s_padded (shape->window * shape->width) + 2 * s_padded (shape->width);
}

static int
s_range (const char *name, size_t value, size_t low, size_t high, char error[160])
{
    if (value >= low && value <= high)
        return 0;
    snprintf (error, 160, "%s must be %zu to %zu, it is %zu", name, low, high, value);
    return -1;
}

int
sasrec_shape_check (const sasrec_shape_t *shape, char error[160])
{
    if (s_range ("items", shape->items, 1, INT32_MAX, error) ||
        s_range ("width", shape->width, 1, 4096, error) ||
        s_range ("blocks", shape->blocks, 1, 64, error) ||
        s_range ("heads", shape->heads, 1, 256, error) ||
        s_range ("window", shape->window, 1, 10000, error) ||
        s_range ("ffn_factor", shape->ffn_factor, 1, 64, error))
        return -1;
    if (shape->width % shape->heads) {
        snprintf (error, 160, "heads must divide width: %zu does not divide %zu",
            shape->heads, shape->width);
        return -1;
    }
    return 0;
}

sasrec_weights_t *
sasrec_weights_new (const sasrec_shape_t *shape)
{
    char error[160];
    assert (sasrec_shape_check (shape, error) == 0);
    sasrec_weights_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->shape = *shape;
    self->count = s_blocks_start (shape) + shape->blocks * s_block_floats (shape);
    self->values = aligned_alloc (64, self->count * sizeof (float));
    assert (self->values);
    memset (self->values, 0, self->count * sizeof (float));
    self->owned = true;
    return self;
}

static size_t
s_page (void)
{
    return (size_t)sysconf (_SC_PAGESIZE);
}

/* End of the items in the region, in bytes; the region starts on a page, the items where
 * they do in the file. */
static size_t
s_items_end (const sasrec_weights_t *self)
{
    size_t lead = (size_t)((char *)self->values - (char *)self->region);
    return lead + self->shape.items * self->shape.width * sizeof (float);
}

/* The pages of the file over those of the region, and zeros behind its items. */
static int
s_map_items (sasrec_weights_t *self, int file, size_t start)
{
    size_t end = s_items_end (self), page = s_page ();
    size_t mapped = (end + page - 1) / page * page;
    if (mmap (self->region, end, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file,
            (off_t)start) == MAP_FAILED)
        return -1;
    size_t used = mapped < self->region_size ? mapped : self->region_size;
    memset ((char *)self->region + end, 0, used - end);
    return 0;
}

sasrec_weights_t *
sasrec_weights_map (const sasrec_shape_t *shape, int file, size_t offset)
{
    assert (offset % (ALIGNMENT * sizeof (float)) == 0);
    sasrec_weights_t *self = calloc (1, sizeof (*self));
    assert (self);
    size_t lead = offset % s_page ();
    self->shape = *shape;
    self->count = s_blocks_start (shape) + shape->blocks * s_block_floats (shape);
    self->owned = true;
    self->region_size = lead + self->count * sizeof (float);
    self->region = mmap (NULL, self->region_size, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (self->region == MAP_FAILED) {
        free (self);
        return NULL;
    }
    self->values = (float *)(void *)((char *)self->region + lead);
    if (s_map_items (self, file, offset - lead) != 0)
        sasrec_weights_destroy (&self);
    return self;
}

/* Not the last page: items from end on, or others' weights, may be there. */
void
sasrec_weights_rest (const sasrec_weights_t *self, size_t first, size_t end)
{
    if (!self->region)
        return;
    size_t page = s_page (), row = self->shape.width * sizeof (float);
    size_t lead = (size_t)((char *)self->values - (char *)self->region);
    size_t from = (lead + first * row) / page * page;
    size_t to = (lead + end * row) / page * page;
    if (to > from)
        madvise ((char *)self->region + from, to - from, MADV_DONTNEED); /* a wish */
}

bool
sasrec_weights_part (const sasrec_weights_t *self, size_t first, size_t *end)
{
    size_t part = PART_BYTES / (self->shape.width * sizeof (float));
    size_t left = self->shape.items - first;
    *end = first + (left < part ? left : part);
    return left > 0;
}

void
sasrec_weights_destroy (sasrec_weights_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    if ((*self_p)->owned && (*self_p)->region)
        munmap ((*self_p)->region, (*self_p)->region_size);
    else if ((*self_p)->owned)
        free ((*self_p)->values);
    free (*self_p);
    *self_p = NULL;
}

float *
sasrec_items (const sasrec_weights_t *self)
{
    return self->values;
}

float *
sasrec_positions (const sasrec_weights_t *self)
{
    return self->values + s_padded (self->shape.items * self->shape.width);
}

float *
sasrec_norm_gain (const sasrec_weights_t *self)
{
    return sasrec_positions (self) + s_padded (self->shape.window * self->shape.width);
}

float *
sasrec_norm_bias (const sasrec_weights_t *self)
{
    return sasrec_norm_gain (self) + s_padded (self->shape.width);
}

static float *
s_block_start (const sasrec_weights_t *self, size_t block)
{
    assert (block < self->shape.blocks);
    return self->values + s_blocks_start (&self->shape) +
           block * s_block_floats (&self->shape);
}

sasrec_block_t
sasrec_block (const sasrec_weights_t *self, size_t block)
{
    kind_t kinds[BLOCK_TENSORS];
    s_block_kinds (&self->shape, kinds);
    float *at[BLOCK_TENSORS] = {0};
    float *next = s_block_start (self, block);
    for (size_t i = 0; i < s_block_tensors (&self->shape); i++) {
        at[i] = next;
        next += s_padded (kinds[i].rows * kinds[i].columns);
    }
    return (sasrec_block_t){at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7],
        at[8], at[9], at[10], at[11], at[12]};
}

size_t
sasrec_tensor_count (const sasrec_shape_t *shape)
{
    return OUTER_TENSORS + shape->blocks * s_block_tensors (shape);
}

static sasrec_tensor_t
s_named (const char *name, size_t rows, size_t columns, float *values)
{
    sasrec_tensor_t tensor = {.rows = rows, .columns = columns, .values = values};
    snprintf (tensor.name, sizeof (tensor.name), "%s", name);
    return tensor;
}

static sasrec_tensor_t
s_block_tensor (const sasrec_weights_t *self, size_t block, size_t kind)
{
    kind_t kinds[BLOCK_TENSORS];
    s_block_kinds (&self->shape, kinds);
    float *values = s_block_start (self, block);
    for (size_t i = 0; i < kind; i++)
        values += s_padded (kinds[i].rows * kinds[i].columns);
    char name[48];
    snprintf (name, sizeof (name), "block.%zu.%s", block, kinds[kind].name);
    return s_named (name, kinds[kind].rows, kinds[kind].columns, values);
}

sasrec_tensor_t
sasrec_tensor (const sasrec_weights_t *self, size_t index)
{
    const sasrec_shape_t *shape = &self->shape;
    size_t d = shape->width;
    assert (index < sasrec_tensor_count (shape));
    switch (index) {
    case 0:
        return s_named ("item", shape->items, d, sasrec_items (self));
    case 1:
        return s_named ("position", shape->window, d, sasrec_positions (self));
    case 2:
        return s_named ("norm.gain", 1, d, sasrec_norm_gain (self));
    case 3:
        return s_named ("norm.bias", 1, d, sasrec_norm_bias (self));
    default:
        index -= OUTER_TENSORS;
        return s_block_tensor (
            self, index / s_block_tensors (shape), index % s_block_tensors (shape));
    }
}
