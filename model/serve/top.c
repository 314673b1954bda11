/* SPDX-License-Identifier: Apache-2.0 */
#include "model/serve/top.h"

#include <math.h>

/* The heap keeps the worst at the root: the lowest score, of equal ones the largest
 * index. It lives in the caller's arrays. */
static bool
s_worse (const top_t *self, size_t a, size_t b)
{
    if (self->scores[a] != self->scores[b])
        return self->scores[a] < self->scores[b];
    return self->items[a] > self->items[b];
}

static void
s_swap (top_t *self, size_t a, size_t b)
{
    float score = self->scores[a];
    int64_t item = self->items[a];
    self->scores[a] = self->scores[b];
    self->items[a] = self->items[b];
    self->scores[b] = score;
    self->items[b] = item;
}

static void
s_sift_up (top_t *self, size_t at)
{
    while (at && s_worse (self, at, (at - 1) / 2)) {
        s_swap (self, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void
s_sift_down (top_t *self, size_t count)
{
    size_t at = 0;
    for (;;) {
        size_t worst = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < count && s_worse (self, child, worst))
                worst = child;
        if (worst == at)
            return;
        s_swap (self, at, worst);
        at = worst;
    }
}

float
top_bar (const top_t *self)
{
    if (self->count < self->k)
        return -INFINITY;
    return self->k ? self->scores[0] : INFINITY;
}

bool
top_is_eligible (const top_t *self, size_t item)
{
    return !self->eligible || (self->eligible[item / 64] >> item % 64 & 1);
}

float
top_lift (const top_t *self, size_t item)
{
    return self->log_shares ? -self->popularity * self->log_shares[item] : 0;
}

void
top_offer (top_t *self, size_t item, float score)
{
    if (!(score > top_bar (self)))
        return;
    bool full = self->count == self->k;
    size_t at = full ? 0 : self->count++;
    self->scores[at] = score;
    self->items[at] = (int64_t)item;
    if (full)
        s_sift_down (self, self->count);
    else
        s_sift_up (self, at);
}

void
top_sort (top_t *self)
{
    for (size_t left = self->count; left > 1; left--) {
        s_swap (self, 0, left - 1);
        s_sift_down (self, left - 1);
    }
}
