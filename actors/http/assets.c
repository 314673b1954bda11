/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/assets.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/embed.h"
#include "base/hash.h"

#define HASH_LENGTH 12 /* ui/build.mjs puts as many hexadecimal digits into a name */
#define OWS         " \t"

struct assets {
    asset_t *rows;
    size_t count;
};

static const struct {
    const char *suffix; /* of the embedded file */
    const char *coding;
} s_forms[ASSET_FORM_COUNT] = {
    [ASSET_PLAIN] = {"", NULL},
    [ASSET_GZIP] = {".gz", "gzip"},
    [ASSET_BROTLI] = {".br", "br"},
};

static const char *
s_content_type (const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *extension = strrchr (name, '.');
    for (size_t i = 0; extension && i < sizeof types / sizeof types[0]; i++)
        if (!strcmp (extension, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

static bool
s_has_hash (const char *name)
{
    const char *dash = strrchr (name, '-');
    return dash && strspn (dash + 1, "0123456789abcdef") == HASH_LENGTH &&
           dash[1 + HASH_LENGTH] == '.';
}

static void
s_set_body (asset_body_t *body, const embed_file_t *file, const char *coding)
{
    body->bytes = file->bytes;
    body->length = (size_t)(file->end - file->bytes);
    body->coding = coding;
    snprintf (body->etag, sizeof body->etag, "\"%016" PRIx64 "\"",
        hash_bytes (HASH_START, file->bytes, body->length));
}

/* The files are in order of their names: the plain form comes before the others. */
static void
s_add (assets_t *self, const embed_file_t *file)
{
    asset_t *last = self->count > 0 ? &self->rows[self->count - 1] : NULL;
    size_t length = last ? strlen (last->name) : 0;
    bool same = last && !strncmp (file->name, last->name, length);
    for (size_t form = ASSET_PLAIN + 1; same && form < ASSET_FORM_COUNT; form++)
        if (!strcmp (file->name + length, s_forms[form].suffix)) {
            s_set_body (&last->bodies[form], file, s_forms[form].coding);
            return;
        }
    asset_t *asset = &self->rows[self->count++];
    asset->name = file->name;
    asset->content_type = s_content_type (file->name);
    asset->lasting = s_has_hash (file->name);
    s_set_body (&asset->bodies[ASSET_PLAIN], file, NULL);
}

assets_t *
assets_new (void)
{
    assets_t *self = calloc (1, sizeof *self);
    assert (self);
    self->rows = calloc (embed_ui_count, sizeof *self->rows);
    assert (self->rows);
    for (size_t i = 0; i < embed_ui_count; i++)
        s_add (self, &embed_ui[i]);
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

/* ";q=0" and "; q=0.000" refuse; every other weight accepts. */
static bool
s_refused (const char *weight, size_t length)
{
    const char *q = memchr (weight, '=', length);
    return q && strspn (q + 1, "0.") == (size_t)(weight + length - q - 1);
}

/* RFC 9110, 12.5.3: a coding's own entry counts, else the one of "*". */
static bool
s_accepts (const char *header, const char *coding)
{
    bool any = false;
    for (const char *entry = header; *entry; entry += *entry == ',') {
        entry += strspn (entry, OWS);
        size_t length = strcspn (entry, ",");
        size_t name = strcspn (entry, ",;" OWS);
        while (length > name && strchr (OWS, entry[length - 1]))
            length--;
        bool accepted = !s_refused (entry + name, length - name);
        if (name == strlen (coding) && !strncasecmp (entry, coding, name))
            return accepted;
        if (name == 1 && *entry == '*')
            any = accepted;
        entry += strcspn (entry, ",");
    }
    return any;
}

const asset_body_t *
asset_body (const asset_t *self, const char *accept_encoding)
{
    const asset_body_t *best = &self->bodies[ASSET_PLAIN];
    for (size_t form = 0; accept_encoding && form < ASSET_FORM_COUNT; form++) {
        const asset_body_t *body = &self->bodies[form];
        if (body->bytes && body->coding && body->length < best->length &&
            s_accepts (accept_encoding, body->coding))
            best = body;
    }
    return best;
}
