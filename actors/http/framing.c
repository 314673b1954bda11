/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/framing.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* RFC 9110, 5.6.2: what a name is made of. */
static bool
s_is_token (const char *text, size_t size)
{
    static const char allowed[] =
        "!#$%&'*+-.^_`|~0123456789"
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; i < size; i++)
        if (!text[i] || !strchr (allowed, text[i]))
            return false;
    return size > 0;
}

/* A tab is the only control character a value may have. */
static bool
s_is_value (const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
            return false;
    return true;
}

static bool
s_is (const char *word, const char *text, size_t size)
{
    return strlen (word) == size && !strncasecmp (word, text, size);
}

static void
s_see_length (framing_t *self, const char *value, size_t size)
{
    bool fits = size > 0 && size < sizeof self->length;
    if (!fits || strspn (value, "0123456789") < size)
        self->fault = "Content-Length is not a number.";
    else if (self->lengths++ == 0)
        snprintf (self->length, sizeof self->length, "%.*s", (int)size, value);
    else if (!s_is (self->length, value, size))
        self->fault = "There are two different Content-Length.";
}

void
framing_see (
    framing_t *self, const char *name, size_t name_size, const char *value, size_t size)
{
    if (self->fault)
        return;
    if (!s_is_token (name, name_size))
        self->fault = "The name of a header has a blank or another character that is "
                      "not allowed there.";
    else if (!s_is_value (value, size))
        self->fault = "The value of a header has a control character.";
    else if (s_is ("Host", name, name_size))
        self->hosts++;
    else if (s_is ("Content-Length", name, name_size))
        s_see_length (self, value, size);
    else if (s_is ("traceparent", name, name_size))
        self->traces++;
    else if (s_is ("Authorization", name, name_size))
        self->credentials++;
    else if (s_is ("Idempotency-Key", name, name_size))
        self->keys++;
    else if (s_is ("Transfer-Encoding", name, name_size)) {
        self->codings++;
        if (!s_is ("chunked", value, size))
            self->fault = "Transfer-Encoding may only be chunked.";
    }
}

const char *
framing_fault (const framing_t *self, const char *protocol)
{
    bool old = strcmp (protocol, "HTTP/1.1") < 0;
    if (self->fault)
        return self->fault;
    if (self->codings > 0 && self->lengths > 0)
        return "There is both a Content-Length and a Transfer-Encoding.";
    if (self->codings > 1)
        return "There are two Transfer-Encoding.";
    if (self->codings > 0 && old)
        return "HTTP/1.0 knows no Transfer-Encoding.";
    if (self->hosts > 1)
        return "There are two Host.";
    if (self->credentials > 1)
        return "There are two Authorization.";
    if (self->keys > 1)
        return "There are two Idempotency-Key.";
    if (self->hosts == 0 && !old)
        return "There is no Host.";
    return NULL;
}
