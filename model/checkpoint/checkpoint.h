/* Checkpoints on disk: one immutable safetensors file per version in a folder, and the
 * file "current" that names the version in use. Format, checks and lineage:
 * docs/checkpoint.md. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_CHECKPOINT_H
#define SASREC_MODEL_CHECKPOINT_CHECKPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/data/dataset.h"
#include "model/drift/baseline.h"
#include "model/net/sasrec.h"
#include "model/serve/model.h"

/* [0-9A-Za-z._-]{1,64} and NUL, not starting with '.' */
#define CHECKPOINT_VERSION_SIZE MODEL_VERSION_SIZE
#define CHECKPOINT_PATH_SIZE    512

bool checkpoint_version_valid (const char *version);
int checkpoint_path (
    const char *folder, const char *version, char path[CHECKPOINT_PATH_SIZE]);

/* "current": one line, the version. 0; 1 when there is none; -1 with error. */
int checkpoint_current (
    const char *folder, char version[CHECKPOINT_VERSION_SIZE], char error[160]);

/* Makes "current" name the version (atomic; the file must exist). */
int checkpoint_publish (const char *folder, const char *version, char error[160]);

/* All versions in the folder, newest first: [{"version","size","created_at", "metrics":
 * {...}, "current":bool}]. Reads headers only; a file without a readable header has
 * "error" too. Fresh; an empty array for no folder. */
json_t *checkpoint_list (const char *folder);

/* What a trainer hands over. All borrowed. */
typedef struct {
    const char *version;             /* checkpoint_version_valid */
    const sasrec_weights_t *weights; /* items = data->item_count */
    const dataset_t *data;  /* item ids, keys and counts; histories for the samples */
    const json_t *training; /* an object: "metrics" (shown by checkpoint_list),
                                        "options", "lineage", ...; may be NULL */
    size_t
        sample_users; /* of the reference histograms at most; 0: as many as are good */
} checkpoint_draft_t;

/* Writes folder/<version>.safetensors (folder is made) with reference histograms, canary
 * and hashes, complete or not at all; path may be NULL. An existing version is refused.
 * -1 with error. Does not touch "current". */
int checkpoint_write (const char *folder, const checkpoint_draft_t *draft,
    char path[CHECKPOINT_PATH_SIZE], char error[160]);

/* A file that passed every check but the canary (load_model runs that one). */
typedef struct {
    char version[CHECKPOINT_VERSION_SIZE];
    sasrec_weights_t *weights;
    int64_t *item_ids;      /* V */
    idmap_t *indexes;       /* V: of these */
    int64_t *item_counts;   /* V, descending, at least 1 */
    item_keys_t *item_keys; /* V; NULL: no item has a key */
    json_t *metadata;       /* __metadata__, its JSON texts parsed */
    baseline_t baseline;    /* of its "reference" */
    struct proof *proof;    /* NULL: it is proved */
} checkpoint_t;

/* NULL with error, which says what is wrong with the file. */
checkpoint_t *checkpoint_read (const char *path, char error[160]);
/* The same before the hash of its tensors is known, which is computed beside whatever is made
 * of it. Nobody may be given what that is before checkpoint_prove, and the weights stay as
 * long, whoever has taken them. */
checkpoint_t *checkpoint_read_unproved (const char *path, char error[160]);
/* 0; -1 with error: the file is damaged. */
int checkpoint_prove (checkpoint_t *self, char error[160]);
void checkpoint_destroy (checkpoint_t **self_p);

/* Upper bounds of the buckets of history lengths (the last one is open), the same in the
 * file and in the metric that is compared with it. */
extern const double checkpoint_history_bounds[];
extern const size_t checkpoint_history_bound_count;

#endif
