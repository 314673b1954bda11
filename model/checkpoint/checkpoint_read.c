/* Reads a checkpoint and believes nothing of it. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/item_key.h"
#include "base/jsonread.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/checkpoint_format.h"
#include "model/checkpoint/proof.h"
#include "model/checkpoint/safetensors.h"
#include "model/data/idmap.h"

#define FILE_LIMIT ((size_t)16 << 30)
#define WILD_STEP  1024

typedef struct {
    int file;
    size_t length;     /* of the file */
    char *header;      /* its length and the header; private memory: nobody changes it
                          under us */
    const char *bytes; /* the whole file, mapped; NULL before the header was checked */
    bool given;        /* they are the proof's */
    const safetensors_t *table;
    checkpoint_t *checkpoint;
    char *error;
} reader_t;

/* Always -1. */
__attribute__ ((format (printf, 2, 3))) static int
s_fail (reader_t *self, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (self->error, 160, format, args);
    va_end (args);
    return -1;
}

static const char *
s_text (const reader_t *self, const char *key)
{
    const char *text =
        json_string_value (json_object_get (self->checkpoint->metadata, key));
    return text ? text : "";
}

/* Replaces JSON texts in the metadata by what they say. */
static int
s_parse_metadata (reader_t *self)
{
    static const char *const keys[] = {"shape", "training", "reference", "canary"};
    const json_t *found = safetensors_metadata (self->table);
    if (!found)
        return s_fail (self, "no __metadata__: not a checkpoint of sasrec");
    json_t *metadata = json_copy ((json_t *)found);
    self->checkpoint->metadata = metadata;
    if (strcmp (s_text (self, "format"), CHECKPOINT_FORMAT) != 0)
        return s_fail (self, "format is not " CHECKPOINT_FORMAT);
    if (strcmp (s_text (self, "format_version"), CHECKPOINT_FORMAT_VERSION) != 0)
        return s_fail (self, "format_version is \"%.20s\", this program reads \"%s\"",
            s_text (self, "format_version"), CHECKPOINT_FORMAT_VERSION);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_fault_t fault;
        const char *text = s_text (self, keys[i]);
        json_t *value = json_read_object (text, strlen (text), &fault);
        if (!value)
            return s_fail (self, "metadata %s: %.120s", keys[i], fault.detail);
        json_object_set_new (metadata, keys[i], value);
    }
    char error[160];
    if (baseline_read (json_object_get (metadata, "reference"),
            &self->checkpoint->baseline, error) != 0)
        return s_fail (self, "metadata reference: %.130s", error);
    if (!checkpoint_version_valid (s_text (self, "version")))
        return s_fail (self, "metadata version is not a version");
    snprintf (self->checkpoint->version, CHECKPOINT_VERSION_SIZE, "%s",
        s_text (self, "version"));
    return 0;
}

static int
s_check_header_hash (reader_t *self)
{
    const char *header = self->header + 8;
    size_t length = self->table->data_start - 8;
    size_t place = checkpoint_header_hash_place (header, length);
    if (!place)
        return s_fail (self, "metadata has no header_sha256");
    char hash[CHECKPOINT_HASH_SIZE];
    const size_t hash_length = CHECKPOINT_HASH_SIZE - 1;
    size_t rest = place + hash_length;
    const void *parts[] = {header, CHECKPOINT_ZERO_HASH, header + rest};
    const size_t lengths[] = {place, hash_length, length - rest};
    checkpoint_hash (parts, lengths, 3, hash);
    if (memcmp (hash, header + place, hash_length) != 0)
        return s_fail (self, "SHA-256 of the header differs: the file is damaged");
    return 0;
}

static int
s_read_size (reader_t *self, const json_t *shape, const char *key, size_t *size)
{
    json_fault_t fault;
    int64_t value = -1;
    if (json_read_integer (shape, key, 0, INT32_MAX, &value, &fault) != 0)
        return s_fail (self, "shape: %.140s", fault.detail);
    if (value < 0)
        return s_fail (self, "shape: %s is missing", key);
    *size = (size_t)value;
    return 0;
}

/* Of all but the vectors: the memory for a shape is taken only when the file is large
 * enough to hold it. In its ranges (sasrec_shape_check) a block's count is no overflow. */
static bool
s_shape_fits (const sasrec_shape_t *shape, size_t data_length)
{
    size_t d = shape->width, rows, floats, block = (4 + 2 * shape->ffn_factor) * d * d;
    block += shape->relative_bias ? shape->heads * shape->window : 0;
    return !__builtin_mul_overflow (shape->blocks, block, &block) &&
           !__builtin_add_overflow (shape->items, shape->window, &rows) &&
           !__builtin_mul_overflow (rows, d, &floats) &&
           !__builtin_add_overflow (floats, block, &floats) &&
           floats <= data_length / sizeof (float);
}

static int
s_read_shape (reader_t *self, sasrec_shape_t *shape)
{
    const json_t *json = json_object_get (self->checkpoint->metadata, "shape");
    char error[160];
    json_fault_t fault;
    *shape = (sasrec_shape_t){0};
    if (s_read_size (self, json, "items", &shape->items) != 0 ||
        s_read_size (self, json, "width", &shape->width) != 0 ||
        s_read_size (self, json, "blocks", &shape->blocks) != 0 ||
        s_read_size (self, json, "heads", &shape->heads) != 0 ||
        s_read_size (self, json, "window", &shape->window) != 0 ||
        s_read_size (self, json, "ffn_factor", &shape->ffn_factor) != 0)
        return -1;
    if (json_read_bool (json, "post_norm", &shape->post_norm, &fault) != 0 ||
        json_read_bool (json, "relative_bias", &shape->relative_bias, &fault) != 0)
        return s_fail (self, "shape: %.140s", fault.detail);
    if (sasrec_shape_check (shape, error) != 0)
        return s_fail (self, "shape: %.140s", error);
    if (!s_shape_fits (shape, self->table->data_length))
        return s_fail (self, "shape: needs more weights than the file holds");
    return 0;
}

/* The bytes of a tensor, when it is there as expected; else NULL with error. rows 1 is a
 * vector. */
static const char *
s_tensor (reader_t *self, const char *name, safetensors_type_t type, size_t rows,
    size_t columns)
{
    const safetensors_tensor_t *tensor = safetensors_find (self->table, name);
    if (!tensor) {
        s_fail (self, "tensor %.40s is missing", name);
        return NULL;
    }
    size_t dims = rows == 1 ? 1 : 2;
    bool same = tensor->dim_count == dims && tensor->dims[dims - 1] == columns &&
                (dims == 1 || tensor->dims[0] == rows);
    if (!same || tensor->type != type) {
        s_fail (self, "tensor %.40s: expected %s of %zu x %zu", name,
            safetensors_type_name (type), rows, columns);
        return NULL;
    }
    return self->bytes + self->table->data_start + tensor->begin;
}

/* Of so many floats, one that is too large, or not a number; or count. */
static size_t
s_first_wild (const float *values, size_t count)
{
    size_t at = 0;
    for (; at + WILD_STEP <= count; at += WILD_STEP) {
        int wild = 0;
#pragma omp simd reduction(| : wild)
        for (size_t i = 0; i < WILD_STEP; i++)
            wild |= !(fabsf (values[at + i]) <= CHECKPOINT_WEIGHT_MOST);
        if (wild)
            break;
    }
    while (at < count && fabsf (values[at]) <= CHECKPOINT_WEIGHT_MOST)
        at++;
    return at;
}

/* The same of the items that are mapped. */
static size_t
s_first_wild_item (const sasrec_weights_t *weights)
{
    size_t width = weights->shape.width, wild = 0;
    for (size_t first = 0, end; sasrec_weights_part (weights, first, &end);
         first = end) {
        size_t count = (end - first) * width;
        size_t at = s_first_wild (sasrec_items (weights) + first * width, count);
        sasrec_weights_rest (weights, first, end);
        wild = first * width + at;
        if (at < count)
            break;
    }
    return wild;
}

/* bytes: the tensor in the file. Where it has its place in the weights already, that is
 * the same. */
static int
s_read_tensor (reader_t *self, const sasrec_tensor_t *tensor, const char *bytes)
{
    const sasrec_weights_t *weights = self->checkpoint->weights;
    size_t count = tensor->rows * tensor->columns;
    bool mapped = weights->region && tensor->values == sasrec_items (weights);
    if (!mapped)
        memcpy (tensor->values, bytes, count * sizeof (float));
    size_t wild =
        mapped ? s_first_wild_item (weights) : s_first_wild (tensor->values, count);
    if (wild < count)
        return s_fail (self, "tensor %.40s: value %zu is %g, outside +-%g",
            tensor->name, wild, (double)tensor->values[wild],
            (double)CHECKPOINT_WEIGHT_MOST);
    return 0;
}

/* With the items where they are in the file, if they lie there as they do in memory. */
static sasrec_weights_t *
s_weights_new (reader_t *self, const sasrec_shape_t *shape)
{
    const safetensors_tensor_t *items = safetensors_find (self->table, "item");
    size_t offset = self->table->data_start + items->begin;
    sasrec_weights_t *weights = NULL;
    if (offset % CHECKPOINT_ALIGNMENT == 0)
        weights = sasrec_weights_map (shape, self->file, offset);
    return weights ? weights : sasrec_weights_new (shape);
}

static bool
s_has_keys (const reader_t *self)
{
    return safetensors_find (self->table, CHECKPOINT_KEY_PLACES) != NULL;
}

static int
s_read_weights (reader_t *self, const sasrec_shape_t *shape)
{
    size_t count = sasrec_tensor_count (shape);
    size_t expected = count + (s_has_keys (self) ? 4 : 2);
    if (self->table->count != expected)
        return s_fail (
            self, "%zu tensors, this shape has %zu", self->table->count, expected);
    for (size_t i = 0; i < count; i++) {
        sasrec_tensor_t tensor = sasrec_tensor (self->checkpoint->weights, i);
        const char *bytes =
            s_tensor (self, tensor.name, SAFETENSORS_F32, tensor.rows, tensor.columns);
        if (!bytes || s_read_tensor (self, &tensor, bytes) != 0)
            return -1;
    }
    return 0;
}

static int64_t *
s_read_integers (reader_t *self, const char *name, size_t count)
{
    const char *bytes = s_tensor (self, name, SAFETENSORS_I64, 1, count);
    if (!bytes)
        return NULL;
    int64_t *values = calloc (count, sizeof *values);
    assert (values);
    memcpy (values, bytes, count * sizeof *values);
    return values;
}

static int
s_check_ids (reader_t *self, size_t count)
{
    idmap_t *indexes = self->checkpoint->indexes = idmap_new (count);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        int64_t id = self->checkpoint->item_ids[i];
        if (i + IDMAP_AHEAD < count)
            idmap_expect (indexes, self->checkpoint->item_ids[i + IDMAP_AHEAD]);
        if (id < 0 || id > JSON_INTEGER_MAX)
            rc = s_fail (self, "item_ids[%zu] is not in 0..2^53 - 1", i);
        else if ((size_t)idmap_add (indexes, id) != i)
            rc = s_fail (self, "item_ids[%zu] is there twice", i);
    }
    return rc;
}

static int
s_check_counts (reader_t *self, size_t count)
{
    const int64_t *counts = self->checkpoint->item_counts;
    for (size_t i = 0; i < count; i++)
        if (counts[i] < 1 || counts[i] > JSON_INTEGER_MAX ||
            (i && counts[i] > counts[i - 1]))
            return s_fail (
                self, "item_counts[%zu] is below 1, too large or not descending", i);
    return 0;
}

static int
s_read_key (reader_t *self, size_t item, const char *text, size_t length)
{
    char key[ITEM_KEY_SIZE];
    item_keys_t *keys = self->checkpoint->item_keys;
    if (length >= sizeof key)
        return s_fail (self, "item_keys[%zu] is longer than 128 bytes", item);
    memcpy (key, text, length);
    key[length] = '\0';
    if (length > 0 && (strlen (key) < length || !item_key_valid (key)))
        return s_fail (self, "item_keys[%zu] is no key", item);
    if (length > 0 && item_keys_find (keys, key) != HASH_INDEX_NONE)
        return s_fail (self, "item_keys[%zu] is there twice", item);
    item_keys_add (keys, key, length);
    return 0;
}

static int
s_read_keys (reader_t *self, size_t count)
{
    const safetensors_tensor_t *tensor =
        safetensors_find (self->table, CHECKPOINT_KEY_TEXTS);
    size_t size = tensor && tensor->dim_count == 1 ? tensor->dims[0] : 0;
    const char *texts = s_tensor (self, CHECKPOINT_KEY_TEXTS, SAFETENSORS_U8, 1, size);
    int64_t *places =
        texts ? s_read_integers (self, CHECKPOINT_KEY_PLACES, count + 1) : NULL;
    int rc = places ? 0 : -1;
    if (rc == 0 && (places[0] != 0 || places[count] != (int64_t)size))
        rc = s_fail (self, "item_key_offsets do not cover item_keys");
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (places[i + 1] < places[i] || places[i + 1] > (int64_t)size)
            rc = s_fail (self, "item_key_offsets[%zu] is not ascending", i + 1);
    if (rc == 0)
        self->checkpoint->item_keys = item_keys_new (count, size);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = s_read_key (
            self, i, texts + places[i], (size_t)(places[i + 1] - places[i]));
    free (places);
    return rc;
}

static int
s_read_items (reader_t *self, size_t count)
{
    self->checkpoint->item_ids = s_read_integers (self, "item_ids", count);
    if (!self->checkpoint->item_ids)
        return -1;
    self->checkpoint->item_counts = s_read_integers (self, "item_counts", count);
    if (!self->checkpoint->item_counts || s_check_ids (self, count) != 0)
        return -1;
    if (s_check_counts (self, count) != 0)
        return -1;
    return s_has_keys (self) ? s_read_keys (self, count) : 0;
}

/* More of the header: its first `length` bytes are in memory then. */
static int
s_read_up_to (reader_t *self, size_t have, size_t length)
{
    char *header = realloc (self->header, length + 1);
    if (!header)
        return s_fail (self, "not enough memory for %zu bytes", length);
    self->header = header;
    while (have < length) {
        ssize_t got = pread (self->file, header + have, length - have, (off_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return s_fail (self, "cannot be read: %s",
                got < 0 ? strerror (errno) : "it is cut short");
        have += (size_t)got;
    }
    return 0;
}

/* What the header declares is checked before the rest is looked at: a file costs no more
 * than it declares. */
static int
s_read_header (reader_t *self)
{
    size_t length;
    if (self->length < 8)
        return s_fail (self, "file is cut short: %zu bytes, the header alone needs 8",
            self->length);
    if (s_read_up_to (self, 0, 8) != 0 ||
        safetensors_header_length (self->header, self->length, &length, self->error))
        return -1;
    return s_read_up_to (self, 8, 8 + length);
}

static int
s_map (reader_t *self)
{
    void *bytes = mmap (NULL, self->length, PROT_READ, MAP_PRIVATE, self->file, 0);
    if (bytes == MAP_FAILED)
        return s_fail (self, "cannot be mapped: %s", strerror (errno));
    madvise (bytes, self->length, MADV_WILLNEED); /* a wish */
    self->bytes = bytes;
    return 0;
}

static void
s_begin_proof (reader_t *self)
{
    const safetensors_tensor_t *items = safetensors_find (self->table, "item");
    size_t start = self->table->data_start;
    const proof_task_t task = {self->bytes, self->length, start, start + items->begin,
        start + items->end, self->checkpoint->weights, s_text (self, "sha256")};
    self->checkpoint->proof = proof_new (&task);
    self->given = true;
}

static int
s_read_data (reader_t *self, const sasrec_shape_t *shape)
{
    if (!s_tensor (self, "item", SAFETENSORS_F32, shape->items, shape->width))
        return -1;
    self->checkpoint->weights = s_weights_new (self, shape);
    s_begin_proof (self);
    if (s_read_weights (self, shape) == 0 && s_read_items (self, shape->items) == 0)
        return 0;
    checkpoint_prove (
        self->checkpoint, self->error); /* of two faults that one is told */
    return -1;
}

static int
s_read_all (reader_t *self)
{
    sasrec_shape_t shape;
    if (s_parse_metadata (self) != 0 || s_check_header_hash (self) != 0 ||
        s_read_shape (self, &shape) != 0 || s_map (self) != 0)
        return -1;
    return s_read_data (self, &shape);
}

/* A regular file, open. -1 with error. */
static int
s_open (reader_t *self, const char *path)
{
    struct stat info;
    self->file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (self->file < 0 || fstat (self->file, &info) != 0)
        return s_fail (self, "%.90s: %s", path, strerror (errno));
    if (!S_ISREG (info.st_mode))
        return s_fail (self, "%.90s: not a regular file", path);
    if ((size_t)info.st_size > FILE_LIMIT)
        return s_fail (self, "%.90s: larger than allowed", path);
    self->length = (size_t)info.st_size;
    return 0;
}

checkpoint_t *
checkpoint_read_unproved (const char *path, char error[160])
{
    safetensors_t *table = NULL;
    checkpoint_t *self = calloc (1, sizeof *self);
    assert (self);
    reader_t reader = {.file = -1, .checkpoint = self, .error = error};
    if (s_open (&reader, path) == 0 && s_read_header (&reader) == 0)
        reader.table = table = safetensors_parse (reader.header, reader.length, error);
    if (!table || s_read_all (&reader) != 0)
        checkpoint_destroy (&self);
    safetensors_destroy (&table);
    free (reader.header);
    if (reader.bytes && !reader.given)
        munmap ((void *)(uintptr_t)reader.bytes, reader.length);
    if (reader.file >= 0)
        close (reader.file);
    return self;
}

int
checkpoint_prove (checkpoint_t *self, char error[160])
{
    if (!self->proof || proof_end (&self->proof))
        return 0;
    snprintf (error, 160, "SHA-256 of the tensors differs: the file is damaged");
    return -1;
}

checkpoint_t *
checkpoint_read (const char *path, char error[160])
{
    checkpoint_t *self = checkpoint_read_unproved (path, error);
    if (self && checkpoint_prove (self, error) != 0)
        checkpoint_destroy (&self);
    return self;
}

void
checkpoint_destroy (checkpoint_t **self_p)
{
    checkpoint_t *self = *self_p;
    if (!self)
        return;
    if (self->proof)
        proof_end (&self->proof);
    sasrec_weights_destroy (&self->weights);
    idmap_destroy (&self->indexes);
    free (self->item_ids);
    free (self->item_counts);
    item_keys_destroy (&self->item_keys);
    json_decref (self->metadata);
    free (self);
    *self_p = NULL;
}
