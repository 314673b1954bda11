/* sasrec export. SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/files/layout.h"
#include "cli/files/outfile.h"
#include "base/timestamp.h"
#include "store/interactions.h"

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
        "import' reads. pairs has no times.",
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
    uint64_t unwritable;    /* pairs: rows whose user id has white space */
    strbuf_t line;          /* owned; the row being written */
} s_writer_t;

static void
s_add_csv (strbuf_t *line, const char *user_id, int64_t item_id, const char *time)
{
    if (strpbrk (user_id, ",\"")) {
        strbuf_add (line, "\"");
        for (const char *byte = user_id; *byte; byte++)
            strbuf_addf (line, *byte == '"' ? "\"%c" : "%c", *byte);
        strbuf_add (line, "\"");
    } else
        strbuf_add (line, user_id);
    strbuf_addf (line, ",%" PRId64 ",%s\n", item_id, time);
}

static void
s_add_json (strbuf_t *line, const char *user_id, int64_t item_id, const char *time)
{
    strbuf_add (line, "{\"user_id\":");
    strbuf_add_json_string (line, user_id);
    strbuf_addf (
        line, ",\"item_id\":%" PRId64 ",\"created_at\":\"%s\"}\n", item_id, time);
}

static void
s_write_row (void *context, const char *user_id, int64_t item_id, int64_t created_at_us)
{
    s_writer_t *writer = context;
    char time[TIMESTAMP_SIZE];
    timestamp_format (created_at_us, time);
    strbuf_clear (&writer->line);
    if (writer->format == LAYOUT_CSV)
        s_add_csv (&writer->line, user_id, item_id, time);
    else if (writer->format == LAYOUT_JSONL)
        s_add_json (&writer->line, user_id, item_id, time);
    else if (strpbrk (user_id, " \t"))
        writer->unwritable++;
    else
        strbuf_addf (&writer->line, "%s %" PRId64 "\n", user_id, item_id);
    if (writer->line.length > 0)
        fwrite (writer->line.data, 1, writer->line.length, writer->file);
}

static int
s_write (const command_t *self, db_t *db, FILE *file, uint64_t *rows)
{
    const s_options_t *options = self->options;
    char error[160];
    s_writer_t writer = {.file = file, .format = options->format};
    if (writer.format == LAYOUT_ANY && options->path)
        writer.format = layout_format_of (options->path);
    if (writer.format == LAYOUT_ANY)
        writer.format = LAYOUT_CSV;
    if (writer.format == LAYOUT_CSV)
        fputs ("user_id,item_id,created_at\n", file);
    int status = interactions_each (db, s_write_row, &writer, rows, error);
    strbuf_free (&writer.line);
    if (status == -1)
        return command_fail (self, "cannot read the interactions: %s", error);
    if (fflush (file) == EOF || ferror (file))
        return command_fail (self, "cannot write: %s", strerror (errno));
    if (writer.unwritable > 0)
        return command_fail (self,
            "%" PRIu64 " interactions are of users whose id has a space, which pairs "
            "cannot hold; use --format csv",
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
