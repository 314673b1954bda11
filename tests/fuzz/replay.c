/* Runs a fuzz target over files and over every beginning of each, without libFuzzer: the
 * corpus is a test in every build. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/files.h"
#include "tests/fuzz/fuzz.h"

#define FILE_LIMIT      ((size_t)1 << 20)
#define BEGINNINGS_MOST 500 /* of one file */

static void
s_replay (const char *path)
{
    char *bytes = NULL, error[160];
    size_t length;
    if (files_read (path, FILE_LIMIT, &bytes, &length, error)) {
        fprintf (stderr, "%s\n", error);
        exit (2);
    }
    size_t step = length / BEGINNINGS_MOST + 1;
    for (size_t kept = 0; kept < length; kept += step) {
        uint8_t *beginning = malloc (kept ? kept : 1); /* the sanitizer sees its end */
        assert (beginning);
        memcpy (beginning, bytes, kept);
        LLVMFuzzerTestOneInput (beginning, kept);
        free (beginning);
    }
    LLVMFuzzerTestOneInput ((const uint8_t *)bytes, length);
    free (bytes);
}

int
main (int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        s_replay (argv[i]);
    printf ("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 2;
}
