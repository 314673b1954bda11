/* SPDX-License-Identifier: Apache-2.0 */
#include "base/actor/wire.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* The packaged libzmq is not instrumented: ThreadSanitizer does not see that what the
 * sender wrote is before what the receiver reads, so we tell it. It then finds real races
 * instead of calling each message one. */
#ifdef __SANITIZE_THREAD__
void __tsan_release (void *address);
void __tsan_acquire (void *address);
#define s_hand_over(pointer) __tsan_release (pointer)
#define s_take_over(pointer) __tsan_acquire (pointer)
#else
#define s_hand_over(pointer) ((void)(pointer))
#define s_take_over(pointer) ((void)(pointer))
#endif

typedef struct {
    void *pointer;
    const char *tag;
} frame_t;

int
wire_send (zsock_t *socket, const char *tag, void *pointer)
{
    assert (pointer && tag);
    const frame_t frame = {pointer, tag};
    int sent;
    s_hand_over (pointer);
    do {
        sent = zmq_send (zsock_resolve (socket), &frame, sizeof frame, ZMQ_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

void *
wire_recv (zsock_t *socket, const char *tag)
{
    frame_t frame;
    int size;
    do {
        size = zmq_recv (zsock_resolve (socket), &frame, sizeof frame, ZMQ_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    if (size < 0)
        return NULL;
    assert (size == (int)sizeof frame && strcmp (frame.tag, tag) == 0);
    s_take_over (frame.pointer);
    return frame.pointer;
}

/* An inproc pipe holds the sender's mark plus the receiver's: each side brings half. */
static int
s_half (int limit)
{
    assert (limit > 0);
    return limit > 1 ? limit / 2 : 1;
}

zsock_t *
wire_push_new (const char *endpoint, int limit)
{
    zsock_t *socket = zsock_new (ZMQ_PUSH);
    assert (socket);
    zsock_set_sndhwm (socket, s_half (limit));
    zsock_set_linger (socket, 0);
    int rc = zsock_connect (socket, "%s", endpoint);
    assert (rc == 0);
    return socket;
}

zsock_t *
wire_pull_new (const char *endpoint, int limit)
{
    zsock_t *socket = zsock_new (ZMQ_PULL);
    assert (socket);
    zsock_set_rcvhwm (socket, s_half (limit));
    zsock_set_linger (socket, 0);
    if (zsock_bind (socket, "%s", endpoint) < 0)
        zsock_destroy (&socket);
    return socket;
}

void
wire_destroy (zsock_t **socket_p)
{
    zsock_t *socket = *socket_p;
    if (socket && zsock_type (socket) == ZMQ_PULL) {
        assert (!(zsock_events (socket) & ZMQ_POLLIN));
        zsock_unbind (socket, "%s", zsock_endpoint (socket));
    }
    zsock_destroy (socket_p);
}
