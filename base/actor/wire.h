/* Pointers through inproc sockets: the one way messages travel between actors. A message
 * has one owner; sending gives it away. With each travels its tag, the name of its type:
 * a pipe that is wired to the wrong actor ends the process where it is noticed, instead
 * of reading one struct as another. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_ACTOR_WIRE_H
#define SASREC_BASE_ACTOR_WIRE_H

#include <czmq.h>

/* 0, or -1 when the peer is full or not there: the pointer stays the caller's. tag: a
 * constant, "request_t". */
int wire_send (zsock_t *socket, const char *tag, void *pointer);

/* The next pointer, or NULL when none waits. Never blocks. Asserts that it came with this
 * tag. */
void *wire_recv (zsock_t *socket, const char *tag);

/* A socket for pointers: PUSH connects or PULL binds to endpoint, with room for limit
 * messages in all (both sides name the same limit) and no linger. The endpoint is a full
 * "inproc://name". Pull returns NULL when the name is taken. */
zsock_t *wire_push_new (const char *endpoint, int limit);
zsock_t *wire_pull_new (const char *endpoint, int limit);

/* Closes. A PULL socket must have been emptied (what waits has owners), and gives its
 * name free first: inproc names outlive their socket otherwise. */
void wire_destroy (zsock_t **socket_p);

#endif
