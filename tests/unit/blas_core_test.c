/* Which kernels are worth asking for. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/blas_core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void
test_names_have_levels (void **state)
{
    (void)state;
    assert_int_equal (blas_core_level ("SkylakeX"), BLAS_AVX512);
    assert_int_equal (blas_core_level ("Cooperlake"), BLAS_AVX512);
    assert_int_equal (blas_core_level ("Haswell"), BLAS_AVX2);
    assert_int_equal (blas_core_level ("Zen"), BLAS_AVX2);
    assert_int_equal (blas_core_level ("Prescott"), BLAS_SSE);
    assert_int_equal (blas_core_level ("Sandybridge"), BLAS_SSE);
}

/* Else this program would be executed for ever. */
static void
test_what_was_chosen_is_left_alone (void **state)
{
    (void)state;
    char *argv[] = {NULL};
    setenv ("OPENBLAS_CORETYPE", "Prescott", 1);
    blas_core_choose (argv);
    assert_string_equal (getenv ("OPENBLAS_CORETYPE"), "Prescott");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_names_have_levels),
        cmocka_unit_test (test_what_was_chosen_is_left_alone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
