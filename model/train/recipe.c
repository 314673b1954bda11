/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/recipe.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

typedef struct {
    size_t users;   /* that give examples */
    double mean;    /* training items of such a user */
    double targets; /* in all, before the window cuts */
} statistics_t;

/* With a weight, of the user's items from `first` on. */
static double
s_targets (const dataset_t *data, size_t user, size_t first, size_t count)
{
    size_t targets = 0;
    if (!data->kinds)
        return (double)(count - first);
    for (size_t i = first; i < count; i++)
        targets += dataset_weight (data, data->offsets[user] + i) > 0;
    return (double)targets;
}

static statistics_t
s_statistics (const dataset_t *data)
{
    statistics_t s = {0};
    double positions = 0;
    for (size_t u = 0; u < data->user_count; u++) {
        size_t count = dataset_example_count (data, u);
        if (count < 2)
            continue;
        s.users++;
        positions += (double)(count - 1);
        s.targets += s_targets (data, u, 1, count);
    }
    s.mean = s.users ? positions / (double)s.users + 1 : 0;
    return s;
}

/* Of an epoch: the window cuts long histories. */
typedef struct {
    double positions, targets;
} epoch_t;

static epoch_t
s_epoch (const dataset_t *data, size_t window)
{
    epoch_t epoch = {0};
    for (size_t u = 0; u < data->user_count; u++) {
        size_t count = dataset_example_count (data, u);
        if (count < 2)
            continue;
        size_t length = count - 1 < window ? count - 1 : window;
        epoch.positions += (double)length;
        epoch.targets += s_targets (data, u, count - length, count);
    }
    epoch.positions = fmax (1, epoch.positions);
    epoch.targets = fmax (1, epoch.targets);
    return epoch;
}

static recipe_kind_t
s_kind (const statistics_t *s)
{
    if (s->targets < 30000)
        return RECIPE_TINY;
    if (s->mean < 40)
        return RECIPE_SPARSE;
    return s->targets < 300000 ? RECIPE_DENSE : RECIPE_LARGE;
}

static size_t
s_or (size_t given, size_t rule)
{
    return given ? given : rule;
}

static size_t
s_clamp (double value, size_t low, size_t high)
{
    if (value <= (double)low)
        return low;
    return value >= (double)high ? high : (size_t)value;
}

/* Rules per kind of data, in the order of recipe_kind_t. passes: of the data at most;
 * positions: that all of them may have. */
static const struct {
    size_t width, window, passes;
    double positions, dropout, attention_dropout, rate, decay;
} s_rules[] = {
    {64, 50, 100, 3e6, 0.4, 0.2, 5e-3, 0.1},
    {128, 50, 40, 6e6, 0.35, 0, 2e-3, 0},
    {128, 200, 24, 10e6, 0.2, 0.2, 2e-3, 0},
    {256, 200, 16, 10e6, 0.2, 0.2, 2e-3, 0},
};

/* However many positions there are. */
#define PASSES_LEAST 6

static size_t
s_epochs (recipe_kind_t kind, double positions)
{
    return s_clamp (
        s_rules[kind].positions / positions, PASSES_LEAST, s_rules[kind].passes);
}

/* A batch is as large as leaves an epoch this many steps, within these bounds, in
 * positions (of those with a target): what the gradient's noise depends on. Small batches reach the same quality
 * in fewer passes, and small data gives too few steps otherwise. */
#define STEPS           376.0
#define POSITIONS_LEAST 300.0
#define POSITIONS_MOST  1720.0

static size_t
s_batch_users (double positions, size_t users)
{
    double batch = fmin (fmax (positions / STEPS, POSITIONS_LEAST), POSITIONS_MOST);
    return s_clamp (batch * (double)users / positions, 4, 256);
}

/* For all kinds of data; the paper had none of it. */
#define WARM_UP 0.05
#define AVERAGE 0.99
#define EARLIER 0.35
#define BALANCE 0.5

/* The loss costs T x D x V: many items get a narrower network, to stay in minutes. */
#define MANY_ITEMS   30000
#define NARROW_WIDTH 64

/* One was better without a bias by distance, with it each head has its own. */
#define HEADS 2

static size_t
s_width (recipe_kind_t kind, size_t items)
{
    return items > MANY_ITEMS ? NARROW_WIDTH : s_rules[kind].width;
}

/* Up to this many items the full softmax is worth its time. */
#define FULL_ITEMS 60000
#define NEGATIVES  2048

static void
s_choose_loss (recipe_t *self, const options_t *options, const dataset_t *data)
{
    self->loss = options->loss;
    if (self->loss == LOSS_DEFAULT)
        self->loss = data->item_count <= FULL_ITEMS ? LOSS_FULL : LOSS_SAMPLED;
    if (self->loss == LOSS_SAMPLED)
        self->negatives = s_or (options->negatives, NEGATIVES);
}

/* The paper's setting in what is left open: kang205/SASRec on MovieLens 1M. */
static options_t
s_paper (const options_t *given)
{
    options_t options = *given;
    options.width = s_or (given->width, 50);
    options.blocks = s_or (given->blocks, 2);
    options.heads = s_or (given->heads, 1);
    options.window = s_or (given->window, 200);
    options.batch_users = s_or (given->batch_users, 128);
    options.epochs = s_or (given->epochs, 200);
    options.patience = s_or (given->patience, 20);
    options.no_relative_bias = true;
    options.dropout = given->dropout >= 0 ? given->dropout : 0.2;
    options.attention_dropout =
        given->attention_dropout >= 0 ? given->attention_dropout : 0.2;
    options.learning_rate = given->learning_rate > 0 ? given->learning_rate : 1e-3;
    options.loss = given->loss == LOSS_DEFAULT ? LOSS_BCE : given->loss;
    return options;
}

recipe_t
recipe_make (const dataset_t *data, const options_t *options)
{
    if (options->preset == OPTIONS_PAPER) {
        options_t paper = s_paper (options);
        paper.preset = OPTIONS_RULES;
        recipe_t self = recipe_make (data, &paper);
        self.constant = true;
        self.warm_up = self.decay = self.average = self.earlier = self.balance = 0;
        return self;
    }
    statistics_t s = s_statistics (data);
    recipe_kind_t kind = s_kind (&s);
    recipe_t self = {
        .kind = kind,
        .warm_up = WARM_UP,
        .decay = s_rules[kind].decay,
        .average = AVERAGE,
        .earlier = EARLIER,
        .balance = BALANCE,
        .events = options->events,
    };
    self.shape = (sasrec_shape_t){
        .items = data->item_count,
        .width = s_or (options->width, s_width (kind, data->item_count)),
        .blocks = s_or (options->blocks, 2),
        .window = s_or (options->window, s_rules[kind].window),
        .ffn_factor = s_or (options->ffn_factor, 1),
        .post_norm = options->post_norm,
        .relative_bias = !options->no_relative_bias,
    };
    self.shape.heads = s_or (options->heads, self.shape.width % HEADS ? 1 : HEADS);
    s_choose_loss (&self, options, data);
    epoch_t epoch = s_epoch (data, self.shape.window);
    self.batch_users =
        s_or (options->batch_users, s_batch_users (epoch.targets, s.users));
    self.epochs = s_or (options->epochs, s_epochs (kind, epoch.positions));
    self.patience = s_or (options->patience, self.epochs / 3 + 2);
    self.dropout = options->dropout >= 0 ? options->dropout : s_rules[kind].dropout;
    self.attention_dropout = options->attention_dropout >= 0
                                 ? options->attention_dropout
                                 : s_rules[kind].attention_dropout;
    self.learning_rate =
        options->learning_rate > 0 ? options->learning_rate : s_rules[kind].rate;
    return self;
}

batcher_settings_t
recipe_batcher (const recipe_t *self, size_t threads)
{
    return (batcher_settings_t){
        self->shape.window, self->batch_users, threads, self->earlier};
}

static const char *const s_kinds[] = {"tiny", "sparse", "dense", "large, dense"};

void
recipe_describe (const recipe_t *self, char text[RECIPE_TEXT_SIZE])
{
    const sasrec_shape_t *shape = &self->shape;
    char events[EVENTS_DESCRIBED_SIZE];
    events_describe (&self->events, events);
    int length = snprintf (text, RECIPE_TEXT_SIZE,
        "%s data: width %zu, %zu blocks, %zu heads, window %zu; %s loss, dropout %g, "
        "of attention %g; %zu users in a batch, rate %g; %zu epochs at most, %zu "
        "without a better one%s",
        s_kinds[self->kind], shape->width, shape->blocks, shape->heads, shape->window,
        loss_name (self->loss), self->dropout, self->attention_dropout,
        self->batch_users, self->learning_rate, self->epochs, self->patience, events);
    assert (length > 0 && length < RECIPE_TEXT_SIZE);
}

static void
s_add_text (json_t *json, const char *key, const char *text)
{
    if (*text)
        json_object_set_new (json, key, json_string (text));
}

json_t *
recipe_json (const recipe_t *self)
{
    const sasrec_shape_t *shape = &self->shape;
    json_t *json = json_pack (
        "{ss sI sI sI sI sI sI sb sb ss sI sI sI sI sf sf sf sf sf sf sf sf sb}",
        "data", s_kinds[self->kind], "items", (json_int_t)shape->items, "width",
        (json_int_t)shape->width, "blocks", (json_int_t)shape->blocks, "heads",
        (json_int_t)shape->heads, "window", (json_int_t)shape->window, "ffn_factor",
        (json_int_t)shape->ffn_factor, "post_norm", shape->post_norm, "relative_bias",
        shape->relative_bias, "loss", loss_name (self->loss), "negatives",
        (json_int_t)self->negatives, "batch_users", (json_int_t)self->batch_users,
        "epochs", (json_int_t)self->epochs, "patience", (json_int_t)self->patience,
        "dropout", self->dropout, "attention_dropout", self->attention_dropout,
        "learning_rate", self->learning_rate, "warm_up", self->warm_up, "decay",
        self->decay, "average", self->average, "earlier", self->earlier, "balance",
        self->balance, "constant", self->constant);
    assert (json);
    s_add_text (json, "events", self->events.targets);
    s_add_text (json, "event_weight", self->events.weights);
    s_add_text (json, "drop_events", self->events.dropped);
    s_add_text (json, "seen", self->events.seen);
    return json;
}

double
recipe_rate (const recipe_t *self, double progress)
{
    if (self->constant)
        return self->learning_rate;
    const double pi = 3.14159265358979323846;
    double rise = self->warm_up > 0 ? fmin (1.0, progress / self->warm_up) : 1.0;
    return self->learning_rate * rise * 0.5 * (1.0 + cos (pi * fmin (progress, 1.0)));
}
