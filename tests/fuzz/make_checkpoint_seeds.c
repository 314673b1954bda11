/* Writes tests/fuzz/corpus/checkpoint: real, small checkpoints in the form that
 * checkpoint_fuzz reads, and one whole file. make-checkpoint-seeds FOLDER.
 * SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/files.h"
#include "model/checkpoint/checkpoint.h"
#include "tests/unit/tiny_model.h"

#define LIMIT ((size_t)1 << 20)

static void
s_put (const char *folder, const char *name, const files_part_t *parts, size_t count)
{
    char path[CHECKPOINT_PATH_SIZE];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen (path, "wb");
    assert (file);
    for (size_t i = 0; i < count; i++)
        fwrite (parts[i].bytes, 1, parts[i].length, file);
    fclose (file);
}

/* Header, NUL, data. */
static void
s_make (const char *folder, const char *name, const sasrec_shape_t *shape)
{
    char scratch[] = "/tmp/sasrec-seeds-XXXXXX", path[CHECKPOINT_PATH_SIZE], error[160];
    char *made = mkdtemp (scratch), *bytes = NULL;
    assert (made);
    size_t length;
    dataset_t *data = tiny_data (50, shape->items); /* enough for a baseline */
    sasrec_weights_t *weights = tiny_weights (shape, 3);
    checkpoint_draft_t draft = {.version = "fuzz", .weights = weights, .data = data};
    int failed = checkpoint_write (scratch, &draft, path, error) ||
                 files_read (path, LIMIT, &bytes, &length, error);
    assert (!failed);
    uint64_t header;
    memcpy (&header, bytes, 8);
    const files_part_t parts[] = {
        {bytes + 8, header}, {"", 1}, {bytes + 8 + header, length - 8 - header}};
    s_put (folder, name, parts, 3);
    remove (path);
    rmdir (scratch);
    free (bytes);
    sasrec_weights_destroy (&weights);
    dataset_destroy (&data);
}

int
main (int argc, char **argv)
{
    assert (argc == 2);
    s_make (argv[1], "pre-norm", &(sasrec_shape_t){4, 4, 1, 1, 2, 1, false, true});
    s_make (argv[1], "post-norm", &(sasrec_shape_t){3, 4, 1, 2, 2, 2, true, false});
    static const char text[] = "{\"__metadata__\":{\"format\":\"sasrec\"}}";
    const uint64_t length = sizeof text - 1;
    s_put (argv[1], "only-metadata", (files_part_t[]){{text, length}, {"", 1}}, 2);
    return 0;
}
