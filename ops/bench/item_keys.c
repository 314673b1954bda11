/* What keys cost: memory of each beyond its text, a look-up by text and one by integer, and
 * the same answers asked by integers and by keys in turn. Random weights. One JSON object
 * on stdout. SPDX-License-Identifier: Apache-2.0
 *
 *   bench_item_keys [items] [width] [window] [history] [seconds] */
#include <assert.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/item_key.h"
#include "base/rng.h"
#include "base/strbuf.h"
#include "model/serve/model.h"

enum { K = 10, QUERIES = 64, LOOKUPS = 1000000 };

typedef struct {
    sasrec_shape_t shape;
    size_t history;
    double seconds;
    sasrec_weights_t *weights;
    int64_t *ids, *counts; /* V */
    item_keys_t *keys;     /* until the model takes them */
    size_t text_bytes;
    model_t *model;
    model_scratch_t *scratch;
    int64_t *by_id, *by_key; /* QUERIES histories */
    strbuf_t texts;          /* of by_key */
} bench_t;

static size_t
s_allocated (void)
{
    struct mallinfo2 info = mallinfo2 ();
    return info.uordblks + info.hblkhd;
}

static size_t
s_key (size_t item, char key[ITEM_KEY_SIZE])
{
    return (size_t)snprintf (key, ITEM_KEY_SIZE, "SKU-%08zx", item * 2654435761u);
}

static void
s_make_keys (bench_t *self, size_t *allocated)
{
    char key[ITEM_KEY_SIZE];
    for (size_t i = 0; i < self->shape.items; i++)
        self->text_bytes += s_key (i, key);
    size_t before = s_allocated ();
    self->keys = item_keys_new (self->shape.items, self->text_bytes);
    for (size_t i = 0; i < self->shape.items; i++) {
        size_t length = s_key (i, key);
        item_keys_add (self->keys, key, length);
    }
    *allocated = s_allocated () - before;
}

static void
s_make_model (bench_t *self)
{
    size_t items = self->shape.items;
    rng_t rng;
    rng_seed (&rng, 1, 0);
    self->weights = sasrec_weights_new (&self->shape);
    for (size_t i = 0; i < sasrec_tensor_count (&self->shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (self->weights, i);
        double mean = strstr (tensor.name, "gain") ? 1 : 0;
        for (size_t j = 0; j < tensor.rows * tensor.columns; j++)
            tensor.values[j] = (float)(mean + 0.1 * rng_normal (&rng));
    }
    self->ids = calloc (items, sizeof *self->ids);
    self->counts = calloc (items, sizeof *self->counts);
    assert (self->ids && self->counts);
    for (size_t i = 0; i < items; i++) {
        self->ids[i] = ITEM_KEY_FIRST + (int64_t)i;
        self->counts[i] = (int64_t)(items - i);
    }
    self->model = model_new ("bench", self->weights, self->ids, self->counts);
    model_set_keys (self->model, &self->keys);
    self->scratch = model_scratch_new (self->model, 1);
}

static void
s_make_queries (bench_t *self)
{
    rng_t rng;
    rng_seed (&rng, 2, 0);
    size_t count = QUERIES * self->history;
    self->by_id = calloc (count, sizeof *self->by_id);
    self->by_key = calloc (count, sizeof *self->by_key);
    assert (self->by_id && self->by_key);
    for (size_t i = 0; i < count; i++) {
        char key[ITEM_KEY_SIZE];
        size_t item = rng_below (&rng, self->shape.items), length = s_key (item, key);
        self->by_id[i] = self->ids[item];
        self->by_key[i] = item_key_reference (self->texts.length);
        strbuf_add_bytes (&self->texts, key, length + 1);
    }
}

/* Nanoseconds of one, at random places. */
static double
s_look_up (const bench_t *self, bool keys)
{
    size_t found = 0, count = QUERIES * self->history;
    int64_t start = clock_monotonic_us ();
    for (size_t i = 0; i < LOOKUPS; i++) {
        size_t at = i % count;
        const char *key = item_key_referred (self->by_key[at], self->texts.data);
        int32_t item = keys ? model_item_named (self->model, key)
                            : model_item_index (self->model, self->by_id[at]);
        found += item >= 0;
    }
    assert (found == LOOKUPS);
    return 1e3 * (double)(clock_monotonic_us () - start) / LOOKUPS;
}

static int64_t
s_ask (const bench_t *self, size_t query, bool keys)
{
    int64_t item_ids[K];
    float scores[K];
    const int64_t *history = keys ? self->by_key : self->by_id;
    model_query_t asked = {.history = history + query * self->history,
        .history_count = self->history,
        .keys = self->texts.data,
        .k = K};
    model_answer_t answer = {.item_ids = item_ids, .scores = scores};
    int64_t start = clock_monotonic_us ();
    model_recommend (self->model, self->scratch, &asked, 1, &answer);
    int64_t us = clock_monotonic_us () - start;
    assert (answer.history_used > 0 && answer.unknown_dropped == 0);
    return us;
}

static void
s_run (bench_t *self, double us[2])
{
    int64_t end = clock_monotonic_us () + (int64_t)(self->seconds * 1e6), sum[2] = {0};
    size_t rounds = 0;
    for (; clock_monotonic_us () < end || rounds == 0; rounds++)
        for (int keys = 0; keys < 2; keys++)
            sum[keys] += s_ask (self, rounds % QUERIES, keys);
    us[0] = (double)sum[0] / (double)rounds;
    us[1] = (double)sum[1] / (double)rounds;
}

static void
s_free (bench_t *self)
{
    model_scratch_destroy (&self->scratch);
    model_destroy (&self->model);
    sasrec_weights_destroy (&self->weights);
    free (self->ids);
    free (self->counts);
    free (self->by_id);
    free (self->by_key);
    strbuf_free (&self->texts);
}

int
main (int argc, char **argv)
{
    double numbers[] = {1000000, 64, 50, 50, 5}, us[2];
    for (int i = 1; i < argc && i <= 5; i++)
        numbers[i - 1] = atof (argv[i]);
    bench_t bench = {.shape = {(size_t)numbers[0], (size_t)numbers[1], 2, 1,
                         (size_t)numbers[2], 4, false, true},
        .history = (size_t)numbers[3],
        .seconds = numbers[4]};
    size_t allocated;
    double items = numbers[0];
    s_make_keys (&bench, &allocated);
    s_make_model (&bench);
    s_make_queries (&bench);
    double by_text = s_look_up (&bench, true), by_integer = s_look_up (&bench, false);
    s_run (&bench, us);
    json_t *report = json_pack ("{s:f,s:f,s:f,s:f,s:f,s:f,s:f}", "items", items,
        "text_bytes_each", (double)bench.text_bytes / items, "bytes_each_beyond_text",
        (double)(allocated - bench.text_bytes) / items, "look_up_key_ns", by_text,
        "look_up_integer_ns", by_integer, "answer_by_integers_us", us[0],
        "answer_by_keys_us", us[1]);
    json_dumpf (report, stdout, JSON_INDENT (2));
    puts ("");
    json_decref (report);
    s_free (&bench);
    return 0;
}
