/* Writes a large synthetic data set in the pairs format: a catalogue whose popularity
 * falls like 1 / rank, and people who mostly go on to one of a few successors of the last
 * item. Every item occurs at least once. SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"

#define SUCCESSORS 4

/* Zipf with exponent 1 by inversion of its continuous form. */
static size_t
s_popular (rng_t *rng, size_t items)
{
    size_t rank = (size_t)exp (rng_uniform (rng) * log ((double)items));
    return (rank < items ? rank : items) - (rank > 0);
}

static size_t
s_successor (size_t item, uint64_t which, size_t items)
{
    return (size_t)((item * 2654435761u + which * 40503u + 12345u) % items);
}

int
main (int argc, char **argv)
{
    if (argc != 4) {
        fputs ("usage: bench_synthetic USERS ITEMS INTERACTIONS\n", stderr);
        return 64;
    }
    size_t users = strtoul (argv[1], NULL, 10), items = strtoul (argv[2], NULL, 10);
    size_t interactions = strtoul (argv[3], NULL, 10), written = 0;
    rng_t rng;
    rng_seed (&rng, 1, items);
    for (size_t user = 0; user < users; user++) {
        size_t end =
            (size_t)((double)interactions * (double)(user + 1) / (double)users);
        size_t item = s_popular (&rng, items);
        for (; written < end; written++) {
            /* every tenth or so names the items in turn, so that none is missing */
            size_t named = written * items / interactions;
            if (written == 0 || named != (written - 1) * items / interactions)
                item = named;
            printf ("%zu %zu\n", user, item);
            item = rng_below (&rng, 10) < 7
                       ? s_successor (item, rng_below (&rng, SUCCESSORS), items)
                       : s_popular (&rng, items);
        }
    }
    return ferror (stdout) || fflush (stdout) ? 1 : 0;
}
