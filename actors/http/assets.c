/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/assets.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "base/hash.h"

struct assets {
    asset_t *rows;
    size_t count;
};

static const char *
s_content_type (const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *extension = strrchr (name, '.');
    for (size_t i = 0; extension && i < sizeof types / sizeof types[0]; i++)
        if (!strcmp (extension, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

static void
s_add (assets_t *self, const embed_file_t *file)
{
    asset_t *asset = &self->rows[self->count++];
    asset->name = file->name;
    asset->bytes = file->bytes;
    asset->length = (size_t)(file->end - file->bytes);
    asset->content_type = s_content_type (file->name);
    snprintf (asset->etag, sizeof asset->etag, "\"%016" PRIx64 "\"",
        hash_bytes (HASH_START, file->bytes, asset->length));
}

assets_t *
assets_new (void)
{
    assets_t *self = calloc (1, sizeof *self);
    assert (self);
    self->rows = calloc (embed_ui_count + embed_openapi_count, sizeof *self->rows);
    assert (self->rows);
    for (size_t i = 0; i < embed_ui_count; i++)
        s_add (self, &embed_ui[i]);
    for (size_t i = 0; i < embed_openapi_count; i++)
        s_add (self, &embed_openapi[i]);
    return self;
}

void
assets_destroy (assets_t **self_p)
{
    if (!*self_p)
        return;
    free ((*self_p)->rows);
    free (*self_p);
    *self_p = NULL;
}

const asset_t *
assets_find (const assets_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (!strcmp (self->rows[i].name, name))
            return &self->rows[i];
    return NULL;
}
