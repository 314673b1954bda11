/* Writes a checkpoint. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/jsonread.h"
#include "base/strbuf.h"
#include "model/checkpoint/canary.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/checkpoint_format.h"
#include "model/serve/model.h"
#include "model/checkpoint/reference.h"
#include "model/checkpoint/safetensors.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are written as they are in memory: little-endian only"
#endif

typedef struct {
    const checkpoint_draft_t *draft;
    json_t *header;
    files_part_t *parts; /* length and header, then the tensors */
    size_t part_count;
    size_t data_length;
    int64_t *key_places; /* owned; NULL: no item has a key */
    strbuf_t key_texts;  /* owned */
} writer_t;

static int
s_check_weights (const sasrec_weights_t *weights, char error[160])
{
    for (size_t i = 0; i < sasrec_tensor_count (&weights->shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (weights, i);
        for (size_t j = 0; j < tensor.rows * tensor.columns; j++)
            if (!(fabsf (tensor.values[j]) <= CHECKPOINT_WEIGHT_MOST)) {
                snprintf (error, 160, "weight %s[%zu] is %g: this network fell apart",
                    tensor.name, j, (double)tensor.values[j]);
                return -1;
            }
    }
    return 0;
}

static int
s_check_draft (const checkpoint_draft_t *draft, const char *path, char error[160])
{
    struct stat info;
    if (!checkpoint_version_valid (draft->version)) {
        snprintf (
            error, 160, "not a version: 1 to 64 of letters, digits, '.', '_', '-'");
        return -1;
    }
    if (lstat (path, &info) == 0) {
        snprintf (error, 160, "version %s is there already", draft->version);
        return -1;
    }
    assert (draft->weights->shape.items == draft->data->item_count);
    return s_check_weights (draft->weights, error);
}

static void
s_add_tensor (writer_t *self, const char *name, const char *type, json_t *shape,
    const void *bytes, size_t length)
{
    size_t begin = self->data_length;
    self->data_length += length;
    self->parts[self->part_count++] = (files_part_t){bytes, length};
    json_object_set_new (self->header, name,
        json_pack ("{s:s,s:o,s:[I,I]}", "dtype", type, "shape", shape, "data_offsets",
            (json_int_t)begin, (json_int_t)self->data_length));
}

/* The places before the weights, which are aligned; the texts, of any length, last. */
static void
s_add_key_places (writer_t *self)
{
    const dataset_t *data = self->draft->data;
    if (!data->item_keys)
        return;
    self->key_places = calloc (data->item_count + 1, sizeof *self->key_places);
    assert (self->key_places);
    for (size_t i = 0; i < data->item_count; i++) {
        const char *key = item_keys_get (data->item_keys, i);
        if (key)
            strbuf_add (&self->key_texts, key);
        self->key_places[i + 1] = (int64_t)self->key_texts.length;
    }
    s_add_tensor (self, CHECKPOINT_KEY_PLACES, "I64",
        json_pack ("[I]", (json_int_t)data->item_count + 1), self->key_places,
        (data->item_count + 1) * sizeof *self->key_places);
}

static void
s_add_key_texts (writer_t *self)
{
    if (self->key_places)
        s_add_tensor (self, CHECKPOINT_KEY_TEXTS, "U8",
            json_pack ("[I]", (json_int_t)self->key_texts.length), self->key_texts.data,
            self->key_texts.length);
}

static void
s_add_tensors (writer_t *self)
{
    const sasrec_weights_t *weights = self->draft->weights;
    const dataset_t *data = self->draft->data;
    json_int_t items = (json_int_t)data->item_count;
    size_t count = sasrec_tensor_count (&weights->shape);
    self->parts = calloc (count + 6, sizeof *self->parts);
    assert (self->parts);
    self->part_count = 2; /* the header comes last, it needs the hash */
    s_add_tensor (self, "item_ids", "I64", json_pack ("[I]", items), data->item_ids,
        data->item_count * sizeof (int64_t));
    s_add_tensor (self, "item_counts", "I64", json_pack ("[I]", items),
        data->item_counts, data->item_count * sizeof (int64_t));
    s_add_key_places (self);
    for (size_t i = 0; i < count; i++) {
        sasrec_tensor_t tensor = sasrec_tensor (weights, i);
        json_int_t rows = (json_int_t)tensor.rows, columns = (json_int_t)tensor.columns;
        json_t *shape =
            rows == 1 ? json_pack ("[I]", columns) : json_pack ("[I,I]", rows, columns);
        s_add_tensor (self, tensor.name, "F32", shape, tensor.values,
            tensor.rows * tensor.columns * sizeof (float));
    }
    s_add_key_texts (self);
}

static json_t *
s_time (void)
{
    char day[32], text[48];
    int64_t now = clock_unix_ms ();
    time_t seconds = (time_t)(now / 1000);
    struct tm utc;
    gmtime_r (&seconds, &utc);
    strftime (day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf (text, sizeof text, "%s.%03dZ", day, (int)(now % 1000));
    return json_string (text);
}

static json_t *
s_shape (const sasrec_shape_t *shape)
{
    return json_pack ("{s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:b}", "items",
        (json_int_t)shape->items, "width", (json_int_t)shape->width, "blocks",
        (json_int_t)shape->blocks, "heads", (json_int_t)shape->heads, "window",
        (json_int_t)shape->window, "ffn_factor", (json_int_t)shape->ffn_factor,
        "post_norm", shape->post_norm, "relative_bias", shape->relative_bias);
}

/* Values of __metadata__ are strings: JSON goes in as text. Takes value. */
static void
s_set_text (json_t *metadata, const char *key, json_t *value)
{
    char *text = json_dumps (value, JSON_COMPACT | JSON_REAL_PRECISION (9));
    assert (text);
    json_object_set_new (metadata, key, json_string (text));
    free (text);
    json_decref (value);
}

static void
s_data_hash (const writer_t *self, char hex[CHECKPOINT_HASH_SIZE])
{
    size_t count = self->part_count - 2;
    const void **parts = calloc (count, sizeof *parts);
    size_t *lengths = calloc (count, sizeof *lengths);
    assert (parts && lengths);
    for (size_t i = 0; i < count; i++) {
        parts[i] = self->parts[i + 2].bytes;
        lengths[i] = self->parts[i + 2].length;
    }
    checkpoint_hash (parts, lengths, count, hex);
    free (parts);
    free (lengths);
}

static void
s_add_metadata (writer_t *self)
{
    const checkpoint_draft_t *draft = self->draft;
    char hash[CHECKPOINT_HASH_SIZE];
    s_data_hash (self, hash);
    model_t *model = model_new (draft->version, draft->weights, draft->data->item_ids,
        draft->data->item_counts);
    json_t *metadata = json_pack ("{s:s,s:s,s:s,s:o,s:s,s:s}", "format",
        CHECKPOINT_FORMAT, "format_version", CHECKPOINT_FORMAT_VERSION, "version",
        draft->version, "created_at", s_time (), "sha256", hash, "header_sha256",
        CHECKPOINT_ZERO_HASH);
    s_set_text (metadata, "shape", s_shape (&draft->weights->shape));
    s_set_text (metadata, "training",
        draft->training ? json_deep_copy (draft->training) : json_object ());
    s_set_text (
        metadata, "reference", reference_new (model, draft->data, draft->sample_users));
    s_set_text (metadata, "canary", canary_new (model, draft->data));
    json_object_set_new (self->header, "__metadata__", metadata);
    model_destroy (&model);
}

/* Text of the header behind its length in 8 bytes, padded with spaces to a multiple of 8
 * with which the item table, that many bytes behind it, is aligned in the file. */
static char *
s_header_bytes (const json_t *header, size_t items, size_t *length)
{
    char *text = json_dumps (header, JSON_COMPACT);
    assert (text);
    size_t used = strlen (text), padded = (used + 7) / 8 * 8;
    while ((8 + padded + items) % CHECKPOINT_ALIGNMENT)
        padded += 8;
    char *bytes = malloc (8 + padded), hash[CHECKPOINT_HASH_SIZE];
    assert (bytes);
    uint64_t value = padded;
    memcpy (bytes, &value, 8);
    memset (bytes + 8, ' ', padded);
    memcpy (bytes + 8, text, used);
    free (text);
    size_t place = checkpoint_header_hash_place (bytes + 8, padded);
    assert (place);
    checkpoint_hash (&(const void *){bytes + 8}, &padded, 1, hash);
    memcpy (bytes + 8 + place, hash, CHECKPOINT_HASH_SIZE - 1);
    *length = 8 + padded;
    return bytes;
}

/* What the reader would refuse must not be written. */
static int
s_check_header (const char *bytes, size_t length, char error[160])
{
    json_fault_t fault;
    if (length - 8 > SAFETENSORS_HEADER_LIMIT) {
        snprintf (error, 160,
            "the header would have %zu bytes, at most %zu are allowed", length - 8,
            SAFETENSORS_HEADER_LIMIT);
        return -1;
    }
    json_t *header = json_read_object (bytes + 8, length - 8, &fault);
    assert (header);
    const json_t *metadata = json_object_get (header, "__metadata__");
    const char *training = json_string_value (json_object_get (metadata, "training"));
    json_t *parsed = json_read_object (training, strlen (training), &fault);
    if (!parsed)
        snprintf (error, 160, "training: %.140s", fault.detail);
    int rc = parsed ? 0 : -1;
    json_decref (parsed);
    json_decref (header);
    return rc;
}

int
checkpoint_write (const char *folder, const checkpoint_draft_t *draft,
    char path[CHECKPOINT_PATH_SIZE], char error[160])
{
    char own_path[CHECKPOINT_PATH_SIZE];
    if (!path)
        path = own_path;
    if (checkpoint_path (folder, draft->version, path) != 0) {
        snprintf (error, 160, "the path of the checkpoints folder is too long");
        return -1;
    }
    if (s_check_draft (draft, path, error) != 0 ||
        files_make_folder (folder, error) != 0)
        return -1;
    writer_t writer = {.draft = draft, .header = json_object ()};
    s_add_tensors (&writer);
    s_add_metadata (&writer);
    size_t length;
    size_t items = 2 * draft->data->item_count * sizeof (int64_t); /* ids and counts */
    if (writer.key_places)
        items += (draft->data->item_count + 1) * sizeof (int64_t);
    char *bytes = s_header_bytes (writer.header, items, &length);
    writer.parts[0] = (files_part_t){bytes, 8};
    writer.parts[1] = (files_part_t){bytes + 8, length - 8};
    int rc = s_check_header (bytes, length, error);
    if (rc == 0)
        rc = files_replace (path, writer.parts, writer.part_count, error);
    free (bytes);
    free (writer.parts);
    free (writer.key_places);
    strbuf_free (&writer.key_texts);
    json_decref (writer.header);
    return rc;
}
