/* The address of a client: IPv4 or IPv6, from a socket or from a header that a proxy
 * wrote; and lists of networks, which say whose headers are believed. Plain values.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ADDRESS_H
#define SASREC_ACTORS_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

#define ADDRESS_TEXT_SIZE 46 /* room for the longest */

typedef struct {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d; all zero: none */
} address_t;

/* "192.0.2.7", "2001:db8::7", "[2001:db8::7]"; the forms with a port also match. Blanks
 * around it are skipped. False: it is no address, *self is none. */
bool address_parse (const char *text, size_t length, address_t *self);

/* Of a local or remote end; none for other families. */
address_t address_of_socket (const struct sockaddr *socket);

bool address_equal (const address_t *a, const address_t *b);
bool address_is_loopback (const address_t *self); /* 127.0.0.0/8, ::1 */

/* Limits hold per client: an IPv4 address, or the /64 an IPv6 one chooses its own in. */
bool address_same_client (const address_t *a, const address_t *b);
address_t address_client (const address_t *self); /* the first address of the client */

const char *address_print (const address_t *self, char text[ADDRESS_TEXT_SIZE]);

typedef struct networks networks_t;

/* "10.0.0.0/8, 192.0.2.1, 2001:db8::/32"; "" is the empty list. NULL with error, which
 * names the part that is no network. */
networks_t *networks_new (const char *text, char error[160]);
void networks_destroy (networks_t **self_p);
bool networks_have (const networks_t *self, const address_t *address);

/* Who asks, by "X-Forwarded-For: client, proxy, proxy": each proxy adds whom it heard, so
 * that the list is read from its end for as long as it names trusted proxies. What a
 * client wrote in front of that is not believed. peer: who the connection is from. */
address_t networks_client (
    const networks_t *trusted, const address_t *peer, const char *forwarded_for);

#endif
