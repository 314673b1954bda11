/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/simulate.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum {
    S_FOLLOWED = 2,   /* series that a reader follows at a time */
    S_FAVOURITES = 3, /* categories of a reader */
    S_TRIES = 40,     /* draws before a reader gives up on finding something new */
    S_HALF_YEAR_DAYS = 182
};

/* How readers behave. Tuned so that a model has something to find which neither
 * popularity nor "what followed the last item" shows: with `sasrec train` as it is,
 * HR@10 near 0.4 where they have 0.05 and 0.13. */
static const double s_take_turns = 0.81;    /* read on in the other series */
static const double s_in_order = 0.9;       /* the next part, else any other part */
static const double s_whim = 0.06;          /* something from anywhere */
static const double s_lose_interest = 0.02; /* drop a series before its end */
static const double s_favoured = 0.85;    /* a new series is of a favourite category */
static const double s_start_at_one = 0.7; /* a new series begins with its first part */

static const int64_t s_day_us = (int64_t)86400 * 1000000;

typedef struct {
    const catalog_t *catalog; /* borrowed */
    double *series_weights;   /* running sums over all series */
    double *item_weights;     /* running sums over all items */
    bool *known;              /* of each item: somebody has read it */
    size_t unknown;           /* the first item that nobody has read; or item_count */
} s_world_t;

typedef struct {
    rng_t rng;
    bool *seen;                      /* of each item */
    size_t favourites[S_FAVOURITES]; /* categories */
    size_t series[S_FOLLOWED];       /* being read */
    size_t last_part[S_FOLLOWED];    /* item read last in each; SIZE_MAX at the start */
    size_t turn;                     /* which of them was read last */
    bool late;                       /* one of the second half of the users */
} s_reader_t;

/* A long tail: the weight of the r-th is 1 / (r + shift) ^ power, in shuffled order. */
static double *
s_long_tail (size_t count, double shift, double power, rng_t *rng)
{
    double *weights = malloc (count * sizeof *weights);
    assert (weights);
    for (size_t i = 0; i < count; i++)
        weights[i] = 1 / pow ((double)i + shift, power);
    for (size_t i = count; i > 1; i--) {
        size_t other = rng_below (rng, i);
        double swapped = weights[i - 1];
        weights[i - 1] = weights[other];
        weights[other] = swapped;
    }
    for (size_t i = 1; i < count; i++)
        weights[i] += weights[i - 1];
    return weights;
}

static size_t
s_draw (const double *sums, size_t count, rng_t *rng)
{
    double mark = rng_uniform (rng) * sums[count - 1];
    size_t low = 0;
    size_t high = count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sums[middle] > mark)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool
s_is_favourite (const s_reader_t *reader, size_t category)
{
    for (size_t i = 0; i < S_FAVOURITES; i++) {
        if (reader->favourites[i] == category)
            return true;
    }
    return false;
}

static bool
s_is_followed (const s_reader_t *reader, size_t series)
{
    for (size_t i = 0; i < S_FOLLOWED; i++) {
        if (reader->series[i] == series)
            return true;
    }
    return false;
}

static size_t
s_unread_count (const s_world_t *world, const s_reader_t *reader, size_t series)
{
    size_t first = catalog_series_first (world->catalog, series);
    size_t count = 0;
    for (size_t i = 0; i < catalog_series_length (world->catalog, series); i++)
        count += !reader->seen[first + i];
    return count;
}

/* A series not followed now with most of its parts unread, if luck finds one. */
static size_t
s_choose_series (const s_world_t *world, s_reader_t *reader)
{
    size_t count = catalog_series_count (world->catalog);
    bool favoured = rng_uniform (&reader->rng) < s_favoured;
    size_t series = 0;
    for (int tries = 0; tries < S_TRIES; tries++) {
        series = s_draw (world->series_weights, count, &reader->rng);
        size_t category = catalog_series_category (world->catalog, series);
        bool fits = !favoured || s_is_favourite (reader, category);
        size_t length = catalog_series_length (world->catalog, series);
        if (fits && !s_is_followed (reader, series) &&
            s_unread_count (world, reader, series) * 2 > length)
            break;
    }
    return series;
}

static void
s_open_series (const s_world_t *world, s_reader_t *reader, size_t which)
{
    reader->series[which] = s_choose_series (world, reader);
    reader->last_part[which] = SIZE_MAX;
}

/* The next unread part after the last one, or any unread part of the series. */
static size_t
s_choose_part (const s_world_t *world, s_reader_t *reader, size_t which)
{
    size_t series = reader->series[which];
    size_t first = catalog_series_first (world->catalog, series);
    size_t length = catalog_series_length (world->catalog, series);
    bool start = reader->last_part[which] == SIZE_MAX;
    size_t from = start ? first : reader->last_part[which];
    bool in_order = rng_uniform (&reader->rng) < (start ? s_start_at_one : s_in_order);
    if (!in_order)
        from = first + rng_below (&reader->rng, length);
    for (size_t i = 0; i < length; i++) {
        size_t item = first + (from - first + i) % length;
        if (!reader->seen[item])
            return item;
    }
    return SIZE_MAX;
}

static size_t
s_read_on (const s_world_t *world, s_reader_t *reader)
{
    size_t which = reader->turn;
    if (rng_uniform (&reader->rng) < s_take_turns)
        which = (which + 1) % S_FOLLOWED;
    bool bored = rng_uniform (&reader->rng) < s_lose_interest;
    if (bored || s_unread_count (world, reader, reader->series[which]) == 0)
        s_open_series (world, reader, which);
    size_t item = s_choose_part (world, reader, which);
    if (item == SIZE_MAX)
        return item;
    reader->last_part[which] = item;
    reader->turn = which;
    return item;
}

static size_t
s_pick_best_seller (const s_world_t *world, s_reader_t *reader)
{
    for (int tries = 0; tries < S_TRIES; tries++) {
        size_t item = s_draw (
            world->item_weights, catalog_item_count (world->catalog), &reader->rng);
        if (!reader->seen[item])
            return item;
    }
    return SIZE_MAX;
}

/* Something from outside the series: readers of the second half take what nobody has
 * read yet, so that a model knows every item; then best-sellers. */
static size_t
s_follow_whim (const s_world_t *world, s_reader_t *reader)
{
    if (reader->late && world->unknown < catalog_item_count (world->catalog))
        return world->unknown;
    return s_pick_best_seller (world, reader);
}

static size_t
s_next_item (const s_world_t *world, s_reader_t *reader)
{
    for (int tries = 0; tries < S_TRIES; tries++) {
        bool whim = rng_uniform (&reader->rng) < s_whim;
        size_t item = whim ? s_follow_whim (world, reader) : s_read_on (world, reader);
        if (item != SIZE_MAX)
            return item;
    }
    return SIZE_MAX;
}

static void
s_mark_read (s_world_t *world, s_reader_t *reader, size_t item)
{
    size_t count = catalog_item_count (world->catalog);
    reader->seen[item] = true;
    world->known[item] = true;
    while (world->unknown < count && world->known[world->unknown])
        world->unknown++;
}

static void
s_start_reader (const s_world_t *world, s_reader_t *reader, size_t user, uint64_t seed)
{
    rng_seed (&reader->rng, seed, user + 1);
    memset (
        reader->seen, 0, catalog_item_count (world->catalog) * sizeof *reader->seen);
    for (size_t i = 0; i < S_FAVOURITES; i++)
        reader->favourites[i] = rng_below (&reader->rng, CATALOG_CATEGORIES);
    reader->turn = 0;
    for (size_t i = 0; i < S_FOLLOWED; i++)
        reader->series[i] = SIZE_MAX;
    for (size_t i = 0; i < S_FOLLOWED; i++)
        s_open_series (world, reader, i);
}

static size_t
s_length (const s_world_t *world, s_reader_t *reader)
{
    size_t length =
        SIMULATE_LENGTH_LEAST +
        rng_below (&reader->rng, SIMULATE_LENGTH_MOST - SIMULATE_LENGTH_LEAST + 1);
    size_t most = catalog_item_count (world->catalog) * 2 / 3;
    return length < most ? length : most;
}

/* A user's interactions: evenly spread with some jitter, the last one in the last
 * weeks. */
static int
s_run_reader (s_world_t *world, s_reader_t *reader, size_t user, int64_t now_us,
    simulate_row_f *row, void *context)
{
    size_t length = s_length (world, reader);
    int64_t end = now_us - (int64_t)rng_below (&reader->rng, (uint64_t)(14 * s_day_us));
    int64_t step = (S_HALF_YEAR_DAYS - 14) * s_day_us / (int64_t)length;
    int64_t start = end - step * (int64_t)length;
    for (size_t i = 0; i < length; i++) {
        size_t item = s_next_item (world, reader);
        if (item == SIZE_MAX)
            break;
        s_mark_read (world, reader, item);
        int64_t jitter = (int64_t)rng_below (&reader->rng, (uint64_t)step);
        int status = row (context, user, item, start + step * (int64_t)i + jitter);
        if (status != 0)
            return status;
    }
    return 0;
}

int
simulate_users (const catalog_t *catalog, size_t user_count, uint64_t seed,
    int64_t now_us, simulate_row_f *row, void *context)
{
    rng_t rng;
    rng_seed (&rng, seed, 0);
    s_world_t world = {.catalog = catalog};
    world.series_weights = s_long_tail (catalog_series_count (catalog), 4, 0.8, &rng);
    world.item_weights = s_long_tail (catalog_item_count (catalog), 3, 1.1, &rng);
    world.known = calloc (catalog_item_count (catalog), sizeof (bool));
    s_reader_t reader = {.seen = calloc (catalog_item_count (catalog), sizeof (bool))};
    assert (reader.seen && world.known);
    int status = 0;
    for (size_t user = 1; user <= user_count && status == 0; user++) {
        s_start_reader (&world, &reader, user, seed);
        reader.late = user * 2 > user_count;
        status = s_run_reader (&world, &reader, user, now_us, row, context);
    }
    free (reader.seen);
    free (world.known);
    free (world.item_weights);
    free (world.series_weights);
    return status;
}
