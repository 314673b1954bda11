/* Small real checkpoints in a folder of their own, for tests of actors.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_TINY_CHECKPOINT_H
#define SASREC_TESTS_TINY_CHECKPOINT_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/load.h"
#include "model/serve/model.h"
#include "tests/unit/tiny_model.h"

#define TINY_ITEMS 40 /* ids 10, 20 ... 400 */

typedef struct {
    char path[64];
} tiny_folder_t;

static inline tiny_folder_t
tiny_folder_new (void)
{
    tiny_folder_t folder = {"/tmp/sasrec-actors-XXXXXX"};
    char *path = mkdtemp (folder.path);
    assert (path);
    (void)path;
    return folder;
}

static inline void
tiny_folder_remove (const tiny_folder_t *folder)
{
    char command[96];
    snprintf (command, sizeof command, "rm -rf '%s'", folder->path);
    int rc = system (command);
    assert (rc == 0);
    (void)rc;
}

/* Writes a version; width tells shapes apart. */
static inline void
tiny_write (const tiny_folder_t *folder, const char *version, size_t width)
{
    char error[160] = "";
    dataset_t *data = tiny_data (60, TINY_ITEMS);
    sasrec_shape_t shape = {.items = data->item_count,
        .width = width,
        .blocks = 1,
        .heads = 2,
        .window = 8,
        .ffn_factor = 2};
    sasrec_weights_t *weights = tiny_weights (&shape, 3);
    checkpoint_draft_t draft = {.version = version, .weights = weights, .data = data};
    if (checkpoint_write (folder->path, &draft, NULL, error)) {
        fprintf (stderr, "tiny_write: %s\n", error);
        abort ();
    }
    sasrec_weights_destroy (&weights);
    dataset_destroy (&data);
}

static inline void
tiny_publish (const tiny_folder_t *folder, const char *version)
{
    char error[160] = "";
    if (checkpoint_publish (folder->path, version, error)) {
        fprintf (stderr, "tiny_publish: %s\n", error);
        abort ();
    }
}

/* Damages the file of a version where only its hash tells. */
static inline void
tiny_damage (const tiny_folder_t *folder, const char *version)
{
    char path[CHECKPOINT_PATH_SIZE];
    checkpoint_path (folder->path, version, path);
    FILE *file = fopen (path, "r+b");
    assert (file);
    fseek (file, -200, SEEK_END);
    int byte = fgetc (file);
    fseek (file, -200, SEEK_END);
    fputc (byte ^ 1, file);
    fclose (file);
}

static inline model_t *
tiny_load (const tiny_folder_t *folder, const char *version)
{
    char path[CHECKPOINT_PATH_SIZE], error[160] = "";
    checkpoint_path (folder->path, version, path);
    model_t *model = load_model (path, error);
    if (!model) {
        fprintf (stderr, "tiny_load: %s\n", error);
        abort ();
    }
    return model;
}

#endif
