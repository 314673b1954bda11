/* Compressed files. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/packed.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { S_BLOCK = 65536, S_ANY_WRAPPER = 32 + MAX_WBITS };

typedef struct {
    FILE *file;           /* owned */
    ZSTD_DStream *zstd;   /* owned; NULL: gzip */
    z_stream gzip;        /* when zstd is NULL */
    unsigned char *block; /* owned, S_BLOCK; compressed bytes */
    size_t length, at;    /* of block: filled, taken */
    bool inside;          /* a frame has begun and not ended */
} s_packed_t;

const char *
packed_kind (FILE *file)
{
    unsigned char bytes[4] = {0};
    size_t length = fread (bytes, 1, sizeof bytes, file);
    rewind (file);
    if (length == 4 && memcmp (bytes, "\x28\xb5\x2f\xfd", 4) == 0)
        return "zstd";
    return length >= 2 && memcmp (bytes, "\x1f\x8b", 2) == 0 ? "gzip" : NULL;
}

/* Bytes written to buffer, which may be none; -1: damaged. Moves self->at. */
static ssize_t
s_unzip (s_packed_t *self, char *buffer, size_t size)
{
    z_stream *gzip = &self->gzip;
    if (!self->inside && inflateReset (gzip) != Z_OK)
        return -1;
    gzip->next_in = self->block + self->at;
    gzip->avail_in = (uInt)(self->length - self->at);
    gzip->next_out = (Bytef *)buffer;
    gzip->avail_out = (uInt)size;
    int rc = inflate (gzip, Z_NO_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return -1;
    self->at = self->length - gzip->avail_in;
    self->inside = rc != Z_STREAM_END;
    return (ssize_t)(size - gzip->avail_out);
}

static ssize_t
s_unzstd (s_packed_t *self, char *buffer, size_t size)
{
    ZSTD_inBuffer in = {self->block, self->length, self->at};
    ZSTD_outBuffer out = {buffer, size, 0};
    size_t rc = ZSTD_decompressStream (self->zstd, &out, &in);
    if (ZSTD_isError (rc))
        return -1;
    self->at = in.pos;
    self->inside = rc != 0;
    return (ssize_t)out.pos;
}

/* True while there is something to unpack. */
static bool
s_fill (s_packed_t *self)
{
    if (self->at == self->length) {
        self->at = 0;
        self->length = fread (self->block, 1, S_BLOCK, self->file);
    }
    return self->length > 0;
}

static ssize_t
s_read (void *cookie, char *buffer, size_t size)
{
    s_packed_t *self = cookie;
    size = size < 1 << 30 ? size : 1 << 30;
    for (;;) {
        bool more = s_fill (self);
        if (!more && !self->inside)
            return 0;
        ssize_t length =
            self->zstd ? s_unzstd (self, buffer, size) : s_unzip (self, buffer, size);
        if (length > 0)
            return length;
        if (length < 0 || (!more && self->inside)) {
            errno = EBADMSG;
            return -1;
        }
    }
}

static int
s_seek (void *cookie, off64_t *offset, int whence)
{
    s_packed_t *self = cookie;
    if (whence != SEEK_SET || *offset != 0)
        return -1;
    rewind (self->file);
    self->at = self->length = 0;
    self->inside = false;
    if (self->zstd)
        ZSTD_initDStream (self->zstd);
    return 0;
}

static int
s_close (void *cookie)
{
    s_packed_t *self = cookie;
    int rc = fclose (self->file);
    if (self->zstd)
        ZSTD_freeDStream (self->zstd);
    else
        inflateEnd (&self->gzip);
    free (self->block);
    free (self);
    return rc;
}

FILE *
packed_open (FILE *file, const char *kind)
{
    s_packed_t *self = calloc (1, sizeof *self);
    assert (self);
    self->file = file;
    self->block = malloc (S_BLOCK);
    bool ready = self->block != NULL;
    if (strcmp (kind, "zstd") == 0)
        ready = (self->zstd = ZSTD_createDStream ()) != NULL && ready;
    else
        ready = inflateInit2 (&self->gzip, S_ANY_WRAPPER) == Z_OK && ready;
    assert (ready);
    cookie_io_functions_t functions = {
        .read = s_read, .seek = s_seek, .close = s_close};
    FILE *stream = fopencookie (self, "rb", functions);
    assert (stream);
    return stream;
}
