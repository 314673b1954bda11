/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/training_data.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/jsonread.h"
#include "base/progress.h"
#include "cli/files/reader.h"
#include "cli/files/source.h"
#include "cli/files/timeline.h"
#include "store/conninfo.h"
#include "store/interactions.h"

typedef struct {
    dataset_builder_t *builder; /* owned */
    progress_t *progress;       /* owned */
    uint64_t rows;
    uint64_t late; /* of them: no item id, and not there when we looked */
} s_load_t;

static void
s_add (void *context, const interactions_row_t *row)
{
    s_load_t *load = context;
    if (row->item_id >= 0 && row->item_id <= JSON_INTEGER_MAX)
        dataset_builder_add (load->builder, row->user_id, row->item_id);
    else
        load->late++;
    if (++load->rows % 4096 == 0)
        progress_update (load->progress, load->rows, NULL);
}

static dataset_t *
s_read_database (const command_t *command, int64_t *last_id)
{
    db_t *db = command_database (command);
    if (!db)
        return NULL;
    char error[160];
    uint64_t count = 0;
    dataset_t *data = NULL;
    s_load_t load = {.builder = dataset_builder_new (),
        .progress = progress_new ("read", "interactions", 0, command->quiet)};
    char *label = conninfo_label (command->conninfo);
    if (*last_id == 0)
        *last_id = interactions_last_id (db);
    const interactions_part_t part = {.last_id = *last_id};
    if (interactions_check (db, error))
        command_fail (command, "%s: %s", label, error);
    else if (interactions_part (db, &part, s_add, &load, &count, error) == -1)
        command_fail (command, "cannot read the interactions in %s: %s", label, error);
    else if (load.late)
        command_fail (command,
            "%" PRIu64 " of %" PRIu64 " interactions in %s have an item_id outside 0 "
            "to 2^53 - 1 by now",
            load.late, count, label);
    else if (!(data = dataset_builder_finish (load.builder)))
        command_fail (command,
            "no interactions in %s; run 'sasrec seed' or 'sasrec "
            "import FILE'",
            label);
    free (label);
    progress_destroy (&load.progress);
    dataset_builder_destroy (&load.builder);
    db_destroy (&db);
    return data;
}

/* False after saying which line is bad. */
static bool
s_read_rows (const command_t *command, const source_t *source, reader_t *reader,
    timeline_t *rows)
{
    char error[160];
    reader_row_t row;
    progress_t *progress =
        progress_new ("read", "lines", source_lines (source), command->quiet);
    reader_status_t status;
    while ((status = reader_next (reader, &row, error)) == READER_ROW) {
        timeline_add (rows, &row);
        if (reader_line (reader) % 4096 == 0)
            progress_update (progress, reader_line (reader), NULL);
    }
    progress_destroy (&progress);
    if (status == READER_BAD)
        command_fail (command, "%s:%" PRIu64 ": %s", source_name (source),
            reader_line (reader), error);
    else if (status == READER_BROKEN)
        command_fail (command, "%s: %s", source_name (source), error);
    return status == READER_END;
}

static void
s_add_row (void *context, const char *user_id, int64_t item_id, const char *kind)
{
    (void)kind;
    dataset_builder_add (context, user_id, item_id);
}

static dataset_t *
s_build (const command_t *command, const char *name, timeline_t *rows, uint64_t read)
{
    dataset_builder_t *builder = dataset_builder_new ();
    size_t count = timeline_each (rows, s_add_row, builder);
    if (count < read && !command->quiet)
        fprintf (stderr,
            "%s: %" PRIu64 " of %" PRIu64 " rows are repeated, and count "
            "once\n",
            name, read - count, read);
    dataset_t *data = dataset_builder_finish (builder);
    if (!data)
        command_fail (command, "%s has no interactions", name);
    dataset_builder_destroy (&builder);
    return data;
}

static dataset_t *
s_read_source (const command_t *command, const char *path, source_t *source)
{
    char error[160];
    dataset_t *data = NULL;
    timeline_t *rows = timeline_new ();
    reader_t *reader = reader_new (source_file (source), path, &command->layout);
    if (reader_begin (reader, error) == READER_BROKEN)
        command_fail (command, "%s: %s", source_name (source), error);
    else {
        if (!command->quiet && reader_told (reader))
            fprintf (stderr, "%s: %s\n", source_name (source), reader_told (reader));
        if (s_read_rows (command, source, reader, rows))
            data = s_build (command, source_name (source), rows, timeline_count (rows));
    }
    reader_destroy (&reader);
    timeline_destroy (&rows);
    return data;
}

dataset_t *
training_data_read (const command_t *command, const char *path, int64_t *last_id)
{
    if (!path)
        return s_read_database (command, last_id);
    *last_id = 0;
    char error[160];
    source_t *source = source_open (path, error);
    if (!source) {
        command_fail (command, "%s", error);
        return NULL;
    }
    dataset_t *data = s_read_source (command, path, source);
    source_close (&source);
    return data;
}
