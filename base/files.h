/* Files: whole reads, and writes that are either complete or not there.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_FILES_H
#define SASREC_BASE_FILES_H

#include <stddef.h>

/* Regular files only, at most limit bytes. *bytes is fresh (free it). */
int files_read (
    const char *path, size_t limit, char **bytes, size_t *length, char error[160]);

typedef struct {
    const void *bytes;
    size_t length;
} files_part_t;

/* Writes the parts to "path.tmp.<pid>" in the same folder, fsyncs, renames over path,
 * fsyncs the folder: after -1 the old file (if any) is untouched and no tmp is left. */
int files_replace (
    const char *path, const files_part_t *parts, size_t part_count, char error[160]);

/* mkdir -p. */
int files_make_folder (const char *path, char error[160]);

#endif
