/* Checkpoints on disk: one immutable safetensors file per version in a folder, and the
 * file "current" that names the version in use. Format, checks and lineage:
 * docs/checkpoint.md. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_CHECKPOINT_H
#define SASREC_MODEL_CHECKPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECKPOINT_VERSION_SIZE 65 /* [0-9A-Za-z._-]{1,64} and NUL, not starting with '.' */
#define CHECKPOINT_PATH_SIZE    512

bool checkpoint_version_valid (const char *version);
int checkpoint_path (const char *folder, const char *version, char path[CHECKPOINT_PATH_SIZE]);

/* "current": one line, the version. 0; 1 when there is none; -1 with error. */
int checkpoint_current (
    const char *folder, char version[CHECKPOINT_VERSION_SIZE], char error[160]);

/* Makes "current" name the version (atomic; the file must exist). */
int checkpoint_publish (const char *folder, const char *version, char error[160]);

/* All versions in the folder, newest first: [{"version","size","created_at", "metrics":
 * {...}, "current":bool}]. Reads headers only. Fresh; an empty array for no folder. */
json_t *checkpoint_list (const char *folder);

#endif
