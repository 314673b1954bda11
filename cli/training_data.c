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
    events_t events;
    bool has_events; /* they decide */
    bool met[DATASET_KINDS];
} s_builder_t;

static void
s_build_begin (s_builder_t *self, const events_lists_t *lists)
{
    char error[160];
    self->builder = dataset_builder_new ();
    self->has_events =
        events_given (lists) && events_read (&self->events, lists, error) == 0;
    if (self->has_events)
        dataset_builder_roles (self->builder, self->events.roles, self->events.count);
}

static void
s_build_add (s_builder_t *self, const char *user_id, int64_t item_id, const char *event)
{
    if (!self->has_events) {
        dataset_builder_add (self->builder, user_id, item_id);
        return;
    }
    size_t kind = events_kind (&self->events, event);
    self->met[kind] = true;
    dataset_builder_add_kind (self->builder, user_id, item_id, kind);
}

/* NULL: there is nothing. Names of the options that nothing has are most likely wrong. */
static dataset_t *
s_build_end (s_builder_t *self, const command_t *command)
{
    for (size_t i = 1; i < self->events.count; i++)
        if (!self->met[i] && !command->quiet)
            fprintf (
                stderr, "no interaction has the event %s\n", self->events.names[i]);
    dataset_t *data = dataset_builder_finish (self->builder);
    dataset_builder_destroy (&self->builder);
    return data;
}

typedef struct {
    s_builder_t build;
    progress_t *progress; /* owned */
    uint64_t rows;
    uint64_t late; /* of them: no item id, and not there when we looked */
} s_load_t;

static void
s_add (void *context, const interactions_row_t *row)
{
    s_load_t *load = context;
    if (row->item_id >= 0 && row->item_id <= JSON_INTEGER_MAX)
        s_build_add (&load->build, row->user_id, row->item_id, row->event);
    else
        load->late++;
    if (++load->rows % 4096 == 0)
        progress_update (load->progress, load->rows, NULL);
}

static dataset_t *
s_read_database (
    const command_t *command, const events_lists_t *lists, int64_t *last_id)
{
    db_t *db = command_database (command);
    if (!db)
        return NULL;
    char error[160];
    uint64_t count = 0;
    dataset_t *data = NULL;
    s_load_t load = {
        .progress = progress_new ("read", "interactions", 0, command->quiet)};
    char *label = conninfo_label (command->conninfo);
    if (*last_id == 0)
        *last_id = interactions_last_id (db);
    s_build_begin (&load.build, lists);
    const interactions_part_t part = {*last_id, load.build.has_events};
    if (interactions_check (db, error))
        command_fail (command, "%s: %s", label, error);
    else if (interactions_part (db, &part, s_add, &load, &count, error) == -1)
        command_fail (command, "cannot read the interactions in %s: %s", label, error);
    else if (load.late)
        command_fail (command,
            "%" PRIu64 " of %" PRIu64 " interactions in %s have an item_id outside 0 "
            "to 2^53 - 1 by now",
            load.late, count, label);
    else if (!(data = s_build_end (&load.build, command)))
        command_fail (command,
            "no interactions in %s; run 'sasrec seed' or 'sasrec "
            "import FILE'",
            label);
    free (label);
    progress_destroy (&load.progress);
    dataset_builder_destroy (&load.build.builder);
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
    s_build_add (context, user_id, item_id, kind);
}

static dataset_t *
s_build (const command_t *command, const char *name, timeline_t *rows,
    const events_lists_t *lists)
{
    s_builder_t build = {0};
    s_build_begin (&build, lists);
    size_t read = timeline_count (rows),
           count = timeline_each (rows, s_add_row, &build);
    if (count < read && !command->quiet)
        fprintf (stderr, "%s: %zu of %zu rows are repeated, and count once\n", name,
            read - count, read);
    dataset_t *data = s_build_end (&build, command);
    if (!data)
        command_fail (command, "%s has no interactions", name);
    return data;
}

static dataset_t *
s_read_source (const command_t *command, const char *path, source_t *source,
    const events_lists_t *lists)
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
            data = s_build (command, source_name (source), rows, lists);
    }
    reader_destroy (&reader);
    timeline_destroy (&rows);
    return data;
}

dataset_t *
training_data_read (const command_t *command, const char *path,
    const events_lists_t *lists, int64_t *last_id)
{
    if (!path)
        return s_read_database (command, lists, last_id);
    *last_id = 0;
    char error[160];
    source_t *source = source_open (path, error);
    if (!source) {
        command_fail (command, "%s", error);
        return NULL;
    }
    dataset_t *data = s_read_source (command, path, source, lists);
    source_close (&source);
    return data;
}
