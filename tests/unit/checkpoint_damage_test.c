/* Checkpoints that are damaged, or lie: each is refused with a reason, none crashes or
 * hangs the reader. SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/files.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/checkpoint_format.h"
#include "model/checkpoint/load.h"
#include "model/serve/model.h"
#include "tests/unit/tiny_model.h"

enum { ITEMS = 12, WIDTH = 8 };

typedef struct {
    char folder[64];
    char path[CHECKPOINT_PATH_SIZE]; /* of a file to be damaged */
    char *bytes;                     /* a good one */
    size_t length;
    size_t header_length;
} fixture_t;

/* A good file of a network of this shape; its items have the keys "key 0", "key 1", ... */
static void
s_make (fixture_t *self, const char *version, const sasrec_shape_t *shape, bool keys)
{
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    dataset_t *data = tiny_data (8, shape->items);
    sasrec_weights_t *weights = tiny_weights (shape, 3);
    if (keys)
        data->item_keys = item_keys_new (0, 0);
    for (size_t i = 0; keys && i < shape->items; i++) {
        char key[16];
        int length = snprintf (key, sizeof key, "key %zu", i);
        item_keys_add (data->item_keys, key, (size_t)length);
    }
    checkpoint_draft_t draft = {version, weights, data, NULL, 0};
    assert_int_equal (checkpoint_write (self->folder, &draft, path, error), 0);
    free (self->bytes);
    assert_int_equal (
        files_read (path, 1 << 23, &self->bytes, &self->length, error), 0);
    uint64_t header_length;
    memcpy (&header_length, self->bytes, 8);
    self->header_length = (size_t)header_length;
    sasrec_weights_destroy (&weights);
    dataset_destroy (&data);
}

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    snprintf (self->folder, sizeof self->folder, "/tmp/damage_test.XXXXXX");
    assert_non_null (mkdtemp (self->folder));
    const sasrec_shape_t shape = {ITEMS, WIDTH, 1, 2, 4, 2, false, true};
    s_make (self, "good", &shape, false);
    checkpoint_path (self->folder, "bad", self->path);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    char command[128];
    snprintf (command, sizeof command, "rm -rf %s", self->folder);
    assert_int_equal (system (command), 0);
    free (self->bytes);
    free (self);
    return 0;
}

/* Without fsync: thousands of files. */
static void
s_put (fixture_t *self, const void *bytes, size_t length)
{
    FILE *file = fopen (self->path, "wb");
    assert_non_null (file);
    assert_int_equal (fwrite (bytes, 1, length, file), length);
    fclose (file);
}

static void
s_assert_refused (fixture_t *self, const char *reason)
{
    char error[160] = "";
    model_t *model = load_model (self->path, error);
    if (model)
        fail_msg ("accepted a file that should fail with \"%s\"", reason);
    if (!strstr (error, reason))
        fail_msg ("refused with \"%s\" instead of \"%s\"", error, reason);
    assert_true (strlen (error) > 8);
}

/* The good file, taken apart; header hash and tensor hash are put right again. */
typedef struct {
    json_t *header, *metadata;
    char *data;
    size_t length;
} parts_t;

static parts_t
s_open (const fixture_t *self)
{
    parts_t parts = {.length = self->length - 8 - self->header_length};
    parts.header = json_loadb (self->bytes + 8, self->header_length, 0, NULL);
    parts.metadata = json_object_get (parts.header, "__metadata__");
    parts.data = malloc (parts.length);
    memcpy (parts.data, self->bytes + 8 + self->header_length, parts.length);
    return parts;
}

static void
s_put_text (fixture_t *self, char *text, const char *data, size_t length)
{
    char hash[CHECKPOINT_HASH_SIZE];
    uint64_t header_length = strlen (text);
    size_t place = checkpoint_header_hash_place (text, header_length);
    if (place) {
        checkpoint_hash (&(const void *){text}, &(size_t){header_length}, 1, hash);
        memcpy (text + place, hash, CHECKPOINT_HASH_SIZE - 1);
    }
    files_part_t parts[] = {{&header_length, 8}, {text, header_length}, {data, length}};
    FILE *file = fopen (self->path, "wb");
    for (int i = 0; i < 3; i++)
        fwrite (parts[i].bytes, 1, parts[i].length, file);
    fclose (file);
    free (text);
}

static char *
s_hashed_header (parts_t *parts)
{
    char hash[CHECKPOINT_HASH_SIZE];
    checkpoint_hash (&(const void *){parts->data}, &parts->length, 1, hash);
    json_object_set_new (parts->metadata, "sha256", json_string (hash));
    json_object_set_new (
        parts->metadata, "header_sha256", json_string (CHECKPOINT_ZERO_HASH));
    return json_dumps (parts->header, JSON_COMPACT);
}

static void
s_close (fixture_t *self, parts_t *parts)
{
    s_put_text (self, s_hashed_header (parts), parts->data, parts->length);
    json_decref (parts->header);
    free (parts->data);
}

static size_t
s_begin (const parts_t *parts, const char *tensor)
{
    const json_t *offsets =
        json_object_get (json_object_get (parts->header, tensor), "data_offsets");
    return (size_t)json_integer_value (json_array_get (offsets, 0));
}

static void
s_set_float (parts_t *parts, const char *tensor, size_t index, float value)
{
    memcpy (parts->data + s_begin (parts, tensor) + 4 * index, &value, 4);
}

static void
s_set_integer (parts_t *parts, const char *tensor, size_t index, int64_t value)
{
    memcpy (parts->data + s_begin (parts, tensor) + 8 * index, &value, 8);
}

static void
s_set_entry (parts_t *parts, const char *tensor, const char *key, const char *json)
{
    json_t *entry = json_object_get (parts->header, tensor);
    json_t *value = json_loads (json, JSON_DECODE_ANY, NULL);
    assert_non_null (entry);
    assert_non_null (value);
    json_object_set_new (entry, key, value);
}

static void
an_untouched_file_survives_the_taking_apart (void **state)
{
    fixture_t *self = *state;
    char error[160] = "";
    parts_t parts = s_open (self);
    s_close (self, &parts);
    model_t *model = load_model (self->path, error);
    assert_string_equal (error, "");
    assert_non_null (model);
    model_destroy (&model);
}

/* As others' writers may leave it. */
static void
an_item_table_may_start_anywhere (void **state)
{
    fixture_t *self = *state;
    char error[160] = "";
    size_t mapped = 0;
    for (size_t spaces = 0; spaces < 64; spaces++) {
        parts_t parts = s_open (self);
        char *compact = s_hashed_header (&parts);
        size_t length = strlen (compact);
        char *text = malloc (length + spaces + 1);
        memcpy (text, compact, length);
        memset (text + length, ' ', spaces);
        text[length + spaces] = '\0';
        s_put_text (self, text, parts.data, parts.length);
        checkpoint_t *read = checkpoint_read (self->path, error);
        assert_string_equal (error, "");
        assert_memory_equal (sasrec_items (read->weights),
            parts.data + s_begin (&parts, "item"), ITEMS * WIDTH * sizeof (float));
        mapped += read->weights->region != NULL;
        checkpoint_destroy (&read);
        json_decref (parts.header);
        free (parts.data);
        free (compact);
    }
    assert_int_equal (mapped, 1);
}

static void
every_truncation_is_refused (void **state)
{
    fixture_t *self = *state;
    for (size_t length = 0; length < self->length; length += length < 64 ? 1 : 13) {
        s_put (self, self->bytes, length);
        s_assert_refused (self, "");
    }
    s_put (self, self->bytes, self->length - 1);
    s_assert_refused (self, "not in the data");
}

static void
more_bytes_at_the_end_are_refused (void **state)
{
    fixture_t *self = *state;
    char *longer = calloc (1, self->length + 8);
    memcpy (longer, self->bytes, self->length);
    s_put (self, longer, self->length + 8);
    free (longer);
    s_assert_refused (self, "tensors end at byte");
}

static void
every_flipped_bit_is_refused (void **state)
{
    fixture_t *self = *state;
    for (size_t i = 0; i < self->length; i += i < 8 ? 1 : 5) {
        int bit = 1 << i * 7 % 8;
        self->bytes[i] = (char)(self->bytes[i] ^ bit);
        s_put (self, self->bytes, self->length);
        s_assert_refused (self, "");
        self->bytes[i] = (char)(self->bytes[i] ^ bit);
    }
}

static void
bad_weights_are_refused (void **state)
{
    fixture_t *self = *state;
    const float bad[] = {NAN, INFINITY, -INFINITY, 1.1e4f, -3e38f};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        parts_t parts = s_open (self);
        s_set_float (&parts, "item", 7, bad[i]);
        s_close (self, &parts);
        s_assert_refused (self, "tensor item: value 7 is");
    }
}

static void
bad_items_are_refused (void **state)
{
    fixture_t *self = *state;
    static const struct {
        const char *tensor;
        int64_t value;
        const char *reason;
    } cases[] = {
        {"item_ids", -1, "item_ids[3] is not in"},
        {"item_ids", 9007199254740992, "item_ids[3] is not in"},
        {"item_ids", 10, "item_ids[3] is there twice"},
        {"item_counts", 0, "item_counts[3]"},
        {"item_counts", -5, "item_counts[3]"},
        {"item_counts", INT64_MAX, "item_counts[3]"},
        {"item_counts", 1000, "item_counts[3]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parts_t parts = s_open (self);
        s_set_integer (&parts, cases[i].tensor, 3, cases[i].value);
        s_close (self, &parts);
        s_assert_refused (self, cases[i].reason);
    }
}

static void
bad_keys_are_refused (void **state)
{
    fixture_t *self = *state;
    const sasrec_shape_t shape = {ITEMS, WIDTH, 1, 2, 4, 2, false, true};
    static const struct {
        const char *tensor;
        size_t place;
        int64_t value;
        const char *reason;
    } cases[] = {
        {"item_key_offsets", 0, 1, "do not cover"},
        {"item_key_offsets", ITEMS, 5 * ITEMS, "do not cover"},
        {"item_key_offsets", 3, 9, "item_key_offsets[3] is not ascending"},
        {"item_key_offsets", 3, INT64_MIN, "item_key_offsets[3] is not ascending"},
        {"item_key_offsets", 3, INT64_MAX, "item_key_offsets[3] is not ascending"},
        {"item_keys", 9, '0', "item_keys[1] is there twice"},
        {"item_keys", 2, '\n', "item_keys[0] is no key"},
        {"item_keys", 2, '\0', "item_keys[0] is no key"},
        {"item_keys", 2, 0xff, "item_keys[0] is no key"},
    };
    s_make (self, "keys", &shape, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parts_t parts = s_open (self);
        if (strcmp (cases[i].tensor, "item_keys") == 0)
            parts.data[s_begin (&parts, "item_keys") + cases[i].place] =
                (char)cases[i].value;
        else
            s_set_integer (&parts, cases[i].tensor, cases[i].place, cases[i].value);
        s_close (self, &parts);
        s_assert_refused (self, cases[i].reason);
    }
    parts_t parts = s_open (self);
    json_object_set (
        parts.header, "item_names", json_object_get (parts.header, "item_keys"));
    json_object_del (parts.header, "item_keys");
    s_close (self, &parts);
    s_assert_refused (self, "tensor item_keys is missing");
}

static void
lying_tensor_entries_are_refused (void **state)
{
    fixture_t *self = *state;
    static const struct {
        const char *tensor, *key, *json, *reason;
    } cases[] = {
        {"item", "shape", "[13,8]", "item: shape needs 416 bytes"},
        {"item", "shape", "[8,12]", "item: expected F32 of 12 x 8"},
        {"item", "shape", "[96]", "item: expected F32 of 12 x 8"},
        {"item", "shape", "[1,12,8]", "item: expected F32 of 12 x 8"},
        {"item", "shape", "[1,1,1,12,8]", "at most 4"},
        {"item", "shape", "[12,-8]", "shape[1] is not a size"},
        {"item", "shape", "[12,8.0]", "shape[1] is not a size"},
        {"item", "shape", "[4611686018427387904,4611686018427387904]", "overflows"},
        {"item", "shape", "[9223372036854775807,2,1]", "overflows"},
        {"item", "shape", "[2305843009213693958,8]", "overflows"},
        {"item", "shape", "96", "shape is not an array"},
        {"item", "dtype", "\"F16\"", "dtype is not"},
        {"item", "dtype", "7", "dtype is not"},
        {"item_ids", "dtype", "\"F32\"", "shape needs 48 bytes"},
        {"item", "data_offsets", "[0,384]", "overlap"},
        {"item", "data_offsets", "[384,0]", "not in the data"},
        {"item", "data_offsets", "[-384,0]", "data_offsets is not"},
        {"item", "data_offsets", "[9223372036854775423,9223372036854775807]",
            "not in the data"},
        {"item", "data_offsets", "[0]", "data_offsets is not"},
        {"item", "more", "1", "not {dtype, shape, data_offsets}"},
        {"__metadata__", "number", "1", "number is not a string"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parts_t parts = s_open (self);
        s_set_entry (&parts, cases[i].tensor, cases[i].key, cases[i].json);
        s_close (self, &parts);
        s_assert_refused (self, cases[i].reason);
    }
}

static void
missing_extra_and_renamed_tensors_are_refused (void **state)
{
    fixture_t *self = *state;
    parts_t parts = s_open (self);
    json_object_del (parts.header, "item");
    s_close (self, &parts);
    s_assert_refused (self, "belong to no tensor");

    parts = s_open (self);
    json_object_set_new (parts.header, "extra",
        json_pack ("{s:s,s:[i],s:[I,I]}", "dtype", "F32", "shape", 0, "data_offsets",
            (json_int_t)parts.length, (json_int_t)parts.length));
    s_close (self, &parts);
    s_assert_refused (self, "tensors, this shape has");

    parts = s_open (self);
    json_object_set (parts.header, "item2", json_object_get (parts.header, "item"));
    json_object_del (parts.header, "item");
    s_close (self, &parts);
    s_assert_refused (self, "tensor item is missing");
}

static void
a_tensor_that_is_there_twice_is_refused (void **state)
{
    fixture_t *self = *state;
    parts_t parts = s_open (self);
    char *text = s_hashed_header (&parts), *entry, *twice;
    entry = json_dumps (json_object_get (parts.header, "item"), JSON_COMPACT);
    assert_true (asprintf (&twice, "{\"item\":%s,%s", entry, text + 1) > 0);
    free (entry);
    free (text);
    s_put_text (self, twice, parts.data, parts.length);
    json_decref (parts.header);
    free (parts.data);
    s_assert_refused (self, "duplicate");
}

static void
bad_metadata_is_refused (void **state)
{
    fixture_t *self = *state;
    static const struct {
        const char *key, *value, *reason;
    } cases[] = {
        {"format", "other", "format is not sasrec"},
        {"format_version", "2", "this program reads \"1\""},
        {"version", "../x", "version is not a version"},
        {"version", "", "version is not a version"},
        {"shape", "{", "metadata shape: not valid JSON"},
        {"shape", "[]", "metadata shape: the JSON text must be an object"},
        {"shape", "{}", "items is missing"},
        {"shape",
            "{\"items\":12,\"width\":8,\"blocks\":1,\"heads\":3,\"window\":4,"
            "\"ffn_factor\":2}",
            "heads must divide"},
        {"shape",
            "{\"items\":2147483647,\"width\":4096,\"blocks\":64,\"heads\":2,"
            "\"window\":4,\"ffn_factor\":2}",
            "more weights than the file holds"},
        {"shape",
            "{\"items\":2147483648,\"width\":8,\"blocks\":1,\"heads\":2,\"window\":4,"
            "\"ffn_factor\":2}",
            "items must be"},
        {"shape",
            "{\"items\":12,\"width\":8,\"blocks\":1,\"heads\":2,\"window\":-4,"
            "\"ffn_factor\":2}",
            "window must be"},
        {"shape",
            "{\"items\":12,\"width\":8,\"blocks\":1,\"heads\":2,\"window\":3,"
            "\"ffn_factor\":2,\"relative_bias\":true}",
            "position: expected F32 of 3 x 8"},
        {"shape",
            "{\"items\":12,\"width\":8,\"blocks\":1,\"heads\":2,\"window\":4,"
            "\"ffn_factor\":2}",
            "19 tensors, this shape has 18"},
        {"shape",
            "{\"items\":12,\"width\":8,\"blocks\":1,\"heads\":2,\"window\":4,"
            "\"ffn_factor\":2,\"relative_bias\":1}",
            "relative_bias must be"},
        {"shape",
            "{\"items\":1,\"width\":256,\"blocks\":64,\"heads\":256,"
            "\"window\":10000,\"ffn_factor\":1,\"relative_bias\":true}",
            "more weights than the file holds"},
        {"canary", "{}", "canary: not {k, cases}"},
        {"canary", "{\"k\":10,\"cases\":[]}", "canary: not {k, cases}"},
        {"canary", "{\"k\":10,\"cases\":[{}]}", "canary 1: not {history"},
        {"canary", "{\"k\":1000000,\"cases\":[{}]}", "canary: not {k, cases}"},
        {"training", "[[[[[[[[[[", "nested deeper"},
        {"reference", "{\"scores\":{\"bounds\":[0,-1],\"counts\":[0,0,0]}}",
            "metadata reference: scores: bounds must be numbers that ascend"},
        {"reference", "{\"drift\":{\"score\":{\"bounds\":[0],\"counts\":[-1,0]}}}",
            "metadata reference: drift score: counts must be integers"},
        {"reference", "{\"drift\":7}", "metadata reference: drift: must be an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parts_t parts = s_open (self);
        json_object_set_new (
            parts.metadata, cases[i].key, json_string (cases[i].value));
        s_close (self, &parts);
        s_assert_refused (self, cases[i].reason);
        parts = s_open (self);
        json_object_del (parts.metadata, cases[i].key);
        s_close (self, &parts);
        s_assert_refused (self, "");
    }
}

/* As in files of older versions. */
static void
a_file_without_a_baseline_is_read (void **state)
{
    fixture_t *self = *state;
    static const char *const texts[] = {"{}",
        "{\"users\":3,\"scores\":{\"bounds\":[-1,0,1],\"counts\":[1,2,3,4]},"
        "\"history_length\":{\"bounds\":[0,1],\"counts\":[1,1,1]}}"};
    for (size_t i = 0; i < 2; i++) {
        char error[160] = "";
        parts_t parts = s_open (self);
        json_object_set_new (parts.metadata, "reference", json_string (texts[i]));
        s_close (self, &parts);
        model_t *model = load_model (self->path, error);
        assert_string_equal (error, "");
        assert_non_null (model);
        assert_false (baseline_is_comparable (model_baseline (model)));
        assert_int_equal (model_baseline (model)->scores.bound_count, i ? 3 : 22);
        model_destroy (&model);
    }
}

static void
a_file_of_another_program_is_refused (void **state)
{
    fixture_t *self = *state;
    parts_t parts = s_open (self);
    json_object_del (parts.header, "__metadata__");
    s_put_text (
        self, json_dumps (parts.header, JSON_COMPACT), parts.data, parts.length);
    json_decref (parts.header);
    free (parts.data);
    s_assert_refused (self, "not a checkpoint of sasrec");
}

static void
the_canary_notices_a_changed_weight (void **state)
{
    fixture_t *self = *state;
    parts_t parts = s_open (self);
    s_set_float (&parts, "item", 2, 0.9f);
    s_close (self, &parts);
    s_assert_refused (self, "canary");
}

static void
the_canary_notices_swapped_items (void **state)
{
    fixture_t *self = *state;
    parts_t parts = s_open (self);
    int64_t first, second;
    memcpy (&first, parts.data + s_begin (&parts, "item_ids") + 8 * 2, 8);
    memcpy (&second, parts.data + s_begin (&parts, "item_ids") + 8 * 3, 8);
    s_set_integer (&parts, "item_ids", 2, second);
    s_set_integer (&parts, "item_ids", 3, first);
    s_close (self, &parts);
    s_assert_refused (self, "canary");
}

/* A few bytes of the header become others that JSON is made of; the hash is right, so
 * that the checks behind it are reached. Whatever comes out: no crash, a reason. */
static void
random_headers_are_read_or_refused (void **state)
{
    fixture_t *self = *state;
    static const char alphabet[] = "0123456789-.eE,:[]{}\"\\ FI64truenl";
    const char *data = self->bytes + 8 + self->header_length;
    size_t refused = 0;
    rng_t rng;
    rng_seed (&rng, 1, 0);
    for (int round = 0; round < 1500; round++) {
        char *text = strndup (self->bytes + 8, self->header_length);
        size_t place = checkpoint_header_hash_place (text, self->header_length);
        memset (text + place, '0', CHECKPOINT_HASH_SIZE - 1);
        for (uint64_t i = 1 + rng_below (&rng, 3); i > 0; i--)
            text[rng_below (&rng, self->header_length)] =
                alphabet[rng_below (&rng, sizeof alphabet - 1)];
        s_put_text (self, text, data, self->length - 8 - self->header_length);
        char error[160] = "";
        model_t *model = load_model (self->path, error);
        assert_true (model || strlen (error) > 8);
        refused += !model;
        model_destroy (&model);
    }
    assert_in_range (refused, 300, 1499); /* both kinds happen */
}

static void
header_lengths_are_believed_by_nobody (void **state)
{
    fixture_t *self = *state;
    static const struct {
        uint64_t length;
        const char *reason;
    } cases[] = {
        {0, "not valid JSON"},
        {1, "not valid JSON"},
        {16 << 20, "cut short"},
        {(16 << 20) + 1, "at most 16777216"},
        {UINT64_MAX, "at most 16777216"},
        {UINT64_MAX - 7, "at most 16777216"},
        {INT64_MAX, "at most 16777216"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy (self->bytes, &cases[i].length, 8);
        s_put (self, self->bytes, self->length);
        s_assert_refused (self, cases[i].reason);
    }
}

static void
what_is_not_a_file_is_refused_without_waiting (void **state)
{
    fixture_t *self = *state;
    s_assert_refused (self, "No such file");
    assert_int_equal (mkdir (self->path, 0700), 0);
    s_assert_refused (self, "not a regular file");
    rmdir (self->path);
    assert_int_equal (mkfifo (self->path, 0600), 0);
    s_assert_refused (self, "not a regular file");
    unlink (self->path);
    assert_int_equal (symlink ("/dev/zero", self->path), 0);
    s_assert_refused (self, "not a regular file");
    unlink (self->path);
    s_put (self, "", 0);
    s_assert_refused (self, "cut short");
}

static void
a_huge_sparse_file_is_refused (void **state)
{
    fixture_t *self = *state;
    s_put (self, "", 0);
    assert_int_equal (truncate (self->path, (off_t)1 << 40), 0);
    s_assert_refused (self, "larger than allowed");
}

/* Its header is good; what comes behind is not looked at. */
static void
a_long_tail_is_refused_unread (void **state)
{
    fixture_t *self = *state;
    s_put (self, self->bytes, self->length);
    assert_int_equal (truncate (self->path, (off_t)15 << 30), 0);
    s_assert_refused (self, "the file at");
}

/* Attention costs the square of a history: a small file must not ask for minutes. */
static void
a_canary_of_long_histories_is_refused (void **state)
{
    fixture_t *self = *state;
    const sasrec_shape_t shape = {ITEMS, WIDTH, 4, 2, 10000, 2, false, true};
    s_make (self, "long", &shape, false);
    s_put (self, self->bytes, self->length);
    char error[160] = "";
    model_t *model = load_model (self->path, error);
    assert_non_null (model); /* the writer keeps below it */
    model_destroy (&model);
    parts_t parts = s_open (self);
    json_t *history = json_array (), *cases = json_array ();
    for (size_t i = 0; i < 10000; i++)
        json_array_append_new (history, json_integer (10));
    for (size_t i = 0; i < 8; i++)
        json_array_append_new (cases,
            json_pack ("{s:O,s:[],s:[]}", "history", history, "item_ids", "scores"));
    json_t *canary = json_pack ("{s:i,s:o}", "k", 10, "cases", cases);
    char *text = json_dumps (canary, JSON_COMPACT);
    json_object_set_new (parts.metadata, "canary", json_string (text));
    s_close (self, &parts);
    s_assert_refused (self, "cost too much");
    free (text);
    json_decref (canary);
    json_decref (history);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (an_untouched_file_survives_the_taking_apart),
        TEST (an_item_table_may_start_anywhere),
        TEST (every_truncation_is_refused),
        TEST (more_bytes_at_the_end_are_refused),
        TEST (every_flipped_bit_is_refused),
        TEST (bad_weights_are_refused),
        TEST (bad_items_are_refused),
        TEST (bad_keys_are_refused),
        TEST (lying_tensor_entries_are_refused),
        TEST (missing_extra_and_renamed_tensors_are_refused),
        TEST (a_tensor_that_is_there_twice_is_refused),
        TEST (bad_metadata_is_refused),
        TEST (a_file_without_a_baseline_is_read),
        TEST (a_file_of_another_program_is_refused),
        TEST (the_canary_notices_a_changed_weight),
        TEST (the_canary_notices_swapped_items),
        TEST (random_headers_are_read_or_refused),
        TEST (header_lengths_are_believed_by_nobody),
        TEST (what_is_not_a_file_is_refused_without_waiting),
        TEST (a_huge_sparse_file_is_refused),
        TEST (a_long_tail_is_refused_unread),
        TEST (a_canary_of_long_histories_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
