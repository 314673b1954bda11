/* The files that are built into the program, as HTTP shows them: found by exact name
 * (there is no file system behind it), with type and ETag.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ASSETS_H
#define SASREC_ACTORS_HTTP_ASSETS_H

#include <stddef.h>

typedef struct assets assets_t;

typedef struct {
    const char *name; /* "index.html", "app.js", "openapi.json" */
    const void *bytes;
    size_t length;
    const char *content_type;
    char etag[20]; /* quoted; changes with the content */
} asset_t;

assets_t *assets_new (void);
void assets_destroy (assets_t **self_p);
const asset_t *assets_find (const assets_t *self, const char *name); /* NULL: none */

#endif
