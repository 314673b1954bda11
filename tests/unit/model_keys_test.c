/* A model whose items have keys, alone and read back from a checkpoint.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/item_key.h"
#include "base/strbuf.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/load.h"
#include "tests/unit/tiny_served.h"

enum { ITEMS = 40, K = 5 };

/* Item n is called "SKU-n", but those whose number ends in 50 have no key; item 20 is
 * called "30", which is another item's integer. */
typedef struct {
    tiny_served_t served;
    int64_t item_ids[K];
    float scores[K];
    strbuf_t texts;
} fixture_t;

static const char *
s_key (int64_t id, char key[24])
{
    snprintf (key, 24, id == 20 ? "30" : id % 100 == 50 ? "" : "SKU-%d", (int)id);
    return key;
}

static item_keys_t *
s_keys (const dataset_t *data)
{
    item_keys_t *keys = item_keys_new (0, 0);
    char key[24];
    for (size_t i = 0; i < data->item_count; i++)
        item_keys_add (keys, key, strlen (s_key (data->item_ids[i], key)));
    return keys;
}

static int
s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    const sasrec_shape_t shape = {ITEMS, 16, 1, 2, 12, 4, false, true};
    tiny_serve (&self->served, &shape, 4);
    self->served.data->item_keys = s_keys (self->served.data);
    item_keys_t *keys = s_keys (self->served.data);
    model_set_keys (self->served.model, &keys);
    assert_null (keys);
    *state = self;
    return 0;
}

static int
s_teardown (void **state)
{
    fixture_t *self = *state;
    tiny_served_end (&self->served);
    strbuf_free (&self->texts);
    free (self);
    return 0;
}

static int64_t
s_refer (fixture_t *self, const char *key)
{
    int64_t item = item_key_reference (self->texts.length);
    strbuf_add_bytes (&self->texts, key, strlen (key) + 1);
    return item;
}

static model_answer_t
s_ask (fixture_t *self, const model_t *model, model_query_t query)
{
    model_answer_t answer = {.item_ids = self->item_ids, .scores = self->scores};
    query.keys = self->texts.data;
    query.k = K;
    model_recommend (model, self->served.scratch, &query, 1, &answer);
    return answer;
}

/* The same answer, whichever way its items are named. */
static void
s_assert_same (fixture_t *self, const model_t *model, const model_query_t *by_ids,
    const model_query_t *by_keys)
{
    int64_t ids[K];
    model_answer_t expected = s_ask (self, model, *by_ids);
    memcpy (ids, self->item_ids, sizeof ids);
    model_answer_t answer = s_ask (self, model, *by_keys);
    assert_int_equal (answer.count, expected.count);
    assert_int_equal (answer.history_used, expected.history_used);
    assert_int_equal (answer.unknown_dropped, expected.unknown_dropped);
    assert_memory_equal (answer.item_ids, ids, answer.count * sizeof *ids);
}

static void
s_assert_all_lists (fixture_t *self, const model_t *model)
{
    const int64_t ids[] = {70, 20, 50, 30}, left_out[] = {10, 40};
    const int64_t named[] = {
        s_refer (self, "SKU-70"), s_refer (self, "30"), 50, s_refer (self, "SKU-30")};
    const int64_t named_out[] = {s_refer (self, "SKU-10"), 40};
    model_query_t by_ids = {.history = ids,
        .history_count = 4,
        .rules.exclude = left_out,
        .rules.exclude_count = 2};
    model_query_t by_keys = {.history = named,
        .history_count = 4,
        .rules.exclude = named_out,
        .rules.exclude_count = 2};
    s_assert_same (self, model, &by_ids, &by_keys);
    by_ids = (model_query_t){.rules.allow = ids,
        .rules.allow_count = 4,
        .rules.only_allowed = true,
        .history = left_out,
        .history_count = 2};
    by_keys = (model_query_t){.rules.allow = named,
        .rules.allow_count = 4,
        .rules.only_allowed = true,
        .history = named_out,
        .history_count = 2};
    s_assert_same (self, model, &by_ids, &by_keys);
    by_ids = (model_query_t){.history = ids, .history_count = 1, .similar = true};
    by_keys = (model_query_t){.history = named, .history_count = 1, .similar = true};
    s_assert_same (self, model, &by_ids, &by_keys);
}

static void
keys_name_items_in_every_list (void **state)
{
    fixture_t *self = *state;
    s_assert_all_lists (self, self->served.model);
}

static void
an_unknown_key_is_an_unknown_item (void **state)
{
    fixture_t *self = *state;
    const int64_t history[] = {s_refer (self, "SKU-7"), 10, s_refer (self, "sku-10")};
    model_answer_t answer = s_ask (self, self->served.model,
        (model_query_t){.history = history, .history_count = 3});
    assert_int_equal (answer.history_used, 1);
    assert_int_equal (answer.unknown_dropped, 2);
}

static void
a_text_names_a_known_integer_before_a_key (void **state)
{
    fixture_t *self = *state;
    const model_t *model = self->served.model;
    static const struct {
        const char *text;
        int64_t id; /* -1: none */
    } cases[] = {{"30", 30}, {"SKU-30", 30}, {"50", 50}, {"SKU-50", -1}, {"7", -1},
        {"070", -1}, {"", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t index = model_item_named (model, cases[i].text);
        assert_int_equal (
            index < 0 ? -1 : model_item_id (model, (size_t)index), cases[i].id);
    }
    assert_string_equal (
        model_item_key (model, (size_t)model_item_index (model, 20)), "30");
    assert_null (model_item_key (model, (size_t)model_item_index (model, 50)));
}

static void
a_checkpoint_carries_the_keys (void **state)
{
    fixture_t *self = *state;
    char folder[] = "/tmp/model_keys_test.XXXXXX", path[CHECKPOINT_PATH_SIZE],
         error[160] = "", command[64];
    assert_non_null (mkdtemp (folder));
    checkpoint_draft_t draft = {"v1", self->served.weights, self->served.data, NULL, 0};
    assert_int_equal (checkpoint_write (folder, &draft, path, error), 0);
    model_t *model = load_model (path, error);
    assert_string_equal (error, "");
    assert_true (model_has_keys (model));
    for (size_t i = 0; i < ITEMS; i++) {
        const char *key = model_item_key (self->served.model, i);
        if (key)
            assert_string_equal (model_item_key (model, i), key);
        else
            assert_null (model_item_key (model, i));
    }
    s_assert_all_lists (self, model);
    model_destroy (&model);
    snprintf (command, sizeof command, "rm -rf %s", folder);
    assert_int_equal (system (command), 0);
}

#define KEYS_TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        KEYS_TEST (keys_name_items_in_every_list),
        KEYS_TEST (an_unknown_key_is_an_unknown_item),
        KEYS_TEST (a_text_names_a_known_integer_before_a_key),
        KEYS_TEST (a_checkpoint_carries_the_keys),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
