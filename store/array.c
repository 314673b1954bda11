/* A PostgreSQL array in its binary form: dimensions, has-nulls, type, then for the one
 * dimension its size and lower bound, then each element's length (-1: NULL) and bytes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/array.h"

#include <endian.h>
#include <string.h>

#define COUNT_OFFSET 12

void
array_put_be32 (strbuf_t *out, uint32_t value)
{
    uint32_t wire = htobe32 (value);
    strbuf_add_bytes (out, &wire, sizeof wire);
}

void
array_put_be64 (strbuf_t *out, uint64_t value)
{
    uint64_t wire = htobe64 (value);
    strbuf_add_bytes (out, &wire, sizeof wire);
}

int64_t
array_get_be64 (const char *bytes)
{
    uint64_t wire;
    memcpy (&wire, bytes, sizeof wire);
    return (int64_t)be64toh (wire);
}

void
array_start (array_t *self, uint32_t type)
{
    strbuf_clear (&self->bytes);
    self->count = 0;
    array_put_be32 (&self->bytes, 1);
    array_put_be32 (&self->bytes, 1);
    array_put_be32 (&self->bytes, type);
    array_put_be32 (&self->bytes, 0);
    array_put_be32 (&self->bytes, 1);
}

void
array_free (array_t *self)
{
    strbuf_free (&self->bytes);
}

void
array_add_text (array_t *self, const char *text)
{
    self->count++;
    if (!text) {
        array_put_be32 (&self->bytes, UINT32_MAX);
        return;
    }
    size_t length = strlen (text);
    array_put_be32 (&self->bytes, (uint32_t)length);
    strbuf_add_bytes (&self->bytes, text, length);
}

void
array_add_int (array_t *self, int64_t value)
{
    self->count++;
    array_put_be32 (&self->bytes, sizeof value);
    array_put_be64 (&self->bytes, (uint64_t)value);
}

db_param_t
array_param (array_t *self)
{
    uint32_t wire = htobe32 (self->count);
    memcpy (self->bytes.data + COUNT_OFFSET, &wire, sizeof wire);
    return (db_param_t){self->bytes.data, (int)self->bytes.length, true};
}
