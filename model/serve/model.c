/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/model.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/item_key.h"
#include "model/kernel/dot.h"
#include "model/data/idmap.h"
#include "model/serve/category_rules.h"
#include "model/serve/diversity.h"
#include "model/serve/gather.h"
#include "model/serve/kv_cache.h"
#include "model/serve/offer.h"
#include "model/serve/scorer.h"
#include "model/serve/serving_encoder.h"
#include "model/serve/similar.h"

/* Tokens that go through the encoder at once: more would leave the L2 cache. */
#define GROUP_TOKENS 256

/* Times as many may be read for it: most are kept of an earlier answer, where they are. */
#define GROUP_READ 64

/* A score of larger hidden vectors could overflow: such a network is broken. */
#define HIDDEN_MOST 1e9f

/* So few items are looked up one by one: the scan of all costs as much. */
#define GATHER_MOST  1024 /* of half of them at most, */
#define GATHER_SHARE 64   /* or one in so many */
/* Threads that are in model_recommend. */
static atomic_size_t s_busy;

struct model {
    char version[MODEL_VERSION_SIZE];
    const sasrec_weights_t *weights;
    sasrec_weights_t *owned; /* the same; NULL when they are borrowed */
    idmap_t *indexes;        /* V */
    item_keys_t *keys;       /* V; NULL: no item has one */
    float *popularity;       /* V: log share of interactions */
    packed_t *packed;
    kv_cache_t *cache; /* NULL: histories are not kept */
    scorer_t *scorer;
    baseline_t baseline;
    char dropped[MODEL_DROPPED_SIZE]; /* events */
};

struct model_scratch {
    sasrec_shape_t shape;
    bool bf16; /* what model_uses_bf16 says */
    size_t batch_limit;
    size_t token_limit; /* of one group, for the encoder */
    size_t read_limit;  /* of one group */
    serving_encoder_t *encoder;
    serving_sequence_t *sequences; /* batch_limit, of one group */
    int32_t *tokens;               /* read_limit */
    float *hidden;                 /* batch_limit x D */
    uint64_t *bits;  /* batch_limit x words: the items that a query's rules leave */
    uint64_t *spare; /* words: of the query in work */
    size_t words;    /* for V bits */
    size_t *left;    /* batch_limit: how many these are */
    category_rules_t *categories;
    top_t *tops;         /* batch_limit */
    size_t *queries;     /* batch_limit: which query a row of hidden answers */
    int64_t *pool_items; /* batch_limit x DIVERSITY_POOL of each */
    float *pool_scores;
    bool several; /* cores */
    bool idle;    /* one of them, when the batch in work began */
};

static void *
s_new (size_t count, size_t size)
{
    size_t bytes = (count * size + 63) / 64 * 64;
    void *block = aligned_alloc (64, bytes ? bytes : 64);
    assert (block);
    return memset (block, 0, bytes);
}

/* Many counts are the same as the one before, most of all in long catalogues. */
static void
s_set_popularity (model_t *self, const int64_t *item_counts)
{
    size_t item_count = self->weights->shape.items;
    double total = 0;
    for (size_t i = 0; i < item_count; i++)
        total += (double)item_counts[i];
    self->popularity = s_new (item_count, sizeof *self->popularity);
    for (size_t i = 0; i < item_count; i++)
        self->popularity[i] = i && item_counts[i] == item_counts[i - 1]
                                  ? self->popularity[i - 1]
                                  : (float)log ((double)item_counts[i] / total);
}

/* All but the scorer. */
static model_t *
s_model (const char *version, const sasrec_weights_t *weights, idmap_t *indexes,
    const int64_t *item_counts)
{
    assert (idmap_count (indexes) == weights->shape.items);
    assert (strlen (version) < MODEL_VERSION_SIZE);
    model_t *self = calloc (1, sizeof *self);
    assert (self);
    snprintf (self->version, sizeof self->version, "%s", version);
    self->weights = weights;
    self->indexes = indexes;
    s_set_popularity (self, item_counts);
    self->packed = packed_new (weights, NULL);
    return self;
}

model_t *
model_new (const char *version, const sasrec_weights_t *weights,
    const int64_t *item_ids, const int64_t *item_counts)
{
    idmap_t *indexes = idmap_new (weights->shape.items);
    for (size_t i = 0; i < weights->shape.items; i++)
        idmap_add (indexes, item_ids[i]);
    model_t *self = s_model (version, weights, indexes, item_counts);
    self->scorer = scorer_new (
        sasrec_items (weights), weights->shape.items, weights->shape.width, NULL);
    return self;
}

model_t *
model_take (const char *version, sasrec_weights_t **weights_p, idmap_t **indexes_p,
    const int64_t *item_counts)
{
    model_t *self = s_model (version, *weights_p, *indexes_p, item_counts);
    self->owned = *weights_p;
    *weights_p = NULL;
    *indexes_p = NULL;
    self->scorer = scorer_of (self->owned);
    return self;
}

void
model_keep_histories (model_t *self, size_t byte_limit)
{
    assert (!self->cache);
    self->cache = byte_limit ? kv_cache_new (byte_limit) : NULL;
}

bool
model_can_use_bf16 (void)
{
    return forward_bf16_best () != NULL;
}

bool
model_use_bf16 (model_t *self, bool bf16)
{
    const forward_kernel_t *kernel = bf16 ? forward_bf16_best () : forward_kernel (0);
    assert (!self->cache);
    if (!kernel)
        return false;
    packed_destroy (&self->packed);
    self->packed = packed_new (self->weights, kernel);
    return true;
}

bool
model_uses_bf16 (const model_t *self)
{
    return self->packed->kernel->bf16;
}

void
model_set_baseline (model_t *self, const baseline_t *baseline)
{
    self->baseline = *baseline;
}

void
model_set_keys (model_t *self, item_keys_t **keys_p)
{
    assert (!*keys_p || item_keys_count (*keys_p) == self->weights->shape.items);
    item_keys_destroy (&self->keys);
    self->keys = *keys_p;
    *keys_p = NULL;
}

void
model_destroy (model_t **self_p)
{
    model_t *self = *self_p;
    if (!self)
        return;
    idmap_destroy (&self->indexes);
    scorer_destroy (&self->scorer);
    kv_cache_destroy (&self->cache);
    packed_destroy (&self->packed);
    sasrec_weights_destroy (&self->owned);
    item_keys_destroy (&self->keys);
    free (self->popularity);
    free (self);
    *self_p = NULL;
}

const char *
model_version (const model_t *self)
{
    return self->version;
}

const sasrec_weights_t *
model_weights (const model_t *self)
{
    return self->weights;
}

void
model_set_dropped (model_t *self, const char *events)
{
    snprintf (self->dropped, sizeof self->dropped, "%s", events);
}

const char *
model_dropped (const model_t *self)
{
    return self->dropped;
}

const baseline_t *
model_baseline (const model_t *self)
{
    return &self->baseline;
}

size_t
model_item_count (const model_t *self)
{
    return self->weights->shape.items;
}

size_t
model_window (const model_t *self)
{
    return self->weights->shape.window;
}

int64_t
model_item_id (const model_t *self, size_t index)
{
    return idmap_id (self->indexes, index);
}

int32_t
model_item_index (const model_t *self, int64_t id)
{
    return idmap_find (self->indexes, id);
}

bool
model_has_keys (const model_t *self)
{
    return self->keys != NULL;
}

const char *
model_item_key (const model_t *self, size_t index)
{
    return self->keys ? item_keys_get (self->keys, index) : NULL;
}

int32_t
model_item_of_key (const model_t *self, const char *key)
{
    uint32_t index = self->keys ? item_keys_find (self->keys, key) : HASH_INDEX_NONE;
    return index == HASH_INDEX_NONE ? -1 : (int32_t)index;
}

int32_t
model_item_named (const model_t *self, const char *text)
{
    int64_t id;
    int32_t index =
        item_key_is_integer (text, &id) ? idmap_find (self->indexes, id) : -1;
    return index >= 0 ? index : model_item_of_key (self, text);
}

void
model_name_integers (const model_t *self, int64_t *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[24];
        if (items[i] < 0 || !model_has_keys (self))
            continue;
        snprintf (text, sizeof text, "%" PRId64, items[i]);
        int32_t index = model_item_named (self, text);
        items[i] = index < 0 ? items[i] : model_item_id (self, (size_t)index);
    }
}

/* The dense index of an item of the query's lists; -1: unknown. */
static int32_t
s_find (const model_t *self, const model_query_t *query, int64_t item)
{
    if (item >= 0)
        return idmap_find (self->indexes, item);
    return query->keys ? model_item_of_key (self, item_key_referred (item, query->keys))
                       : -1;
}

model_scratch_t *
model_scratch_new (const model_t *model, size_t batch_limit)
{
    assert (batch_limit > 0);
    const sasrec_shape_t *shape = &model->weights->shape;
    model_scratch_t *self = calloc (1, sizeof *self);
    assert (self);
    self->shape = *shape;
    self->bf16 = model_uses_bf16 (model);
    self->batch_limit = batch_limit;
    self->token_limit = shape->window > GROUP_TOKENS ? shape->window : GROUP_TOKENS;
    self->encoder = serving_encoder_new (model->packed, self->token_limit, batch_limit);
    self->words = (shape->items + 63) / 64;
    self->several = sysconf (_SC_NPROCESSORS_ONLN) > 1;
    self->read_limit =
        self->token_limit * (batch_limit < GROUP_READ ? batch_limit : GROUP_READ);
    self->tokens = s_new (self->read_limit, sizeof *self->tokens);
    self->sequences = s_new (batch_limit, sizeof *self->sequences);
    self->hidden = s_new (batch_limit * shape->width, sizeof *self->hidden);
    self->bits = s_new (batch_limit * self->words, sizeof *self->bits);
    self->spare = s_new (self->words, sizeof *self->spare);
    self->left = s_new (batch_limit, sizeof *self->left);
    self->categories = category_rules_new (shape->items);
    self->tops = s_new (batch_limit, sizeof *self->tops);
    self->queries = s_new (batch_limit, sizeof *self->queries);
    size_t pooled = batch_limit * DIVERSITY_POOL;
    self->pool_items = s_new (pooled, sizeof *self->pool_items);
    self->pool_scores = s_new (pooled, sizeof *self->pool_scores);
    return self;
}

void
model_scratch_destroy (model_scratch_t **self_p)
{
    model_scratch_t *self = *self_p;
    if (!self)
        return;
    serving_encoder_destroy (&self->encoder);
    free (self->sequences);
    free (self->tokens);
    free (self->hidden);
    free (self->bits);
    free (self->spare);
    free (self->left);
    category_rules_destroy (&self->categories);
    free (self->tops);
    free (self->queries);
    free (self->pool_items);
    free (self->pool_scores);
    free (self);
    *self_p = NULL;
}

bool
model_scratch_fits (const model_scratch_t *scratch, const model_t *model)
{
    const sasrec_shape_t *a = &scratch->shape, *b = &model->weights->shape;
    return a->items == b->items && a->width == b->width && a->blocks == b->blocks &&
           a->heads == b->heads && a->window == b->window &&
           a->ffn_factor == b->ffn_factor && a->post_norm == b->post_norm &&
           a->relative_bias == b->relative_bias &&
           scratch->bf16 == model_uses_bf16 (model);
}

/* The last known items of the history, at most L, oldest first; all known ones are seen.
 * Returns how many there are in tokens. */
static size_t
s_read_history (const model_t *self, const model_query_t *query, int32_t *tokens,
    eligible_t *eligible, size_t *unknown)
{
    size_t window = self->weights->shape.window, used = 0;
    *unknown = 0;
    for (size_t i = query->history_count; i > 0; i--) {
        int32_t item = s_find (self, query, query->history[i - 1]);
        if (item < 0) {
            ++*unknown;
            continue;
        }
        eligible_see (eligible, (size_t)item);
        if (used < window)
            tokens[used++] = item;
    }
    for (size_t i = 0; i < used / 2; i++) {
        int32_t item = tokens[i];
        tokens[i] = tokens[used - 1 - i];
        tokens[used - 1 - i] = item;
    }
    return used;
}

/* Of a query: nothing is said yet of its items. */
static eligible_t
s_eligible (const model_t *self, model_scratch_t *scratch, const model_query_t *query,
    size_t index)
{
    eligible_t eligible = {.rules = &query->rules,
        .bits = scratch->bits + index * scratch->words,
        .spare = scratch->spare,
        .item_count = self->weights->shape.items,
        .hidden = query->offer ? offer_hidden (query->offer) : NULL};
    if (eligible_asks_categories (&query->rules.categories))
        eligible.in_categories = category_rules_find (
            scratch->categories, &query->rules.categories, query->offer);
    eligible_start (&eligible);
    return eligible;
}

typedef struct {
    const model_t *model;
    const model_query_t *query;
} listed_t;

static int32_t
s_find_listed (const void *context, int64_t item)
{
    const listed_t *self = context;
    return s_find (self->model, self->query, item);
}

static void
s_apply_rules (const model_t *self, model_scratch_t *scratch,
    const model_query_t *query, eligible_t *eligible, size_t index,
    model_answer_t *answer)
{
    eligible_apply (eligible, s_find_listed, &(listed_t){self, query});
    memcpy (answer->removed, eligible->removed, sizeof answer->removed);
    scratch->left[index] = eligible->left;
}

static bool
s_gathers (const model_t *self, size_t left)
{
    size_t items = self->weights->shape.items;
    return (left <= GATHER_MOST && left <= items / 2) || left <= items / GATHER_SHARE;
}

typedef struct {
    size_t rows;   /* of hidden that are done or in the group */
    size_t group;  /* first row of the group */
    size_t read;   /* tokens, since the place for them was empty */
    size_t tokens; /* of the group, for the encoder */
} batch_t;

/* A history that fills the window is not kept: the next item would move all others. */
static void
s_give_back (const model_t *self, serving_sequence_t *sequence)
{
    size_t count = kept_count (sequence->kept);
    if (count < self->weights->shape.window)
        kv_cache_put (self->cache, sequence->tokens + sequence->count - count, count,
            &sequence->kept);
    else
        kept_destroy (&sequence->kept);
}

static void
s_encode_group (const model_t *self, model_scratch_t *scratch, batch_t *batch)
{
    size_t count = batch->rows - batch->group;
    serving_encoder_last (scratch->encoder, self->packed, scratch->sequences, count,
        scratch->idle, scratch->hidden + batch->group * self->weights->shape.width);
    for (size_t i = 0; i < count; i++)
        if (scratch->sequences[i].kept)
            s_give_back (self, &scratch->sequences[i]);
    batch->group = batch->rows;
    batch->tokens = 0;
}

/* What of the history has to be computed, and where it is kept. */
static serving_sequence_t
s_sequence (const model_t *self, const int32_t *tokens, size_t count)
{
    bool came_back = false;
    kept_t *kept =
        self->cache ? kv_cache_take (self->cache, tokens, count, &came_back) : NULL;
    size_t known = kept ? kept_count (kept) : 0;
    if (!kept && came_back && count < self->weights->shape.window)
        kept = kept_new (self->packed, count, false);
    return (serving_sequence_t){tokens + known, count - known, kept};
}

static void
s_encode_one (const model_t *self, model_scratch_t *scratch, batch_t *batch,
    const model_query_t *query, size_t index, model_answer_t *answer)
{
    if (batch->read + self->weights->shape.window > scratch->read_limit) {
        s_encode_group (self, scratch, batch);
        batch->read = 0;
    }
    eligible_t eligible = s_eligible (self, scratch, query, index);
    int32_t *tokens = scratch->tokens + batch->read;
    size_t used =
        s_read_history (self, query, tokens, &eligible, &answer->unknown_dropped);
    s_apply_rules (self, scratch, query, &eligible, index, answer);
    answer->history_used = used;
    answer->newest = used ? tokens[used - 1] : -1;
    if (!used)
        return;
    serving_sequence_t sequence = s_sequence (self, tokens, used);
    if (batch->tokens + sequence.count > scratch->token_limit)
        s_encode_group (self, scratch, batch);
    scratch->sequences[batch->rows - batch->group] = sequence;
    scratch->queries[batch->rows++] = index;
    batch->read += used;
    batch->tokens += sequence.count;
}

/* Hidden vectors of all queries with a known item, packed; fills what an answer says about
 * the history, and the bits by query. Returns how many there are. */
static size_t
s_encode (const model_t *self, model_scratch_t *scratch, const model_query_t *queries,
    size_t count, model_answer_t *answers)
{
    batch_t batch = {0};
    for (size_t i = 0; i < count; i++)
        if (!queries[i].similar)
            s_encode_one (self, scratch, &batch, &queries[i], i, &answers[i]);
    s_encode_group (self, scratch, &batch);
    return batch.rows;
}

/* Of a query; with room for the pool of which diversity chooses. */
static top_t
s_top (const model_t *self, model_scratch_t *scratch, const model_query_t *query,
    size_t index, const model_answer_t *answer)
{
    bool pools = query->diversity > 0 && query->k < DIVERSITY_POOL;
    size_t pool = index * DIVERSITY_POOL;
    return (top_t){.eligible = scratch->bits + index * scratch->words,
        .k = pools ? DIVERSITY_POOL : query->k,
        .items = pools ? scratch->pool_items + pool : answer->item_ids,
        .scores = pools ? scratch->pool_scores + pool : answer->scores,
        .log_shares = query->popularity > 0 ? self->popularity : NULL,
        .popularity = query->popularity};
}

/* The answer from the best items, or from the pool. */
static void
s_answer (
    const model_t *self, const model_query_t *query, top_t *top, model_answer_t *answer)
{
    if (query->diversity > 0)
        diversify (sasrec_items (self->weights), self->weights->shape.width,
            query->diversity, query->k, top);
    answer->count = top->count < query->k ? top->count : query->k;
    bool own = !answer->popular && !eligible_chosen (&query->rules);
    bool chosen = answer->count > 0 && own && !(query->popularity > 0);
    answer->best = chosen ? (int32_t)top->items[0] : -1;
    for (size_t i = 0; i < answer->count; i++) {
        answer->item_ids[i] = model_item_id (self, (size_t)top->items[i]);
        answer->scores[i] = top->scores[i];
    }
}

/* Their dense indexes, those that are known. */
static size_t
s_read_candidates (const model_t *self, const model_query_t *query, int64_t *items)
{
    size_t count = 0;
    for (size_t i = 0; i < query->candidate_count; i++) {
        int32_t item = s_find (self, query, query->candidates[i]);
        if (item >= 0)
            items[count++] = item;
    }
    return count;
}

static void
s_score (
    const model_t *self, const float *hidden, const model_query_t *query, top_t *top)
{
    const float *items = sasrec_items (self->weights);
    size_t width = self->weights->shape.width;
    top->count = s_read_candidates (self, query, top->items);
    for (size_t i = 0; i < top->count; i++)
        top->scores[i] = dot (hidden, items + (size_t)top->items[i] * width, width);
}

static void
s_score_popular (const model_t *self, const model_query_t *query, top_t *top)
{
    top->count = s_read_candidates (self, query, top->items);
    for (size_t i = 0; i < top->count; i++)
        top->scores[i] = self->popularity[top->items[i]];
}

static void
s_take_popular (const model_t *self, const model_query_t *query, top_t *top)
{
    for (size_t i = 0; i < self->weights->shape.items && top->count < top->k; i++) {
        if (!top_is_eligible (top, i))
            continue;
        top->items[top->count] = (int64_t)i;
        top->scores[top->count++] =
            (1 - query->popularity) * self->popularity[i] + 0.0f;
    }
}

static void
s_answer_popular (const model_t *self, model_scratch_t *scratch,
    const model_query_t *query, size_t index, model_answer_t *answer)
{
    top_t top = s_top (self, scratch, query, index, answer);
    if (query->candidate_count > 0)
        s_score_popular (self, query, &top);
    else
        s_take_popular (self, query, &top);
    answer->popular = true;
    s_answer (self, query, &top, answer);
}

static void
s_answer_scored (
    const model_t *self, const model_query_t *query, top_t *top, model_answer_t *answer)
{
    size_t found = top->count;
    while (query->has_min_score && top->count > 0 &&
           top->scores[top->count - 1] < query->min_score)
        top->count--;
    answer->removed[RULE_MIN_SCORE] = found - top->count;
    answer->popular = false;
    s_answer (self, query, top, answer);
}

static bool
s_sane (const float *hidden, size_t width)
{
    for (size_t i = 0; i < width; i++)
        if (!(fabsf (hidden[i]) <= HIDDEN_MOST))
            return false;
    return true;
}

/* Answers from hidden vectors. Rows that are scanned move to the front. */
static void
s_rank (const model_t *self, model_scratch_t *scratch, size_t rows,
    const model_query_t *queries, model_answer_t *answers)
{
    size_t width = self->weights->shape.width, scanned = 0;
    for (size_t row = 0; row < rows; row++) {
        size_t i = scratch->queries[row];
        const float *hidden = scratch->hidden + row * width;
        top_t top = s_top (self, scratch, &queries[i], i, &answers[i]);
        if (!s_sane (hidden, width))
            s_answer_popular (self, scratch, &queries[i], i, &answers[i]);
        else if (queries[i].candidate_count > 0) {
            s_score (self, hidden, &queries[i], &top);
            s_answer_scored (self, &queries[i], &top, &answers[i]);
        } else if (s_gathers (self, scratch->left[i])) {
            gather_top (
                sasrec_items (self->weights), width, hidden, scratch->words, &top);
            s_answer_scored (self, &queries[i], &top, &answers[i]);
        } else {
            memmove (scratch->hidden + scanned * width, hidden, width * sizeof *hidden);
            scratch->tops[scanned] = top;
            scratch->queries[scanned++] = i;
        }
    }
    scorer_top (self->scorer, scratch->hidden, scratch->tops, scanned);
    for (size_t row = 0; row < scanned; row++) {
        size_t i = scratch->queries[row];
        s_answer_scored (self, &queries[i], &scratch->tops[row], &answers[i]);
    }
}

static void
s_answer_similar (const model_t *self, model_scratch_t *scratch,
    const model_query_t *query, size_t index, model_answer_t *answer)
{
    int32_t item = query->history_count ? s_find (self, query, query->history[0]) : -1;
    eligible_t eligible = s_eligible (self, scratch, query, index);
    s_apply_rules (self, scratch, query, &eligible, index, answer);
    top_t top = {.eligible = eligible.bits,
        .k = query->k,
        .items = answer->item_ids,
        .scores = answer->scores};
    if (item >= 0)
        similar_top (sasrec_items (self->weights), self->weights->shape.items,
            self->weights->shape.width, (size_t)item, &top);
    answer->popular = false;
    answer->newest = answer->best = -1;
    answer->history_used = item >= 0;
    answer->unknown_dropped = item < 0;
    answer->count = top.count;
    for (size_t i = 0; i < top.count; i++)
        answer->item_ids[i] = model_item_id (self, (size_t)answer->item_ids[i]);
}

void
model_recommend (const model_t *self, model_scratch_t *scratch,
    const model_query_t *queries, size_t count, model_answer_t *answers)
{
    assert (count <= scratch->batch_limit && model_scratch_fits (scratch, self));
    scratch->idle = atomic_fetch_add (&s_busy, 1) == 0 && scratch->several;
    size_t rows = s_encode (self, scratch, queries, count, answers);
    s_rank (self, scratch, rows, queries, answers);
    for (size_t i = 0; i < count; i++)
        if (queries[i].similar)
            s_answer_similar (self, scratch, &queries[i], i, &answers[i]);
        else if (answers[i].history_used == 0)
            s_answer_popular (self, scratch, &queries[i], i, &answers[i]);
    atomic_fetch_sub (&s_busy, 1);
}

feature_source_t
model_features (const model_query_t *query, const model_answer_t *answer)
{
    return (feature_source_t){.history_count = query->history_count,
        .unknown_count = answer->unknown_dropped,
        .newest = answer->newest,
        .best = answer->best,
        .score = answer->best >= 0 ? answer->scores[0] : 0};
}
