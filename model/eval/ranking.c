/* SPDX-License-Identifier: Apache-2.0 */
#include "model/eval/ranking.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#define TOP 10

void
ranking_add (ranking_sum_t *sum, size_t rank)
{
    double gain = ranking_gain (rank);
    sum->users++;
    sum->ndcg += gain;
    sum->ndcg_square += gain * gain;
    sum->hr += rank < TOP;
    if (rank == RANKING_UNREACHABLE)
        sum->unreachable++;
    else
        sum->rr += 1.0 / ((double)rank + 1);
}

double
ranking_gain (size_t rank)
{
    return rank < TOP ? 1 / log2 ((double)rank + 2) : 0;
}

/* Of the mean of count values, by their sum and that of their squares. */
static double
s_error (size_t count, double sum, double squares)
{
    double n = (double)count, mean = sum / n;
    double variance = count > 1 ? (squares - n * mean * mean) / (n - 1) : 0;
    return sqrt (fmax (variance, 0) / n);
}

ranking_t
ranking_mean (const ranking_sum_t *sum)
{
    if (!sum->users)
        return (ranking_t){0};
    double n = (double)sum->users;
    return (ranking_t){.users = sum->users,
        .unreachable = sum->unreachable,
        .ndcg10 = sum->ndcg / n,
        .hr10 = sum->hr / n,
        .mrr = sum->rr / n,
        .ndcg10_error = s_error (sum->users, sum->ndcg, sum->ndcg_square)};
}

ranking_t
ranking_of (const size_t *ranks, size_t users)
{
    ranking_sum_t sum = {0};
    for (size_t i = 0; i < users; i++)
        ranking_add (&sum, ranks[i]);
    return ranking_mean (&sum);
}

const int32_t *
ranking_history (
    const dataset_t *data, ranking_split_t split, size_t user, size_t *count)
{
    size_t test, valid;
    if (!dataset_split (data, user, &test, &valid))
        return NULL;
    *count = split == RANKING_TEST ? test : valid;
    return data->items + data->offsets[user];
}

/* "Not below" instead of "at least": a NaN then counts against the target, and a
 * network that fell apart does not look perfect. */
size_t
ranking_rank (const float *scores, size_t item_count, int32_t target,
    const int32_t *excluded, size_t excluded_count)
{
    assert (target >= 0 && (size_t)target < item_count);
    float bar = scores[target];
    size_t above = 0;
    for (size_t i = 0; i < item_count; i++)
        above += scores[i] < bar ? 0 : 1;
    above--;
    for (size_t i = 0; i < excluded_count; i++) {
        bool repeated = i && excluded[i] == excluded[i - 1];
        if (!repeated && excluded[i] != target)
            above -= scores[excluded[i]] < bar ? 0 : 1;
    }
    return above;
}

ranking_pair_t
ranking_compare (const size_t *a, const size_t *b, size_t users)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < users; i++) {
        double gain = ranking_gain (a[i]) - ranking_gain (b[i]);
        sum += gain;
        squares += gain * gain;
    }
    if (!users)
        return (ranking_pair_t){0};
    return (ranking_pair_t){users, sum / (double)users, s_error (users, sum, squares)};
}

size_t
ranking_thin (size_t *ranks, size_t users, size_t step)
{
    assert (step > 0);
    size_t kept = 0;
    for (size_t i = 0; i < users; i += step)
        ranks[kept++] = ranks[i];
    return kept;
}
