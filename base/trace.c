/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace.h"

#include <assert.h>
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#include "base/hex.h"

/* Where the parts of a traceparent are in its text. */
enum { AT_TRACE_ID = 3, AT_SPAN_ID = 36, AT_FLAGS = 53, LENGTH = 55 };

static bool
s_any (const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return true;
    return false;
}

bool
trace_exists (const trace_t *self)
{
    return s_any (self->trace_id, sizeof self->trace_id);
}

bool
trace_sampled (const trace_t *self)
{
    return self->flags & TRACE_SAMPLED;
}

/* Upper case is not allowed. */
static bool
s_read_hex (const char *text, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < 2 * count; i++)
        if (isupper ((unsigned char)text[i]))
            return false;
    return hex_read (text, bytes, count);
}

/* Version 0 ends where it ends; what later ones add comes after a dash. */
static bool
s_ends_well (uint8_t version, char end)
{
    return version == 0 ? !end : version != 0xff && (!end || end == '-');
}

int
trace_parse (trace_t *self, const char *text)
{
    trace_t read;
    uint8_t version;
    *self = (trace_t){0};
    if (strnlen (text, LENGTH) < LENGTH || text[AT_TRACE_ID - 1] != '-' ||
        text[AT_SPAN_ID - 1] != '-' || text[AT_FLAGS - 1] != '-' ||
        !s_read_hex (text, &version, 1) || !s_ends_well (version, text[LENGTH]) ||
        !s_read_hex (text + AT_TRACE_ID, read.trace_id, sizeof read.trace_id) ||
        !s_read_hex (text + AT_SPAN_ID, read.span_id, sizeof read.span_id) ||
        !s_read_hex (text + AT_FLAGS, &read.flags, 1) || !trace_exists (&read) ||
        !s_any (read.span_id, sizeof read.span_id))
        return -1;
    read.flags &= TRACE_SAMPLED;
    *self = read;
    return 0;
}

void
trace_print (const trace_t *self, char text[TRACE_TEXT_SIZE])
{
    text[0] = '\0';
    if (!trace_exists (self))
        return;
    memcpy (text, "00-", 3);
    hex_print (self->trace_id, sizeof self->trace_id, text + AT_TRACE_ID);
    text[AT_SPAN_ID - 1] = '-';
    hex_print (self->span_id, sizeof self->span_id, text + AT_SPAN_ID);
    text[AT_FLAGS - 1] = '-';
    hex_print (&self->flags, 1, text + AT_FLAGS);
    text[LENGTH] = '\0';
}

void
trace_print_id (const trace_t *self, char text[TRACE_ID_TEXT_SIZE])
{
    text[0] = '\0';
    if (!trace_exists (self))
        return;
    hex_print (self->trace_id, sizeof self->trace_id, text);
    text[TRACE_ID_TEXT_SIZE - 1] = '\0';
}

/* Up to 256 bytes: all or an error, and there is none. All zero is no id. */
static void
s_make (uint8_t *bytes, size_t count)
{
    do {
        ssize_t got = getrandom (bytes, count, 0);
        assert (got == (ssize_t)count);
        (void)got;
    } while (!s_any (bytes, count));
}

void
trace_make (trace_t *self)
{
    s_make (self->trace_id, sizeof self->trace_id);
    s_make (self->span_id, sizeof self->span_id);
    self->flags = 0;
}

void
trace_make_span (uint8_t span_id[8])
{
    s_make (span_id, 8);
}
