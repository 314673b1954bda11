/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/training_data.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/progress.h"
#include "store/conninfo.h"
#include "store/interactions.h"

typedef struct {
    dataset_builder_t *builder; /* owned */
    progress_t *progress;       /* owned */
    uint64_t rows;
} s_load_t;

static void
s_add (void *context, const char *user_id, int64_t item_id, int64_t created_at_us)
{
    (void)created_at_us;
    s_load_t *load = context;
    dataset_builder_add (load->builder, user_id, item_id);
    if (++load->rows % 4096 == 0)
        progress_update (load->progress, load->rows, NULL);
}

static dataset_t *
s_read_database (const command_t *command)
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
    if (interactions_each (db, s_add, &load, &count, error) == -1)
        command_fail (command, "cannot read the interactions in %s: %s", label, error);
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

dataset_t *
training_data_read (const command_t *command, const char *path)
{
    if (!path)
        return s_read_database (command);
    char error[160];
    dataset_t *data = dataset_read_pairs (path, error);
    if (!data)
        command_fail (command, "%s", error);
    return data;
}
