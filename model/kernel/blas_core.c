/* OpenBLAS' kernels against the CPU's abilities. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/blas_core.h"

#include <cblas.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Names that openblas_get_corename gives; all others on x86-64 are SSE's. */
static const struct {
    const char *core;
    blas_level_t level;
} s_cores[] = {
    {"SapphireRapids", BLAS_AVX512},
    {"Cooperlake", BLAS_AVX512},
    {"SkylakeX", BLAS_AVX512},
    {"Haswell", BLAS_AVX2},
    {"Zen", BLAS_AVX2},
};

/* The ones to ask for: there since 0.3.0, and good on every CPU of their level. */
static const char *const s_choices[] = {NULL, "Haswell", "SkylakeX"};

blas_level_t
blas_core_level (const char *core)
{
    for (size_t i = 0; i < sizeof s_cores / sizeof s_cores[0]; i++)
        if (strcmp (s_cores[i].core, core) == 0)
            return s_cores[i].level;
    return BLAS_SSE;
}

#if defined(__x86_64__)

static blas_level_t
s_cpu_level (void)
{
    if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw") &&
        __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl") &&
        __builtin_cpu_supports ("avx512cd"))
        return BLAS_AVX512;
    if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
        return BLAS_AVX2;
    return BLAS_SSE;
}

bool
blas_core_held_back (void)
{
    return blas_core_level (blas_core ()) < s_cpu_level ();
}

#else

static blas_level_t
s_cpu_level (void)
{
    return BLAS_SSE;
}

bool
blas_core_held_back (void)
{
    return false;
}

#endif

const char *
blas_core (void)
{
    return openblas_get_corename ();
}

/* The path and not the link: it gives the process its name. */
void
blas_core_choose (char **argv)
{
    if (getenv ("OPENBLAS_CORETYPE") || !blas_core_held_back ())
        return;
    char path[PATH_MAX];
    ssize_t length = readlink ("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0 || setenv ("OPENBLAS_CORETYPE", s_choices[s_cpu_level ()], 1))
        return;
    path[length] = '\0';
    execv (path, argv);
    log_warn (
        "blas.not_chosen", log_str ("core", blas_core ()), log_str ("path", path));
}
