/* A file that is read twice: once for what it is (its SHA-256 and number of lines),
 * then for its content. gzip and zstd are taken off: what is inside is the file. A pipe
 * is copied to a temporary file first.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_SOURCE_H
#define SASREC_CLI_FILES_SOURCE_H

#include <stdint.h>
#include <stdio.h>

typedef struct source source_t;

/* path "-": standard input. NULL with error. */
source_t *source_open (const char *path, char error[160]);
void source_close (source_t **self_p);

const char *source_name (const source_t *self);   /* the path, or "standard input" */
const char *source_digest (const source_t *self); /* 64 hexadecimal digits */
uint64_t source_lines (const source_t *self);
const char *source_packed (const source_t *self); /* "gzip", "zstd", or NULL */
FILE *source_file (source_t *self); /* at its beginning after opening; the source's */

#endif
