/* The records of a file as objects: of csv with a header an object of texts by the header's
 * names, of jsonl what each line is. Knows no meaning of a name.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_OBJECTS_H
#define SASREC_CLI_FILES_OBJECTS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/files/layout.h"

typedef struct objects objects_t;

typedef enum {
    OBJECTS_ROW,
    OBJECTS_BAD, /* this record is none: error says why; go on */
    OBJECTS_END,
    OBJECTS_BROKEN /* nothing can be read: error says why */
} objects_status_t;

/* file stays the caller's; path is only looked at for what its end says. Of the layout the
 * format (csv or jsonl) and the delimiter count; copied. */
objects_t *objects_new (FILE *file, const char *path, const layout_t *layout);
void objects_destroy (objects_t **self_p);

/* *object is fresh. */
objects_status_t objects_next (objects_t *self, json_t **object, char error[160]);

uint64_t objects_line (const objects_t *self); /* where the last one began, from 1 */

#endif
