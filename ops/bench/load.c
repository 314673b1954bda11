/* What it costs to load a model, and to load a second one beside it as a reload does: time
 * until it has answered its canary, of the clock and of the CPU, and memory: all that is
 * resident, and of that what belongs to no file. Random weights: only the shape counts. One
 * JSON object on stdout. SPDX-License-Identifier: Apache-2.0
 *
 *   bench_load [items] [width] [folder]     the folder (/tmp) takes the file for a while */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "made.h"
#include "model/checkpoint/load.h"

static double
s_cpu_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* MB by a line of /proc/self/status. */
static double
s_memory (const char *key)
{
    char line[160];
    double kb = 0;
    FILE *file = fopen ("/proc/self/status", "r");
    assert (file);
    while (fgets (line, sizeof line, file))
        if (strncmp (line, key, strlen (key)) == 0)
            kb = strtod (line + strlen (key), NULL);
    fclose (file);
    return kb / 1e3;
}

static model_t *
s_load (const char *path, json_t *report, const char *name)
{
    char error[160];
    double cpu = s_cpu_ms ();
    int64_t start = clock_monotonic_us ();
    model_t *model = load_model (path, error);
    double ms = (double)(clock_monotonic_us () - start) / 1e3;
    if (!model) {
        fprintf (stderr, "bench_load: %s\n", error);
        exit (1);
    }
    json_object_set_new (report, name,
        json_pack ("{s:f,s:f,s:f,s:f,s:f}", "ms", ms, "cpu_ms", s_cpu_ms () - cpu,
            "resident_mb", s_memory ("VmRSS:"), "anonymous_mb", s_memory ("RssAnon:"),
            "most_mb", s_memory ("VmHWM:")));
    return model;
}

int
main (int argc, char **argv)
{
    sasrec_shape_t shape = {
        argc > 1 ? strtoul (argv[1], NULL, 10) : 100000, 64, 2, 1, 50, 4, false, true};
    shape.width = argc > 2 ? strtoul (argv[2], NULL, 10) : shape.width;
    char folder[256], path[CHECKPOINT_PATH_SIZE], error[160];
    snprintf (
        folder, sizeof folder, "%s/bench_load.XXXXXX", argc > 3 ? argv[3] : "/tmp");
    if (sasrec_shape_check (&shape, error) != 0 || !mkdtemp (folder)) {
        fputs ("usage: bench_load [items] [width] [folder]\n", stderr);
        return 64;
    }
    if (made_checkpoint (folder, "made", &shape, path) != 0)
        return 1;
    json_t *report = json_pack ("{s:I,s:I,s:f}", "items", (json_int_t)shape.items,
        "width", (json_int_t)shape.width, "table_mb",
        (double)(shape.items * shape.width * sizeof (float)) / 1e6);
    model_t *first = s_load (path, report, "first");
    model_t *second = s_load (path, report, "beside_the_first");
    json_dumpf (report, stdout, JSON_INDENT (2) | JSON_REAL_PRECISION (5));
    puts ("");
    json_decref (report);
    model_destroy (&first);
    model_destroy (&second);
    unlink (path);
    rmdir (folder);
    return 0;
}
