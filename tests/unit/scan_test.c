/* Every kernel of this CPU against the definition. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { BLOCKS = 40, GROUPS_MOST = 1024 };

typedef struct {
    scan_table_t table;
    scan_queries_t queries;
    uint8_t *codes;
    int32_t words[GROUPS_MOST * SCAN_QUERIES];
    _Alignas(64) float steps[BLOCKS * SCAN_ITEMS];
    float errors[BLOCKS], norms[BLOCKS];
    uint64_t bits[SCAN_QUERIES][BLOCKS * SCAN_ITEMS / 64 + 1];
    const uint64_t *eligible[SCAN_QUERIES];
} fixture_t;

static void
s_fill (fixture_t *self, size_t groups, int most, bool extreme)
{
    rng_t rng;
    rng_seed (&rng, 1, groups);
    size_t count = BLOCKS * groups * SCAN_ITEMS * SCAN_GROUP;
    self->codes = aligned_alloc (64, count);
    assert_non_null (self->codes);
    for (size_t i = 0; i < count; i++)
        self->codes[i] = extreme ? 255 : (uint8_t)(1 + rng_below (&rng, 255));
    int8_t *codes = (int8_t *)self->words;
    for (size_t i = 0; i < groups * SCAN_QUERIES * SCAN_GROUP; i++)
        codes[i] =
            (int8_t)(extreme ? (i / SCAN_GROUP % 2 ? -most : most)
                             : (int)rng_below (&rng, 2 * (uint64_t)most + 1) - most);
    for (size_t i = 0; i < BLOCKS * SCAN_ITEMS; i++)
        self->steps[i] = (float)rng_uniform (&rng);
    for (size_t i = 0; i < BLOCKS; i++) {
        self->errors[i] = (float)rng_uniform (&rng);
        self->norms[i] = (float)rng_uniform (&rng);
    }
    self->table = (scan_table_t){
        BLOCKS, groups, self->codes, self->steps, self->errors, self->norms};
    self->queries.words = self->words;
    for (size_t q = 0; q < SCAN_QUERIES; q++) {
        self->queries.starts[q] = (int32_t)rng_below (&rng, 20000) - 10000;
        self->queries.error_weights[q] = (float)rng_uniform (&rng);
        self->queries.norm_weights[q] = (float)rng_uniform (&rng);
        self->queries.limits[q] = (float)(most * 600) * (float)(q % 3);
        self->eligible[q] = self->bits[q];
        for (size_t i = 0; i < sizeof self->bits[q] / sizeof *self->bits[q]; i++)
            self->bits[q][i] = rng_next (&rng);
    }
}

static bool
s_hits (const fixture_t *self, size_t block, size_t item, size_t query)
{
    int64_t sum = self->queries.starts[query];
    size_t groups = self->table.groups;
    for (size_t d = 0; d < groups * SCAN_GROUP; d++) {
        size_t g = d / SCAN_GROUP, j = d % SCAN_GROUP;
        uint8_t code =
            self->codes[((block * groups + g) * SCAN_ITEMS + item) * SCAN_GROUP + j];
        const int8_t *word = (const int8_t *)&self->words[g * SCAN_QUERIES + query];
        sum += code * word[j];
    }
    double value = (double)self->steps[block * SCAN_ITEMS + item] * (double)(float)sum;
    double limit =
        (double)self->queries.limits[query] -
        (double)self->queries.error_weights[query] * (double)self->errors[block] -
        (double)self->queries.norm_weights[query] * (double)self->norms[block];
    size_t at = block * SCAN_ITEMS + item;
    bool eligible =
        !self->queries.eligible || (self->bits[query][at / 64] >> at % 64 & 1);
    return value > limit && eligible;
}

/* All hits, by one call after the other. */
static void
s_check_kernel (fixture_t *self, const scan_kernel_t *kernel)
{
    size_t found = 0, block = 0;
    for (;; block++) {
        uint16_t hits[SCAN_QUERIES];
        size_t next = kernel->scan (&self->table, &self->queries, block, BLOCKS, hits);
        for (; block < next; block++)
            for (size_t i = 0; i < SCAN_ITEMS * self->queries.count; i++)
                assert_false (s_hits (self, block, i % SCAN_ITEMS, i / SCAN_ITEMS));
        if (block == BLOCKS)
            break;
        for (size_t i = 0; i < SCAN_ITEMS * self->queries.count; i++) {
            bool hit = hits[i / SCAN_ITEMS] >> i % SCAN_ITEMS & 1;
            assert_int_equal (
                hit, s_hits (self, block, i % SCAN_ITEMS, i / SCAN_ITEMS));
            found += hit;
        }
    }
    assert_true (found > 0);
}

static void
s_check (size_t groups, bool extreme)
{
    fixture_t *self = aligned_alloc (64, (sizeof *self + 63) / 64 * 64);
    assert_non_null (self);
    const scan_kernel_t *kernel;
    for (size_t i = 0; (kernel = scan_kernel (i)); i++) {
        s_fill (self, groups, kernel->query_most, extreme);
        for (size_t count = 1; count <= SCAN_QUERIES; count++) {
            self->queries.count = count;
            self->queries.eligible = NULL;
            s_check_kernel (self, kernel);
            self->queries.eligible = self->eligible;
            s_check_kernel (self, kernel);
        }
        free (self->codes);
    }
    free (self);
}

static void
every_kernel_finds_what_the_definition_says (void **state)
{
    (void)state;
    s_check (1, false);
    s_check (16, false);
    s_check (25, false);
}

static void
the_largest_codes_do_not_overflow (void **state)
{
    (void)state;
    s_check (16, true);
    s_check (GROUPS_MOST, true);
}

static void
the_portable_kernel_is_always_there (void **state)
{
    (void)state;
    size_t count = 0;
    while (scan_kernel (count))
        count++;
    assert_true (count > 0);
    assert_string_equal (scan_kernel (count - 1)->name, "portable");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_kernel_finds_what_the_definition_says),
        cmocka_unit_test (the_largest_codes_do_not_overflow),
        cmocka_unit_test (the_portable_kernel_is_always_there),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
