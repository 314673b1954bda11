/* sasrec export. SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/item_key.h"
#include "base/strbuf.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/file_keys.h"
#include "cli/files/layout.h"
#include "cli/files/outfile.h"
#include "base/timestamp.h"
#include "store/interactions.h"
#include "store/item_names.h"

typedef struct {
    const char *path;       /* NULL: standard output */
    layout_format_t format; /* LAYOUT_ANY: by the name, else csv */
} s_options_t;

static const struct argp_option s_options[] = {
    {"format", 'f', "FORMAT", 0,
        "csv, jsonl or pairs; else jsonl or pairs by the end of the file's name, else "
        "csv",
        0},
    {"out", 'o', "FILE", 0,
        "Write to this file, complete or not at all; into a device, FIFO or link", 0},
    {0}};

static void
s_parse_format (s_options_t *options, const char *text, struct argp_state *state)
{
    char error[160];
    layout_t layout = {0};
    if (layout_set_format (&layout, text, error) == -1)
        argp_error (state, "%s", error);
    options->format = layout.format;
}

static void
s_parse_path (s_options_t *options, const char *text, struct argp_state *state)
{
    const char *dot = strrchr (text, '.');
    if (dot && (strcmp (dot, ".gz") == 0 || strcmp (dot, ".zst") == 0))
        argp_error (state,
            "export does not compress: write to standard output and pipe "
            "it to gzip or zstd");
    options->path = text;
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    if (key == 'f')
        s_parse_format (options, text, state);
    else if (key == 'o')
        s_parse_path (options, text, state);
    else if (key == ARGP_KEY_END && self->json && !options->path)
        argp_error (state, "--json needs --out: both would write to standard output");
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const command_spec_t s_spec = {
    .name = "sasrec export",
    .help =
        "Write all interactions, user by user, oldest first, in a format that 'sasrec "
        "import' reads. pairs has no times, and no events. Items that have keys are "
        "written "
        "by them.",
    .examples = "sasrec export --out interactions.csv\n"
                "sasrec export --format jsonl | zstd > interactions.jsonl.zst",
    .options = s_options,
    .parser = s_parse,
    .settings = command_database_settings,
    .speaks_json = true,
};

typedef struct {
    FILE *file;             /* borrowed */
    layout_format_t format; /* never LAYOUT_ANY */
    file_keys_t *keys;      /* owned */
    bool events;            /* csv: there are columns for event and value */
    uint64_t unwritable;    /* pairs: rows whose user id or item has white space */
    strbuf_t line;          /* owned; the row being written */
} s_writer_t;

static void
s_add_field (strbuf_t *line, const char *text)
{
    if (strpbrk (text, ",\"")) {
        strbuf_add (line, "\"");
        for (const char *byte = text; *byte; byte++)
            strbuf_addf (line, *byte == '"' ? "\"%c" : "%c", *byte);
        strbuf_add (line, "\"");
    } else
        strbuf_add (line, text);
}

/* The fewest digits that read back as the same number. */
static void
s_add_value (strbuf_t *line, double value)
{
    char text[32];
    int digits = 15;
    do
        snprintf (text, sizeof text, "%.*g", digits, value);
    while (digits++ < 17 && memcmp (&(double){strtod (text, NULL)}, &value, 8) != 0);
    strbuf_add (line, text);
}

/* Key: NULL, or the item's. */
static void
s_add_csv (s_writer_t *writer, const interactions_row_t *row, const char *key,
    const char *time)
{
    strbuf_t *line = &writer->line;
    s_add_field (line, row->user_id);
    strbuf_add (line, ",");
    if (key)
        s_add_field (line, key);
    else
        strbuf_addf (line, "%" PRId64, row->item_id);
    strbuf_addf (line, ",%s", time);
    if (writer->events) {
        strbuf_add (line, ",");
        s_add_field (line, row->event ? row->event : "");
        strbuf_add (line, ",");
        if (row->has_value)
            s_add_value (line, row->value);
    }
    strbuf_add (line, "\n");
}

static void
s_add_json (
    strbuf_t *line, const interactions_row_t *row, const char *key, const char *time)
{
    strbuf_add (line, "{\"user_id\":");
    strbuf_add_json_string (line, row->user_id);
    strbuf_add (line, ",\"item_id\":");
    if (key)
        strbuf_add_json_string (line, key);
    else
        strbuf_add_json_int (line, row->item_id);
    strbuf_addf (line, ",\"created_at\":\"%s\"", time);
    if (row->event) {
        strbuf_add (line, ",\"event\":");
        strbuf_add_json_string (line, row->event);
    }
    if (row->has_value) {
        strbuf_add (line, ",\"value\":");
        s_add_value (line, row->value);
    }
    strbuf_add (line, "}\n");
}

static void
s_add_pair (s_writer_t *writer, const interactions_row_t *row, const char *key)
{
    const char *user_id = row->user_id;
    if (strpbrk (user_id, " \t") || (key && strpbrk (key, " \t")))
        writer->unwritable++;
    else if (key)
        strbuf_addf (&writer->line, "%s %s\n", user_id, key);
    else
        strbuf_addf (&writer->line, "%s %" PRId64 "\n", user_id, row->item_id);
}

static void
s_write_row (void *context, const interactions_row_t *row)
{
    s_writer_t *writer = context;
    char time[TIMESTAMP_SIZE];
    const char *key = row->item_id < ITEM_KEY_FIRST
                          ? NULL
                          : file_keys_find (writer->keys, row->item_id);
    timestamp_format (row->created_at_us, time);
    strbuf_clear (&writer->line);
    if (writer->format == LAYOUT_CSV)
        s_add_csv (writer, row, key, time);
    else if (writer->format == LAYOUT_JSONL)
        s_add_json (&writer->line, row, key, time);
    else
        s_add_pair (writer, row, key);
    if (writer->line.length > 0)
        fwrite (writer->line.data, 1, writer->line.length, writer->file);
}

static void
s_note_key (void *context, int64_t item_id, const char *key)
{
    file_keys_add (context, item_id, key);
}

static layout_format_t
s_format (const s_options_t *options)
{
    layout_format_t format = options->format;
    if (format == LAYOUT_ANY && options->path)
        format = layout_format_of (options->path);
    return format == LAYOUT_ANY ? LAYOUT_CSV : format;
}

/* What has neither events nor values is written as if there were no such columns. */
static int
s_write_all (s_writer_t *writer, db_t *db, uint64_t *rows, char error[160])
{
    if (item_names_each (db, s_note_key, writer->keys, error))
        return -1;
    if (writer->format != LAYOUT_PAIRS &&
        interactions_have_events (db, &writer->events, error))
        return -1;
    if (writer->format == LAYOUT_CSV)
        fprintf (writer->file, "user_id,item_id,created_at%s\n",
            writer->events ? ",event,value" : "");
    const interactions_part_t part = {.events = writer->events};
    return interactions_part (db, &part, s_write_row, writer, rows, error);
}

static int
s_write (const command_t *self, db_t *db, FILE *file, uint64_t *rows)
{
    char error[160];
    s_writer_t writer = {
        .file = file, .format = s_format (self->options), .keys = file_keys_new ()};
    int status = s_write_all (&writer, db, rows, error);
    strbuf_free (&writer.line);
    file_keys_destroy (&writer.keys);
    if (status == -1)
        return command_fail (self, "cannot read the interactions: %s", error);
    if (fflush (file) == EOF || ferror (file))
        return command_fail (self, "cannot write: %s", strerror (errno));
    if (writer.unwritable > 0)
        return command_fail (self,
            "%" PRIu64
            " interactions have a user or an item whose id has a space, which "
            "pairs cannot hold; use --format csv",
            writer.unwritable);
    return COMMAND_DONE;
}

static int
s_answer (const command_t *self, uint64_t rows)
{
    const s_options_t *options = self->options;
    if (self->json) {
        json_t *answer = json_pack (
            "{s:s,s:I}", "file", options->path, "interactions", (json_int_t)rows);
        return command_answer (self, &answer);
    }
    fprintf (stderr, "Wrote %" PRIu64 " interactions to %s.\n", rows, options->path);
    return COMMAND_DONE;
}

static int
s_export_to_file (const command_t *self, db_t *db)
{
    const s_options_t *options = self->options;
    char error[160];
    uint64_t rows = 0;
    outfile_t *out = outfile_new (options->path, error);
    if (!out)
        return command_fail (self, "%s", error);
    int status = s_write (self, db, outfile_file (out), &rows);
    if (status == COMMAND_DONE && outfile_commit (&out, error) == -1)
        status = command_fail (self, "%s", error);
    outfile_destroy (&out);
    return status == COMMAND_DONE ? s_answer (self, rows) : status;
}

int
command_export (int argc, char **argv)
{
    s_options_t options = {0};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    uint64_t rows = 0;
    int status = COMMAND_FAILED;
    db_t *db = command_database (self);
    if (db)
        status = options.path ? s_export_to_file (self, db)
                              : s_write (self, db, stdout, &rows);
    db_destroy (&db);
    command_destroy (&self);
    return status;
}
