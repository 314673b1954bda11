/* The forward pass by AMX, in tiles of bf16: 16 rows by 32 numbers of them, 32 rows of the
 * weights by 16 columns; what is not a product by weights, by AVX-512. Four tiles of sums
 * are in work at a time: 2 x 2, or 1 x 4 of the last rows.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/forward_kernels.h"

#if (defined(__AMX_BF16__) || defined(__AMXBF16__)) && defined(__AVX512BF16__) &&      \
    defined(__linux__)

#include <cpuid.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model/kernel/forward_bf16.h"

#define TILE      16                    /* rows, or columns */
#define TILE_SIZE ((size_t)TILE * LINE) /* bytes */

/* As the instruction reads it. */
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16]; /* of a row, by tile */
    uint8_t rows[16];
} config_t;

/* c of the sums of one tile. */
SIMD_INLINE void
s_end_tile (const forward_product_t *product, const float *sums, size_t rows,
    size_t column, float *c)
{
    vector_t bias = product->bias ? s_load (product->bias + column) : s_all (0);
    for (size_t r = 0; r < rows; r++, c += product->ldc) {
        vector_t sum = s_load (sums + r * LANES) + bias;
        if (product->add)
            sum += s_load (c + column);
        s_store (c + column, product->gelu ? s_gelu (sum) : sum);
    }
}

/* 17 to 32 rows by one or two panels from this one on. */
SIMD_INLINE void
s_two_rows (const forward_product_t *product, size_t panel, size_t rows, float *c,
    const size_t panels)
{
    _Alignas(64) float sums[4][TILE * TILE];
    const char *a = product->room, *b = s_panel (product, panel),
               *next = s_panel (product, panel + panels - 1);
    _tile_zero (0);
    _tile_zero (1);
    _tile_zero (2);
    _tile_zero (3);
    for (size_t i = 0; i < product->depth; i += STEP) {
        _tile_loadd (4, a, LINE);
        _tile_loadd (6, b, LINE);
        _tile_dpbf16ps (0, 4, 6);
        _tile_loadd (5, a + TILE_SIZE, LINE);
        _tile_dpbf16ps (1, 5, 6);
        if (panels > 1) {
            _tile_loadd (7, next, LINE);
            _tile_dpbf16ps (2, 4, 7);
            _tile_dpbf16ps (3, 5, 7);
        }
        a += 2 * TILE_SIZE;
        b += TILE_SIZE;
        next += TILE_SIZE;
    }
    _tile_stored (0, sums[0], LINE);
    _tile_stored (1, sums[1], LINE);
    _tile_stored (2, sums[2], LINE);
    _tile_stored (3, sums[3], LINE);
    for (size_t i = 0; i < panels; i++) {
        size_t column = (panel + i) * TILE;
        s_end_tile (product, sums[2 * i], TILE, column, c);
        s_end_tile (
            product, sums[2 * i + 1], rows - TILE, column, c + TILE * product->ldc);
    }
}

/* Up to 16 rows by one to four panels. */
SIMD_INLINE void
s_one_row (const forward_product_t *product, size_t panel, size_t rows, float *c,
    const size_t panels)
{
    _Alignas(64) float sums[4][TILE * TILE];
    const char *a = product->room, *b = s_panel (product, panel);
    const size_t ld = product->next_panel * sizeof (float);
    _tile_zero (0);
    _tile_zero (1);
    _tile_zero (2);
    _tile_zero (3);
    for (size_t i = 0; i < product->depth; i += STEP) {
        _tile_loadd (4, a, LINE);
        _tile_loadd (6, b, LINE);
        _tile_dpbf16ps (0, 4, 6);
        if (panels > 1) {
            _tile_loadd (7, b + ld, LINE);
            _tile_dpbf16ps (1, 4, 7);
        }
        if (panels > 2) {
            _tile_loadd (6, b + 2 * ld, LINE);
            _tile_dpbf16ps (2, 4, 6);
        }
        if (panels > 3) {
            _tile_loadd (7, b + 3 * ld, LINE);
            _tile_dpbf16ps (3, 4, 7);
        }
        a += 2 * TILE_SIZE;
        b += TILE_SIZE;
    }
    _tile_stored (0, sums[0], LINE);
    _tile_stored (1, sums[1], LINE);
    _tile_stored (2, sums[2], LINE);
    _tile_stored (3, sums[3], LINE);
    for (size_t i = 0; i < panels; i++)
        s_end_tile (product, sums[i], rows, (panel + i) * TILE, c);
}

/* It takes 0.1 us, as long as some products. */
static void
s_begin (void)
{
    config_t config = {.palette = 1};
    for (size_t i = 0; i < 8; i++) {
        config.bytes[i] = LINE;
        config.rows[i] = TILE;
    }
    _tile_loadconfig (&config);
}

/* Else the system would save tiles with the thread's registers. */
static void
s_end (void)
{
    _tile_release ();
}

static void
s_multiply_bf16 (const forward_product_t *product)
{
    size_t panels = (product->columns + TILE - 1) / TILE, count;
    const float *a = product->a;
    float *c = product->c;
    for (size_t row = 0; row < product->rows; row += count) {
        size_t left = product->rows - row, panel = 0;
        count = left < FORWARD_BF16_ROWS ? left : FORWARD_BF16_ROWS;
        s_round_rows (product, a, count);
        if (count > TILE) {
            for (; panel + 1 < panels; panel += 2)
                s_two_rows (product, panel, count, c, 2);
            if (panel < panels)
                s_two_rows (product, panel, count, c, 1);
        } else {
            for (; panel + 3 < panels; panel += 4)
                s_one_row (product, panel, count, c, 4);
            for (; panel < panels; panel++)
                s_one_row (product, panel, count, c, 1);
        }
        a += count * product->lda;
        c += count * product->ldc;
    }
}

#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA  18

static bool s_allowed;

static void
s_ask (void)
{
    unsigned int a, b, c, d;
    bool tiles = __get_cpuid_count (7, 0, &a, &b, &c, &d) && d >> 24 & 1 && d >> 22 & 1;
    bool bf16 = __get_cpuid_count (7, 1, &a, &b, &c, &d) && a >> 5 & 1;
    s_allowed = tiles && bf16 &&
                syscall (SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

const forward_kernel_t *
forward_amx (void)
{
    static const forward_kernel_t kernel = {.name = "amx",
        .panel = PANEL,
        .bf16 = true,
        .rows = TILE,
        .begin = s_begin,
        .end = s_end,
        .multiply = s_multiply_bf16,
        .normalize = s_normalize,
        .attend = s_attend,
        .turned = LANES,
        .turn = s_turn};
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!forward_avx512 ())
        return NULL;
    pthread_once (&once, s_ask);
    return s_allowed ? &kernel : NULL;
}

#else

const forward_kernel_t *
forward_amx (void)
{
    return NULL;
}

#endif
