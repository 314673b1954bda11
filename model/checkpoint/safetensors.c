/* SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/safetensors.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"

#define METADATA "__metadata__"

/* Always -1. */
__attribute__ ((format (printf, 2, 3))) static int
s_fail (char error[160], const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (error, 160, format, args);
    va_end (args);
    return -1;
}

int
safetensors_header_length (
    const char start[8], uint64_t file_size, size_t *length, char error[160])
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | (unsigned char)start[i];
    if (value > SAFETENSORS_HEADER_LIMIT)
        return s_fail (error, "header of %" PRIu64 " bytes, at most %zu are allowed",
            value, SAFETENSORS_HEADER_LIMIT);
    if (value > file_size - 8)
        return s_fail (error,
            "file is cut short: its header needs %" PRIu64 " bytes, %" PRIu64
            " are left",
            value, file_size - 8);
    *length = (size_t)value;
    return 0;
}

static const struct {
    const char *name;
    size_t size; /* of an element, in bytes */
} s_types[] = {[SAFETENSORS_F32] = {"F32", 4},
    [SAFETENSORS_I64] = {"I64", 8},
    [SAFETENSORS_U8] = {"U8", 1}};

const char *
safetensors_type_name (safetensors_type_t type)
{
    return s_types[type].name;
}

static int
s_read_type (const json_t *entry, safetensors_tensor_t *tensor, char error[160])
{
    const char *type = json_string_value (json_object_get (entry, "dtype"));
    for (size_t i = 0; type && i < sizeof s_types / sizeof s_types[0]; i++)
        if (strcmp (type, s_types[i].name) == 0) {
            tensor->type = (safetensors_type_t)i;
            return 0;
        }
    return s_fail (error, "tensor %.40s: dtype is not F32, I64 or U8", tensor->name);
}

/* A non-negative integer that fits an offset. */
static int
s_read_size (const json_t *value, size_t *size)
{
    if (!json_is_integer (value) || json_integer_value (value) < 0)
        return -1;
    *size = (size_t)json_integer_value (value);
    return 0;
}

static int
s_read_shape (
    const json_t *entry, safetensors_tensor_t *tensor, size_t *bytes, char error[160])
{
    const json_t *shape = json_object_get (entry, "shape");
    if (!json_is_array (shape) || json_array_size (shape) > SAFETENSORS_DIM_LIMIT)
        return s_fail (error, "tensor %.40s: shape is not an array of at most %d sizes",
            tensor->name, SAFETENSORS_DIM_LIMIT);
    *bytes = s_types[tensor->type].size;
    tensor->dim_count = json_array_size (shape);
    for (size_t i = 0; i < tensor->dim_count; i++) {
        size_t *dim = &tensor->dims[i];
        if (s_read_size (json_array_get (shape, i), dim) != 0)
            return s_fail (
                error, "tensor %.40s: shape[%zu] is not a size", tensor->name, i);
        if (__builtin_mul_overflow (*bytes, *dim, bytes))
            return s_fail (error, "tensor %.40s: shape overflows", tensor->name);
    }
    return 0;
}

static int
s_read_offsets (const json_t *entry, safetensors_tensor_t *tensor, size_t bytes,
    size_t data_length, char error[160])
{
    const json_t *offsets = json_object_get (entry, "data_offsets");
    if (!json_is_array (offsets) || json_array_size (offsets) != 2 ||
        s_read_size (json_array_get (offsets, 0), &tensor->begin) != 0 ||
        s_read_size (json_array_get (offsets, 1), &tensor->end) != 0)
        return s_fail (
            error, "tensor %.40s: data_offsets is not [begin, end]", tensor->name);
    if (tensor->begin > tensor->end || tensor->end > data_length)
        return s_fail (error,
            "tensor %.40s: bytes %zu to %zu are not in the data (%zu bytes)",
            tensor->name, tensor->begin, tensor->end, data_length);
    if (tensor->end - tensor->begin != bytes)
        return s_fail (error, "tensor %.40s: shape needs %zu bytes, it has %zu",
            tensor->name, bytes, tensor->end - tensor->begin);
    return 0;
}

static int
s_read_tensor (const char *name, const json_t *entry, size_t data_length,
    safetensors_tensor_t *tensor, char error[160])
{
    *tensor = (safetensors_tensor_t){.name = name};
    size_t bytes = 0;
    if (!json_is_object (entry) || json_object_size (entry) != 3)
        return s_fail (error, "tensor %.40s: not {dtype, shape, data_offsets}", name);
    if (s_read_type (entry, tensor, error) != 0 ||
        s_read_shape (entry, tensor, &bytes, error) != 0)
        return -1;
    return s_read_offsets (entry, tensor, bytes, data_length, error);
}

static int
s_by_begin (const void *a, const void *b)
{
    const safetensors_tensor_t *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* No gap, no overlap, nothing behind the last. */
static int
s_check_cover (safetensors_t *self, char error[160])
{
    qsort (self->tensors, self->count, sizeof *self->tensors, s_by_begin);
    size_t at = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (self->tensors[i].begin < at)
            return s_fail (error, "tensors %.40s and %.40s overlap",
                self->tensors[i - 1].name, self->tensors[i].name);
        if (self->tensors[i].begin > at)
            return s_fail (error, "%zu bytes before tensor %.40s belong to no tensor",
                self->tensors[i].begin - at, self->tensors[i].name);
        at = self->tensors[i].end;
    }
    if (at != self->data_length)
        return s_fail (error, "tensors end at byte %zu of the data, the file at %zu",
            at, self->data_length);
    return 0;
}

static int
s_check_metadata (const safetensors_t *self, char error[160])
{
    json_t *metadata = json_object_get (self->header, METADATA);
    const char *key;
    json_t *value;
    if (metadata && !json_is_object (metadata))
        return s_fail (error, METADATA " is not an object");
    json_object_foreach (
        metadata, key, value) if (!json_is_string (value)) return s_fail (error,
        METADATA " %.40s is not a string", key);
    return 0;
}

static int
s_read_tensors (safetensors_t *self, char error[160])
{
    size_t most = json_object_size (self->header);
    if (most > SAFETENSORS_TENSOR_LIMIT)
        return s_fail (error, "%zu tensors, at most %d are allowed", most,
            SAFETENSORS_TENSOR_LIMIT);
    self->tensors = calloc (most + 1, sizeof *self->tensors);
    assert (self->tensors);
    const char *name;
    json_t *entry;
    json_object_foreach (self->header, name, entry)
    {
        if (strcmp (name, METADATA) == 0)
            continue;
        if (s_read_tensor (name, entry, self->data_length, &self->tensors[self->count],
                error) != 0)
            return -1;
        self->count++;
    }
    if (s_check_metadata (self, error) != 0)
        return -1;
    return s_check_cover (self, error);
}

static int
s_parse (safetensors_t *self, const char *bytes, size_t length, char error[160])
{
    size_t header_length;
    if (length < 8)
        return s_fail (
            error, "file is cut short: %zu bytes, the header alone needs 8", length);
    if (safetensors_header_length (bytes, length, &header_length, error) != 0)
        return -1;
    self->data_start = 8 + header_length;
    self->data_length = length - self->data_start;
    json_fault_t fault;
    self->header = json_read_object (bytes + 8, header_length, &fault);
    if (!self->header)
        return s_fail (error, "header: %.140s", fault.detail);
    return s_read_tensors (self, error);
}

safetensors_t *
safetensors_parse (const char *bytes, size_t length, char error[160])
{
    safetensors_t *self = calloc (1, sizeof *self);
    assert (self);
    if (s_parse (self, bytes, length, error) != 0)
        safetensors_destroy (&self);
    return self;
}

void
safetensors_destroy (safetensors_t **self_p)
{
    if (*self_p) {
        json_decref ((*self_p)->header);
        free ((*self_p)->tensors);
        free (*self_p);
        *self_p = NULL;
    }
}

const safetensors_tensor_t *
safetensors_find (const safetensors_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->tensors[i].name, name) == 0)
            return &self->tensors[i];
    return NULL;
}

const json_t *
safetensors_metadata (const safetensors_t *self)
{
    return json_object_get (self->header, METADATA);
}
