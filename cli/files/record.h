/* The lines of a file, or its CSV records, which may span lines.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_RECORD_H
#define SASREC_CLI_FILES_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define RECORD_LIMIT 65536 /* bytes, with the NUL behind it */

typedef struct {
    FILE *file;              /* borrowed */
    uint64_t line;           /* where text begins, from 1 */
    uint64_t next_line;      /* the line after it, from 0 */
    size_t length;           /* of text, without line end and byte order mark */
    bool too_long;           /* it went past the limit; its rest was skipped */
    char text[RECORD_LIMIT]; /* ended by a NUL */
} record_t;

record_t *record_new (FILE *file);
void record_destroy (record_t **self_p);

/* The next one that is not blank. delimiter: NULL, or the character before a field, in
 * whose quotes a line end belongs to the record. False at the end of the file, or when
 * it can not be read (ferror). */
bool record_next (record_t *self, const char *delimiter);

#endif
