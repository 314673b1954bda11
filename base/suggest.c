/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <assert.h>
#include <string.h>

enum { S_LENGTH_MOST = 32, S_DISTANCE_MOST = 2 };

static size_t
s_least (size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Wagner & Fischer with one row. */
static size_t
s_distance (const char *a, const char *b)
{
    size_t length = strlen (b);
    size_t row[S_LENGTH_MOST + 1];
    assert (length <= S_LENGTH_MOST);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t above = row[j];
            row[j] =
                s_least (above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[length];
}

const char *
suggest (const char *typed, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t best_distance = S_DISTANCE_MOST + 1;
    size_t length = strlen (typed);
    if (length == 0 || length > S_LENGTH_MOST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t distance = s_distance (typed, words[i]);
        if (strncmp (typed, words[i], length) == 0)
            distance = 0;
        if (distance < best_distance) {
            best = words[i];
            best_distance = distance;
        }
    }
    return best;
}
