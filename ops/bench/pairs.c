/* SPDX-License-Identifier: Apache-2.0 */
#include "pairs.h"

#include <stdio.h>

#include "cli/files/reader.h"
#include "cli/files/source.h"

static reader_status_t
s_read_rows (reader_t *reader, dataset_builder_t *builder, char error[160])
{
    reader_row_t row;
    reader_status_t status;
    while ((status = reader_next (reader, &row, error)) == READER_ROW)
        dataset_builder_add (builder, row.user_id, row.item_id);
    return status;
}

dataset_t *
pairs_read (const char *path, char error[160])
{
    static const layout_t any;
    source_t *source = source_open (path, error);
    if (!source)
        return NULL;
    snprintf (error, 160, "no interactions");
    reader_t *reader = reader_new (source_file (source), path, &any);
    dataset_builder_t *builder = dataset_builder_new ();
    dataset_t *data = s_read_rows (reader, builder, error) == READER_END
                          ? dataset_builder_finish (builder)
                          : NULL;
    dataset_builder_destroy (&builder);
    reader_destroy (&reader);
    source_close (&source);
    return data;
}
