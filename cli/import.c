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
#include "cli/file_keys.h"
#include "cli/files/reader.h"
#include "cli/files/source.h"
#include "cli/import_items.h"
#include "store/interactions.h"

enum { S_KEY_APPEND = 0x100, S_KEY_ITEMS, S_BAD_SHOWN = 10 };

enum { S_AGAIN = -1 }; /* a status of our own, beside the command's */

typedef struct {
    const char *path;
    bool append;
    bool items; /* of the catalogue, not interactions */
} s_options_t;

static const struct argp_option s_options[] = {
    {"append", S_KEY_APPEND, 0, 0,
        "Also when this very file was loaded before: add what is missing of it", 0},
    {"items", S_KEY_ITEMS, 0, 0,
        "The file is a catalogue: item_id, title, categories (\"a|b\"), hidden, "
        "available_from, expires_at, attributes, image_url; an item that is there is "
        "replaced",
        0},
    {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    switch (key) {
    case S_KEY_APPEND:
        options->append = true;
        return 0;
    case S_KEY_ITEMS:
        options->items = true;
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
        "Load interactions from a file (- is standard input; .gz and .zst are taken "
        "off): all of it, or nothing when a line is bad. What is stored already is "
        "skipped.\v"
        "Formats are found out from the name and the first line: csv with a header, in "
        "the names that people give their columns; jsonl, an object per line; pairs, "
        "\"user item\" per line in the order of time. What was understood is told "
        "before loading. Times may be texts or unix seconds, milliseconds, ...; "
        "without "
        "any the order of the lines counts. Items are integers, or keys: texts of 1 to "
        "128 bytes, all of them when one is no plain integer. Exit status 2: bad "
        "lines, or the file was "
        "loaded before.",
    .examples = "sasrec import events.csv\n"
                "sasrec import ratings.dat --no-header user,item,_,time\n"
                "sasrec import log.jsonl.gz --columns user=who,item=what,time=when\n"
                "sasrec import --items movies.csv\n"
                "psql -c '\\copy views to stdout csv header' shop | sasrec import -",
    .options = s_options,
    .parser = s_parse,
    .settings = command_database_settings,
    .speaks_json = true,
    .reads_files = true,
};

/* One run over a file. */
typedef struct {
    const command_t *command;  /* borrowed */
    source_t *source;          /* borrowed */
    reader_t *reader;          /* owned */
    interactions_load_t *load; /* owned */
    progress_t *progress;      /* owned */
    file_keys_t *keys;         /* owned; where items are texts */
    uint64_t rows;             /* good ones */
    uint64_t added;            /* of them: new ones */
    uint64_t untimed;          /* of them: without a time */
    uint64_t bad;
    uint64_t told_to; /* bad lines up to this one were told when it was read before */
    int64_t oldest_us, newest_us; /* of those with a time */
} s_run_t;

static void
s_tell_bad (s_run_t *run, const char *error)
{
    if (run->bad++ < S_BAD_SHOWN && reader_line (run->reader) > run->told_to)
        fprintf (stderr, "%s: %s:%" PRIu64 ": %s\n", run->command->spec->name,
            source_name (run->source), reader_line (run->reader), error);
}

static void
s_note (s_run_t *run, const reader_row_t *row)
{
    run->rows++;
    if (row->created_at_us == READER_NO_TIME) {
        run->untimed++;
        return;
    }
    if (row->created_at_us < run->oldest_us)
        run->oldest_us = row->created_at_us;
    if (row->created_at_us > run->newest_us)
        run->newest_us = row->created_at_us;
}

/* All items have to be keys: what was read so far is to be read again. */
static int
s_begin_again (s_run_t *run, const reader_row_t *row)
{
    run->told_to = reader_line (run->reader) - 1;
    if (!run->command->quiet)
        fprintf (stderr,
            "%s:%" PRIu64
            ": the item \"%.40s\" is no plain integer: all items are taken "
            "as texts; --item-ids integers refuses such a line\n",
            source_name (run->source), reader_line (run->reader), row->item_key);
    return S_AGAIN;
}

static int
s_add (s_run_t *run, reader_row_t *row)
{
    if (run->keys)
        row->item_id = file_keys_id (run->keys, row->item_key);
    const interactions_row_t interaction = {.user_id = row->user_id,
        .item_id = row->item_id,
        .created_at_us = row->created_at_us,
        .event_id = row->event_id,
        .event = row->kind,
        .has_value = row->has_value,
        .value = row->value};
    return interactions_load_add (run->load, &interaction);
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
        if (status == READER_KEYS)
            return s_begin_again (run, &row);
        if (status == READER_BAD)
            s_tell_bad (run, error);
        else if (run->bad == 0 && s_add (run, &row) == -1)
            return command_fail (run->command, "the connection to PostgreSQL was lost; "
                                               "nothing was loaded");
        else
            s_note (run, &row);
        if ((run->rows + run->bad) % 4096 == 0)
            progress_update (run->progress, reader_line (run->reader), NULL);
    }
}

static int
s_refuse (const s_run_t *run)
{
    return command_refuse_file (
        run->command, source_name (run->source), "interactions", run->rows, run->bad);
}

static int
s_answer_json (const s_run_t *run, double seconds)
{
    char oldest[TIMESTAMP_SIZE] = "", newest[TIMESTAMP_SIZE] = "";
    bool timed = run->untimed < run->rows;
    if (timed) {
        timestamp_format (run->oldest_us, oldest);
        timestamp_format (run->newest_us, newest);
    }
    json_t *answer = json_pack ("{s:s,s:s,s:s,s:I,s:I,s:I,s:f,s:s*,s:s*}", "file",
        source_name (run->source), "sha256", source_digest (run->source), "understood",
        reader_told (run->reader), "interactions", (json_int_t)run->added, "skipped",
        (json_int_t)(run->rows - run->added), "untimed", (json_int_t)run->untimed,
        "seconds", seconds, "oldest", timed ? oldest : NULL, "newest",
        timed ? newest : NULL);
    return command_answer (run->command, &answer);
}

static void
s_say_times (const s_run_t *run)
{
    char oldest[TIMESTAMP_SIZE], newest[TIMESTAMP_SIZE];
    if (run->untimed == run->rows)
        return;
    timestamp_format (run->oldest_us, oldest);
    timestamp_format (run->newest_us, newest);
    printf ("Their times are from %.19s to %.19s UTC%s.\n", oldest, newest,
        reader_assumed_utc (run->reader) ? "; some have no zone and were taken as UTC"
                                         : "");
    if (run->untimed > 0)
        printf ("%" PRIu64 " have no time and were taken as of now.\n", run->untimed);
}

static int
s_answer (const s_run_t *run, double seconds)
{
    if (run->command->json)
        return s_answer_json (run, seconds);
    printf ("Loaded %" PRIu64 " interaction%s from %s in %.1f s", run->added,
        run->added == 1 ? "" : "s", source_name (run->source), seconds);
    if (run->rows > run->added)
        printf ("; %" PRIu64 " skipped: stored already, or repeated in the file",
            run->rows - run->added);
    puts (".");
    s_say_times (run);
    return COMMAND_DONE;
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
    if (run->keys)
        interactions_load_keys (
            run->load, file_keys_texts (run->keys), file_keys_ids (run->keys));
    if (interactions_load_commit (&run->load, &run->added, error) == -1)
        return command_fail (run->command, "%s", error);
    return s_answer (run, (double)(clock_monotonic_us () - started_us) / 1e6);
}

/* Says how the file is read, before anything is loaded. */
static int
s_begin (s_run_t *run)
{
    char error[160];
    reader_status_t status = reader_begin (run->reader, error);
    if (status == READER_BROKEN) {
        command_fail (run->command, "%s: %s", source_name (run->source), error);
        return COMMAND_REFUSED;
    }
    if (status == READER_ROW && !run->command->quiet)
        fprintf (
            stderr, "%s: %s\n", source_name (run->source), reader_told (run->reader));
    return status == READER_ROW ? COMMAND_DONE : s_refuse (run);
}

/* The load, or NULL after saying why, with the exit status. */
static interactions_load_t *
s_open (const command_t *self, db_t *db, const source_t *source, int *status)
{
    const s_options_t *options = self->options;
    char error[160];
    interactions_load_t *load = interactions_load_new (
        db, source_name (source), source_digest (source), options->append, error);
    if (load)
        return load;
    bool known = strstr (error, "loaded before") != NULL;
    command_fail (self, "%s: %s%s", source_name (source), error,
        known ? "; --append adds what is missing of it" : "");
    *status = known ? COMMAND_REFUSED : COMMAND_FAILED;
    return NULL;
}

static int
s_run_as (const command_t *self, db_t *db, source_t *source, const layout_t *layout,
    uint64_t *told_to)
{
    const s_options_t *options = self->options;
    s_run_t run = {.command = self,
        .source = source,
        .told_to = *told_to,
        .oldest_us = INT64_MAX,
        .newest_us = INT64_MIN};
    run.reader = reader_new (source_file (source), options->path, layout);
    int status = s_begin (&run);
    if (status == COMMAND_DONE)
        run.load = s_open (self, db, source, &status);
    if (run.load) {
        run.progress =
            progress_new ("import", "lines", source_lines (source), self->quiet);
        run.keys = reader_has_keys (run.reader) ? file_keys_new () : NULL;
        status = s_load (&run);
    }
    *told_to = run.told_to;
    progress_destroy (&run.progress);
    reader_destroy (&run.reader);
    interactions_load_destroy (&run.load);
    file_keys_destroy (&run.keys);
    return status;
}

static int
s_run (const command_t *self, db_t *db, source_t *source)
{
    layout_t layout = self->layout;
    uint64_t told_to = 0;
    int status = s_run_as (self, db, source, &layout, &told_to);
    if (status != S_AGAIN)
        return status;
    layout.items = LAYOUT_ITEMS_KEYS;
    rewind (source_file (source));
    return s_run_as (self, db, source, &layout, &told_to);
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
        status = options.items ? import_items (self, db, source, options.path)
                               : s_run (self, db, source);
    db_destroy (&db);
    source_close (&source);
    command_destroy (&self);
    return status;
}
