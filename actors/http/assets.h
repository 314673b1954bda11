/* The files that are built into the program, as HTTP shows them: found by exact name
 * (there is no file system behind it), with type and ETag, each in the forms the build
 * made of it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ASSETS_H
#define SASREC_ACTORS_HTTP_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct assets assets_t;

typedef enum { ASSET_PLAIN, ASSET_GZIP, ASSET_BROTLI, ASSET_FORM_COUNT } asset_form_t;

typedef struct {
    const void *bytes; /* NULL: the file has no such form */
    size_t length;
    const char *coding; /* for Content-Encoding; NULL: none */
    char etag[20]; /* quoted; changes with the content, differs between the forms */
} asset_body_t;

typedef struct {
    const char *name; /* "index.html", "app-0123456789ab.js", "openapi.json" */
    const char *content_type;
    bool lasting; /* the name has a hash: what it stands for never changes */
    asset_body_t bodies[ASSET_FORM_COUNT];
} asset_t;

assets_t *assets_new (void);
void assets_destroy (assets_t **self_p);
const asset_t *assets_find (const assets_t *self, const char *name); /* NULL: none */

/* The smallest body that who sent this Accept-Encoding can read; NULL: no such header.
 * The plain one when it accepts nothing we have. */
const asset_body_t *asset_body (const asset_t *self, const char *accept_encoding);

#endif
