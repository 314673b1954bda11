/* What RFC 9112 forbids in the head of a request and libmicrohttpd 0.9.75 lets through.
 * A proxy in front of us that reads such a head otherwise than we do can be made to see
 * other requests than we see; so it is refused, whatever it meant. Pure: the server shows
 * every header in turn and asks for the verdict. (A line that is nothing but a value,
 * ": x", ends the head for libmicrohttpd; that cannot be seen from here. Proxies drop or
 * refuse it. So it is with what stands behind a NUL in a line.)
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_FRAMING_H
#define SASREC_ACTORS_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char *fault; /* a constant sentence, or NULL */
    size_t hosts;      /* how often each was seen */
    size_t lengths;
    size_t codings;
    size_t traces;      /* of traceparent: two name none */
    size_t credentials; /* of Authorization */
    size_t keys;        /* of Idempotency-Key */
    char length[24];    /* the first Content-Length */
} framing_t;

/* value may be NULL. Start from all zeroes. */
void framing_see (framing_t *self, const char *name, size_t name_size,
    const char *value, size_t size);

/* protocol: "HTTP/1.1". NULL: nothing is wrong with the head; else what is, constant. */
const char *framing_fault (const framing_t *self, const char *protocol);

#endif
