/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/training_data.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/jsonread.h"
#include "base/progress.h"
#include "cli/file_keys.h"
#include "cli/files/reader.h"
#include "cli/files/source.h"
#include "cli/files/timeline.h"
#include "store/conninfo.h"
#include "store/interactions.h"
#include "store/item_names.h"

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

static void
s_name (void *context, int64_t item_id, const char *item_key)
{
    s_load_t *load = context;
    dataset_builder_name (load->build.builder, item_id, item_key);
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
    else if (item_names_each (db, s_name, &load, error) == -1)
        command_fail (command, "%s: %s", label, error);
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

/* READER_END, READER_KEYS, or READER_BROKEN after saying which line is bad. keys: NULL, or
 * those of the rows so far. */
static reader_status_t
s_read_rows (const command_t *command, const source_t *source, reader_t *reader,
    timeline_t *rows, file_keys_t *keys)
{
    char error[160];
    reader_row_t row;
    progress_t *progress =
        progress_new ("read", "lines", source_lines (source), command->quiet);
    reader_status_t status;
    while ((status = reader_next (reader, &row, error)) == READER_ROW) {
        if (keys)
            row.item_id = file_keys_id (keys, row.item_key);
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
    return status == READER_BAD ? READER_BROKEN : status;
}

static void
s_add_row (void *context, const char *user_id, int64_t item_id, const char *kind)
{
    s_build_add (context, user_id, item_id, kind);
}

static void
s_name_all (dataset_builder_t *builder, const file_keys_t *keys)
{
    const item_keys_t *texts = file_keys_texts (keys);
    for (size_t i = 0; i < item_keys_count (texts); i++)
        dataset_builder_name (
            builder, file_keys_ids (keys)[i], item_keys_get (texts, i));
}

static dataset_t *
s_build (const command_t *command, const char *name, timeline_t *rows,
    const file_keys_t *keys, const events_lists_t *lists)
{
    s_builder_t build = {0};
    s_build_begin (&build, lists);
    size_t read = timeline_count (rows),
           count = timeline_each (rows, s_add_row, &build);
    if (keys)
        s_name_all (build.builder, keys);
    if (count < read && !command->quiet)
        fprintf (stderr, "%s: %zu of %zu rows are repeated, and count once\n", name,
            read - count, read);
    dataset_t *data = s_build_end (&build, command);
    if (!data)
        command_fail (command, "%s has no interactions", name);
    return data;
}

/* How a file is read. */
typedef struct {
    layout_t layout;
    const events_lists_t *lists; /* borrowed */
} s_file_t;

/* *again: it has to be read again, its items as keys. */
static dataset_t *
s_read_source (const command_t *command, const char *path, source_t *source,
    const s_file_t *how, bool *again)
{
    char error[160];
    dataset_t *data = NULL;
    timeline_t *rows = timeline_new ();
    reader_t *reader = reader_new (source_file (source), path, &how->layout);
    file_keys_t *keys = NULL;
    if (reader_begin (reader, error) == READER_BROKEN)
        command_fail (command, "%s: %s", source_name (source), error);
    else {
        if (!command->quiet && reader_told (reader))
            fprintf (stderr, "%s: %s\n", source_name (source), reader_told (reader));
        keys = reader_has_keys (reader) ? file_keys_new () : NULL;
        reader_status_t status = s_read_rows (command, source, reader, rows, keys);
        *again = status == READER_KEYS;
        if (status == READER_END)
            data = s_build (command, source_name (source), rows, keys, how->lists);
    }
    file_keys_destroy (&keys);
    reader_destroy (&reader);
    timeline_destroy (&rows);
    return data;
}

static dataset_t *
s_read_file (const command_t *command, const char *path, source_t *source,
    const events_lists_t *lists)
{
    bool again = false;
    s_file_t how = {command->layout, lists};
    dataset_t *data = s_read_source (command, path, source, &how, &again);
    if (!again)
        return data;
    how.layout.items = LAYOUT_ITEMS_KEYS;
    rewind (source_file (source));
    return s_read_source (command, path, source, &how, &again);
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
    dataset_t *data = s_read_file (command, path, source, lists);
    source_close (&source);
    return data;
}
