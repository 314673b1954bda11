/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NETWORK_BITS 128
#define V4_BITS      96 /* of the prefix that makes an IPv4 address one of 16 bytes */

typedef struct {
    address_t base;
    size_t bits; /* of base that count */
} network_t;

struct networks {
    network_t *items;
    size_t count;
};

static const unsigned char s_v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool
s_is_v4 (const address_t *self)
{
    return !memcmp (self->bytes, s_v4_prefix, sizeof s_v4_prefix);
}

/* "[2001:db8::7]:443" -> "2001:db8::7"; "192.0.2.7:443" -> "192.0.2.7" */
static void
s_strip_port (const char **text, size_t *length)
{
    const char *colon = memchr (*text, ':', *length);
    if (*length > 0 && **text == '[') {
        const char *end = memchr (*text, ']', *length);
        bool last = end && (end + 1 == *text + *length || end[1] == ':');
        *length = last ? (size_t)(end - *text) - 1 : 0;
        ++*text;
    } else if (colon && !memchr (colon + 1, ':', *length - (size_t)(colon + 1 - *text)))
        *length = (size_t)(colon - *text);
}

static void
s_trim (const char **text, size_t *length)
{
    for (; *length > 0 && strchr (" \t", **text); ++*text)
        --*length;
    while (*length > 0 && strchr (" \t", (*text)[*length - 1]))
        --*length;
}

bool
address_parse (const char *text, size_t length, address_t *self)
{
    char copy[ADDRESS_TEXT_SIZE];
    memset (self, 0, sizeof *self);
    s_trim (&text, &length);
    s_strip_port (&text, &length);
    if (length == 0 || length >= sizeof copy)
        return false;
    memcpy (copy, text, length);
    copy[length] = '\0';
    if (inet_pton (AF_INET, copy, self->bytes + sizeof s_v4_prefix) == 1) {
        memcpy (self->bytes, s_v4_prefix, sizeof s_v4_prefix);
        return true;
    }
    return inet_pton (AF_INET6, copy, self->bytes) == 1;
}

address_t
address_of_socket (const struct sockaddr *socket)
{
    address_t self = {{0}};
    if (socket && socket->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)socket;
        memcpy (self.bytes, s_v4_prefix, sizeof s_v4_prefix);
        memcpy (self.bytes + sizeof s_v4_prefix, &v4->sin_addr, sizeof v4->sin_addr);
    } else if (socket && socket->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 =
            (const struct sockaddr_in6 *)(const void *)socket;
        memcpy (self.bytes, &v6->sin6_addr, sizeof self.bytes);
    }
    return self;
}

bool
address_equal (const address_t *a, const address_t *b)
{
    return !memcmp (a->bytes, b->bytes, sizeof a->bytes);
}

bool
address_is_loopback (const address_t *self)
{
    return s_is_v4 (self)
               ? self->bytes[sizeof s_v4_prefix] == 127
               : !memcmp (self->bytes, &in6addr_loopback, sizeof self->bytes);
}

address_t
address_client (const address_t *self)
{
    address_t client = *self;
    if (!s_is_v4 (self))
        memset (client.bytes + 8, 0, 8);
    return client;
}

bool
address_same_client (const address_t *a, const address_t *b)
{
    if (s_is_v4 (a) || s_is_v4 (b))
        return address_equal (a, b);
    return !memcmp (a->bytes, b->bytes, 8);
}

const char *
address_print (const address_t *self, char text[ADDRESS_TEXT_SIZE])
{
    bool v4 = s_is_v4 (self);
    const void *bytes = v4 ? self->bytes + sizeof s_v4_prefix : self->bytes;
    inet_ntop (v4 ? AF_INET : AF_INET6, bytes, text, ADDRESS_TEXT_SIZE);
    return text;
}

/* "10.0.0.0/8": at text, length bytes. */
static bool
s_parse_network (const char *text, size_t length, network_t *network)
{
    const char *slash = memchr (text, '/', length);
    size_t address_length = slash ? (size_t)(slash - text) : length;
    if (!address_parse (text, address_length, &network->base))
        return false;
    network->bits = NETWORK_BITS;
    if (!slash)
        return true;
    size_t before = s_is_v4 (&network->base) ? V4_BITS : 0;
    char *end;
    unsigned long bits = strtoul (slash + 1, &end, 10);
    if (end == slash + 1 || slash[1] == '-' || bits > NETWORK_BITS - before)
        return false;
    network->bits = before + bits;
    return (size_t)(end - text) + strspn (end, " \t") >= length;
}

networks_t *
networks_new (const char *text, char error[160])
{
    networks_t *self = calloc (1, sizeof *self);
    assert (self);
    while (*(text += strspn (text, ", \t"))) {
        size_t length = strcspn (text, ",");
        self->items = realloc (self->items, (self->count + 1) * sizeof *self->items);
        assert (self->items);
        if (!s_parse_network (text, length, &self->items[self->count])) {
            snprintf (error, 160, "\"%.*s\" is no address or network (10.0.0.0/8)",
                (int)(length < 60 ? length : 60), text);
            networks_destroy (&self);
            return NULL;
        }
        self->count++;
        text += length;
    }
    return self;
}

void
networks_destroy (networks_t **self_p)
{
    networks_t *self = *self_p;
    if (!self)
        return;
    free (self->items);
    free (self);
    *self_p = NULL;
}

static bool
s_network_has (const network_t *self, const address_t *address)
{
    size_t whole = self->bits / 8, rest = self->bits % 8;
    if (memcmp (self->base.bytes, address->bytes, whole) != 0)
        return false;
    unsigned mask = 0xff00u >> rest & 0xff;
    return rest == 0 || ((self->base.bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

bool
networks_have (const networks_t *self, const address_t *address)
{
    for (size_t i = 0; i < self->count; i++)
        if (s_network_has (&self->items[i], address))
            return true;
    return false;
}

address_t
networks_client (
    const networks_t *trusted, const address_t *peer, const char *forwarded_for)
{
    address_t client = *peer;
    size_t left = forwarded_for ? strlen (forwarded_for) : 0;
    while (left > 0 && networks_have (trusted, &client)) {
        size_t start = left;
        while (start > 0 && forwarded_for[start - 1] != ',')
            start--;
        address_t named;
        if (!address_parse (forwarded_for + start, left - start, &named))
            break;
        client = named;
        left = start > 0 ? start - 1 : 0;
    }
    return client;
}
