/* sasrec import. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/files/reader.h"
#include "cli/files/source.h"
#include "store/interactions.h"

enum { S_KEY_APPEND = 0x100, S_BAD_SHOWN = 10 };

typedef struct {
    const char *path;
    reader_format_t format;
    bool has_format;
    bool append;
} s_options_t;

static const struct argp_option s_options[] = {
    {"format", 'f', "FORMAT", 0, "pairs, csv or jsonl; else by the file's name", 0},
    {"append", S_KEY_APPEND, 0, 0, "Also when this very file was loaded before", 0},
    {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    switch (key) {
    case 'f':
        options->has_format = true;
        if (reader_format_parse (text, &options->format) == -1)
            argp_error (state, "--format must be pairs, csv or jsonl, not '%s'", text);
        return 0;
    case S_KEY_APPEND:
        options->append = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error (state, "one file at a time");
        options->path = text;
        return 0;
    case ARGP_KEY_END:
        if (!options->path)
            argp_error (state, "which file? (- is standard input)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const command_spec_t s_spec = {
    .name = "sasrec import",
    .arguments = "FILE",
    .help =
        "Load interactions from a file (- is standard input): all of it, or nothing "
        "when a line is bad.\v"
        "pairs: \"user item\" per line in time order; loaded as of now, in that "
        "order.\n"
        "csv:   a header with user_id,item_id and perhaps created_at; quotes as in "
        "RFC 4180.\n"
        "jsonl: {\"user_id\":\"ann\",\"item_id\":7} per line, perhaps with "
        "\"created_at\".\n"
        "created_at is RFC 3339 or unix seconds. Exit status 2: bad lines, or the file "
        "was loaded before.",
    .options = s_options,
    .parser = s_parse,
    .settings = command_database_settings,
    .speaks_json = true,
};

/* One run over a file. */
typedef struct {
    const command_t *command;  /* borrowed */
    source_t *source;          /* borrowed */
    reader_t *reader;          /* owned */
    interactions_load_t *load; /* owned */
    progress_t *progress;      /* owned */
    uint64_t rows;
    uint64_t bad;
} s_run_t;

static void
s_tell_bad (s_run_t *run, const char *error)
{
    if (run->bad++ < S_BAD_SHOWN)
        fprintf (stderr, "%s: %s:%" PRIu64 ": %s\n", run->command->spec->name,
            source_name (run->source), reader_line (run->reader), error);
}

/* After a bad line the rest is only checked: nothing will be kept. */
static int
s_read_all (s_run_t *run)
{
    reader_row_t row;
    char error[160];
    for (;;) {
        reader_status_t status = reader_next (run->reader, &row, error);
        if (status == READER_END)
            return COMMAND_DONE;
        if (status == READER_BROKEN) {
            command_fail (run->command, "%s: %s", source_name (run->source), error);
            return COMMAND_REFUSED;
        }
        if (status == READER_BAD)
            s_tell_bad (run, error);
        else if (run->bad == 0 && interactions_load_row (run->load, row.user_id,
                                      row.item_id, row.created_at_us) == -1)
            return command_fail (run->command, "the connection to PostgreSQL was lost; "
                                               "nothing was loaded");
        else
            run->rows++;
        if (run->rows % 4096 == 0)
            progress_update (run->progress, reader_line (run->reader), NULL);
    }
}

static int
s_refuse (const s_run_t *run)
{
    const char *name = source_name (run->source);
    if (run->bad == 0)
        command_fail (run->command, "%s has no interactions", name);
    else
        command_fail (run->command,
            "%" PRIu64 " bad line%s of %" PRIu64 " in %s; nothing was loaded", run->bad,
            run->bad == 1 ? "" : "s", run->rows + run->bad, name);
    return COMMAND_REFUSED;
}

static int
s_answer (const s_run_t *run, double seconds)
{
    const command_t *self = run->command;
    const char *name = source_name (run->source);
    if (!self->json) {
        printf ("Loaded %" PRIu64 " interactions from %s in %.1f s.\n", run->rows, name,
            seconds);
        return COMMAND_DONE;
    }
    json_t *answer = json_pack ("{s:s,s:s,s:I,s:f}", "file", name, "sha256",
        source_digest (run->source), "interactions", (json_int_t)run->rows, "seconds",
        seconds);
    return command_answer (self, &answer);
}

static int
s_load (s_run_t *run)
{
    char error[160];
    int64_t started_us = clock_monotonic_us ();
    int status = s_read_all (run);
    progress_destroy (&run->progress);
    if (status != COMMAND_DONE)
        return status;
    if (run->bad > 0 || run->rows == 0)
        return s_refuse (run);
    if (interactions_load_commit (&run->load, &run->rows, error) == -1)
        return command_fail (run->command, "%s; nothing was loaded", error);
    return s_answer (run, (double)(clock_monotonic_us () - started_us) / 1e6);
}

static int
s_run (const command_t *self, db_t *db, source_t *source)
{
    const s_options_t *options = self->options;
    char error[160];
    s_run_t run = {.command = self, .source = source};
    run.load = interactions_load_new (
        db, source_name (source), source_digest (source), options->append, error);
    if (!run.load) {
        bool known = strstr (error, "loaded before") != NULL;
        command_fail (self, "%s: %s%s", source_name (source), error,
            known ? "; --append loads it again" : "");
        return known ? COMMAND_REFUSED : COMMAND_FAILED;
    }
    reader_format_t format =
        options->has_format ? options->format : reader_format_of (options->path);
    run.reader = reader_new (source_file (source), format);
    run.progress = progress_new ("import", "lines", source_lines (source), self->quiet);
    int status = s_load (&run);
    progress_destroy (&run.progress);
    reader_destroy (&run.reader);
    interactions_load_destroy (&run.load);
    return status;
}

int
command_import (int argc, char **argv)
{
    s_options_t options = {0};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    char error[160];
    int status = COMMAND_FAILED;
    db_t *db = NULL;
    source_t *source = source_open (options.path, error);
    if (!source)
        command_fail (self, "%s", error);
    else if ((db = command_database (self)))
        status = s_run (self, db, source);
    db_destroy (&db);
    source_close (&source);
    command_destroy (&self);
    return status;
}
