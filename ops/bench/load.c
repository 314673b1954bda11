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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/load.h"

enum { USERS = 1000, HISTORY = 20, SAMPLE_USERS = 20 };

/* Every item once, then USERS histories. */
static dataset_t *
s_data (size_t items)
{
    dataset_builder_t *builder = dataset_builder_new ();
    rng_t rng;
    rng_seed (&rng, 1, 0);
    for (size_t i = 0; i < items; i++)
        dataset_builder_add (builder, "everything", (int64_t)i + 1);
    for (size_t user = 0; user < USERS; user++) {
        char name[24];
        snprintf (name, sizeof name, "user_%zu", user);
        for (size_t i = 0; i < HISTORY; i++)
            dataset_builder_add (builder, name, (int64_t)rng_below (&rng, items) + 1);
    }
    dataset_t *data = dataset_builder_finish (builder);
    dataset_builder_destroy (&builder);
    return data;
}

static sasrec_weights_t *
s_weights (const sasrec_shape_t *shape)
{
    sasrec_weights_t *weights = sasrec_weights_new (shape);
    rng_t rng;
    rng_seed (&rng, 2, 0);
    for (size_t i = 0; i < sasrec_tensor_count (shape); i++) {
        sasrec_tensor_t tensor = sasrec_tensor (weights, i);
        double mean = strstr (tensor.name, "gain") ? 1 : 0;
        for (size_t j = 0; j < tensor.rows * tensor.columns; j++)
            tensor.values[j] = (float)(mean + 0.1 * rng_normal (&rng));
    }
    return weights;
}

/* In a process of its own, whose memory goes with it. */
static void
s_write (const char *folder, const sasrec_shape_t *shape)
{
    pid_t child = fork ();
    assert (child >= 0);
    if (child == 0) {
        char error[160];
        dataset_t *data = s_data (shape->items);
        sasrec_weights_t *weights = s_weights (shape);
        checkpoint_draft_t draft = {"bench", weights, data, NULL, SAMPLE_USERS};
        int rc = checkpoint_write (folder, &draft, NULL, error);
        if (rc)
            fprintf (stderr, "bench_load: %s\n", error);
        _exit (rc ? 1 : 0);
    }
    int status;
    if (waitpid (child, &status, 0) != child || status)
        exit (1);
}

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
    s_write (folder, &shape);
    int rc = checkpoint_path (folder, "bench", path);
    assert (rc == 0);
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
