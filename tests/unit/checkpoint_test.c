/* The folder of checkpoints, and a written one read back.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/checkpoint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/files.h"
#include "model/checkpoint/load.h"
#include "model/serve/model.h"
#include "tests/unit/tiny_model.h"

typedef struct {
    char folder[64];
    dataset_t *data;
    sasrec_weights_t *weights;
    json_t *training;
    checkpoint_draft_t draft;
} fixture_t;

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    snprintf (self->folder, sizeof self->folder, "/tmp/checkpoint_test.XXXXXX");
    assert_non_null (mkdtemp (self->folder));
    const sasrec_shape_t shape = {40, 16, 2, 2, 9, 2, true, true};
    self->data = tiny_data (60, 40);
    self->weights = tiny_weights (&shape, 3);
    self->training = json_pack ("{s:{s:f},s:{s:s}}", "metrics", "valid", 0.25,
        "lineage", "data", "quote \" and < and \xc3\xa9");
    self->draft =
        (checkpoint_draft_t){"v1", self->weights, self->data, self->training, 0};
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
    json_decref (self->training);
    sasrec_weights_destroy (&self->weights);
    dataset_destroy (&self->data);
    free (self);
    return 0;
}

static void
s_write (fixture_t *self, const char *version, char path[CHECKPOINT_PATH_SIZE])
{
    char error[160] = "";
    self->draft.version = version;
    if (checkpoint_write (self->folder, &self->draft, path, error) != 0)
        fail_msg ("%s", error);
}

static void
what_was_written_is_read (void **state)
{
    fixture_t *self = *state;
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    s_write (self, "v1", path);
    checkpoint_t *read = checkpoint_read (path, error);
    assert_string_equal (error, "");
    assert_non_null (read);
    assert_string_equal (read->version, "v1");
    assert_memory_equal (
        &read->weights->shape, &self->weights->shape, sizeof (size_t) * 6);
    assert_true (read->weights->shape.post_norm);
    assert_true (read->weights->shape.relative_bias);
    assert_memory_equal (
        read->weights->values, self->weights->values, self->weights->count * 4);
    assert_memory_equal (read->item_ids, self->data->item_ids, 40 * sizeof (int64_t));
    assert_memory_equal (
        read->item_counts, self->data->item_counts, 40 * sizeof (int64_t));
    assert_true (
        json_equal (json_object_get (read->metadata, "training"), self->training));
    checkpoint_destroy (&read);
}

static void
items_stay_in_the_file_that_was_read (void **state)
{
    fixture_t *self = *state;
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    for (size_t i = 0; i < 9; i++) { /* headers of several lengths */
        char version[] = "123456789";
        version[i + 1] = '\0';
        s_write (self, version, path);
        checkpoint_t *read = checkpoint_read (path, error);
        assert_string_equal (error, "");
        assert_non_null (read->weights->region);
        assert_int_equal (unlink (path), 0);
        sasrec_weights_rest (read->weights, 0, read->weights->shape.items);
        assert_memory_equal (
            read->weights->values, self->weights->values, self->weights->count * 4);
        checkpoint_destroy (&read);
    }
}

static void
a_written_model_loads_and_recommends_the_same (void **state)
{
    fixture_t *self = *state;
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    s_write (self, "v1", path);
    model_t *models[2] = {load_model (path, error),
        model_new ("v1", self->weights, self->data->item_ids, self->data->item_counts)};
    assert_string_equal (error, "");
    int64_t ids[2][10], history[] = {10, 40, 20};
    float scores[2][10];
    for (int i = 0; i < 2; i++) {
        model_scratch_t *scratch = model_scratch_new (models[i], 1);
        model_query_t query = {.history = history, .history_count = 3, .k = 10};
        model_answer_t answer = {.item_ids = ids[i], .scores = scores[i]};
        model_recommend (models[i], scratch, &query, 1, &answer);
        assert_int_equal (answer.count, 10);
        model_scratch_destroy (&scratch);
        model_destroy (&models[i]);
    }
    assert_memory_equal (ids[0], ids[1], sizeof ids[0]);
    assert_memory_equal (scores[0], scores[1], sizeof scores[0]);
}

static json_int_t
s_sum (const json_t *array)
{
    json_int_t sum = 0;
    for (size_t i = 0; i < json_array_size (array); i++)
        sum += json_integer_value (json_array_get (array, i));
    return sum;
}

static void
reference_histograms_count_the_sample (void **state)
{
    fixture_t *self = *state;
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    s_write (self, "v1", path);
    checkpoint_t *read = checkpoint_read (path, error);
    assert_non_null (read);
    const json_t *reference = json_object_get (read->metadata, "reference");
    const json_t *lengths = json_object_get (reference, "history_length");
    const json_t *scores = json_object_get (reference, "scores");
    assert_int_equal (json_integer_value (json_object_get (reference, "users")), 61);
    assert_int_equal (s_sum (json_object_get (lengths, "counts")), 61);
    assert_int_equal (json_array_size (json_object_get (lengths, "counts")),
        checkpoint_history_bound_count + 1);
    /* One of the 61 has seen everything. */
    assert_int_equal (s_sum (json_object_get (scores, "counts")), 600);
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        size_t seen =
            i == FEATURE_SCORE || i == FEATURE_RECOMMENDED_POPULARITY ? 60 : 61;
        assert_int_equal (histogram_total (&read->baseline.features[i]), seen);
    }
    checkpoint_destroy (&read);
}

static void
a_loaded_model_has_its_baseline (void **state)
{
    fixture_t *self = *state;
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    s_write (self, "v1", path);
    checkpoint_t *read = checkpoint_read (path, error);
    model_t *model = load_model (path, error);
    assert_non_null (read);
    assert_non_null (model);
    assert_memory_equal (model_baseline (model), &read->baseline, sizeof (baseline_t));
    assert_true (baseline_is_comparable (&read->baseline));
    model_destroy (&model);
    checkpoint_destroy (&read);
}

static void
a_version_is_written_once (void **state)
{
    fixture_t *self = *state;
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    s_write (self, "v1", path);
    assert_int_equal (checkpoint_write (self->folder, &self->draft, NULL, error), -1);
    assert_non_null (strstr (error, "v1 is there already"));
}

static void
a_network_that_fell_apart_is_not_written (void **state)
{
    fixture_t *self = *state;
    char error[160] = "";
    const float bad[] = {NAN, INFINITY, -1e6f};
    for (size_t i = 0; i < 3; i++) {
        sasrec_tensor (self->weights, 1).values[5] = bad[i];
        assert_int_equal (
            checkpoint_write (self->folder, &self->draft, NULL, error), -1);
        assert_non_null (strstr (error, "position[5]"));
    }
    json_t *list = checkpoint_list (self->folder);
    assert_int_equal (json_array_size (list), 0);
    json_decref (list);
}

static void
training_that_could_not_be_read_back_is_refused (void **state)
{
    fixture_t *self = *state;
    char error[160] = "";
    json_t *deep = json_object (), *outer;
    for (int i = 0; i < 12; i++, deep = outer)
        outer = json_pack ("{s:o}", "deeper", deep);
    self->draft.training = deep;
    assert_int_equal (checkpoint_write (self->folder, &self->draft, NULL, error), -1);
    assert_non_null (strstr (error, "training: nested"));
    json_decref (deep);
}

static void
a_folder_that_cannot_be_made_is_an_error (void **state)
{
    fixture_t *self = *state;
    char error[160] = "";
    assert_int_equal (checkpoint_write ("/dev/null/x", &self->draft, NULL, error), -1);
    assert_string_not_equal (error, "");
}

static void
versions_are_names_not_paths (void **state)
{
    (void)state;
    static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "../a", "a b",
        "a\n", "\xc3\xa9",
        "12345678901234567890123456789012345678901234567890123456789012345"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false (checkpoint_version_valid (bad[i]));
    assert_true (checkpoint_version_valid ("20261123-071748_a.b"));
    assert_true (checkpoint_version_valid (
        "1234567890123456789012345678901234567890123456789012345678901234"));
}

static void
current_names_what_was_published (void **state)
{
    fixture_t *self = *state;
    char path[CHECKPOINT_PATH_SIZE], error[160] = "", version[CHECKPOINT_VERSION_SIZE];
    assert_int_equal (checkpoint_current (self->folder, version, error), 1);
    assert_int_equal (checkpoint_current ("/nonexistent", version, error), 1);
    s_write (self, "v1", path);
    s_write (self, "v2", path);
    assert_int_equal (checkpoint_current (self->folder, version, error), 1);
    for (const char *const *name = (const char *const[]){"v2", "v1", NULL}; *name;
         name++) {
        assert_int_equal (checkpoint_publish (self->folder, *name, error), 0);
        assert_int_equal (checkpoint_current (self->folder, version, error), 0);
        assert_string_equal (version, *name);
    }
}

static void
a_version_that_is_not_there_cannot_be_published (void **state)
{
    fixture_t *self = *state;
    char error[160] = "", version[CHECKPOINT_VERSION_SIZE];
    assert_int_equal (checkpoint_publish (self->folder, "v9", error), -1);
    assert_non_null (strstr (error, "no checkpoint v9"));
    assert_int_equal (checkpoint_publish (self->folder, "../v9", error), -1);
    assert_int_equal (checkpoint_current (self->folder, version, error), 1);
}

static void
a_current_without_a_version_is_an_error (void **state)
{
    fixture_t *self = *state;
    static const char *const bad[] = {
        "", "\n", "../../etc/passwd\n", "v1\nv2\n", "v1 "};
    char path[CHECKPOINT_PATH_SIZE], error[160], version[CHECKPOINT_VERSION_SIZE];
    snprintf (path, sizeof path, "%s/current", self->folder);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        files_part_t part = {bad[i], strlen (bad[i])};
        assert_int_equal (files_replace (path, &part, 1, error), 0);
        assert_int_equal (checkpoint_current (self->folder, version, error), -1);
    }
    files_part_t nul = {"v1\0\n", 4};
    assert_int_equal (files_replace (path, &nul, 1, error), 0);
    assert_int_equal (checkpoint_current (self->folder, version, error), -1);
    unlink (path);
    assert_int_equal (mkfifo (path, 0600), 0);
    assert_int_equal (checkpoint_current (self->folder, version, error), -1);
}

static const char *
s_member (const json_t *list, size_t index, const char *key)
{
    const char *text =
        json_string_value (json_object_get (json_array_get (list, index), key));
    return text ? text : "";
}

static void
the_list_shows_all_newest_first (void **state)
{
    fixture_t *self = *state;
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    files_part_t rubbish = {"rubbish", 7};
    s_write (self, "older", path);
    usleep (2000); /* created_at has milliseconds */
    s_write (self, "newer", path);
    assert_int_equal (checkpoint_publish (self->folder, "older", error), 0);
    checkpoint_path (self->folder, "broken", path);
    assert_int_equal (files_replace (path, &rubbish, 1, error), 0);
    snprintf (path, sizeof path, "%s/notes.txt", self->folder);
    assert_int_equal (files_replace (path, &rubbish, 1, error), 0);

    json_t *list = checkpoint_list (self->folder);
    assert_int_equal (json_array_size (list), 3);
    assert_string_equal (s_member (list, 0, "version"), "newer");
    assert_string_equal (s_member (list, 1, "version"), "older");
    assert_string_equal (s_member (list, 2, "version"), "broken");
    assert_string_equal (s_member (list, 2, "error"), "file is cut short");
    const json_t *older = json_array_get (list, 1);
    assert_true (json_is_true (json_object_get (older, "current")));
    assert_false (json_is_true (json_object_get (json_array_get (list, 0), "current")));
    assert_true (json_equal (json_object_get (older, "metrics"),
        json_object_get (self->training, "metrics")));
    struct stat info;
    checkpoint_path (self->folder, "older", path);
    assert_int_equal (stat (path, &info), 0);
    assert_int_equal (
        json_integer_value (json_object_get (older, "size")), info.st_size);
    json_decref (list);
}

static void
no_folder_is_an_empty_list (void **state)
{
    (void)state;
    json_t *list = checkpoint_list ("/nonexistent");
    assert_true (json_is_array (list));
    assert_int_equal (json_array_size (list), 0);
    json_decref (list);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_was_written_is_read),
        TEST (items_stay_in_the_file_that_was_read),
        TEST (a_written_model_loads_and_recommends_the_same),
        TEST (reference_histograms_count_the_sample),
        TEST (a_loaded_model_has_its_baseline),
        TEST (a_version_is_written_once),
        TEST (a_network_that_fell_apart_is_not_written),
        TEST (training_that_could_not_be_read_back_is_refused),
        TEST (a_folder_that_cannot_be_made_is_an_error),
        TEST (versions_are_names_not_paths),
        TEST (current_names_what_was_published),
        TEST (a_version_that_is_not_there_cannot_be_published),
        TEST (a_current_without_a_version_is_an_error),
        TEST (the_list_shows_all_newest_first),
        TEST (no_folder_is_an_empty_list),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
