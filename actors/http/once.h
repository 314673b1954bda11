/* "Idempotency-Key": who does not know whether a request arrived sends it again, and it is
 * made once. The key is the client's, for a day at least, for this route and API key; with it
 * comes a fingerprint of the body. What is in work under a key is known here, what is done is
 * known by its row. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ONCE_H
#define SASREC_ACTORS_HTTP_ONCE_H

#include <stdbool.h>

#include "base/fingerprint.h"

typedef struct http_context http_context_t;
typedef struct exchange exchange_t;

/* Of an exchange. */
typedef struct once {
    char id[UUID_TEXT_SIZE]; /* of the key; "": there is none */
    char fingerprint[FINGERPRINT_SIZE];
    struct once *next; /* in work */
} once_t;

/* The requests that are in work. Safe from any thread. */
typedef struct once_set once_set_t;

once_set_t *once_set_new (void);
void once_set_destroy (once_set_t **self_p);

/* False: one of this id is in work; else it is, until it leaves. Linked, not copied. */
bool once_set_enter (once_set_t *self, once_t *once);
void once_set_leave (once_set_t *self, once_t *once);

/* For routes that have it: fills once of the exchange and enters it. False: the problem has
 * been replied. Every exchange needs the end, too. */
bool once_begin_exchange (http_context_t *context, exchange_t *exchange);
void once_end_exchange (http_context_t *context, exchange_t *exchange);

/* Replies that the key has been used with another body. */
void once_refuse (exchange_t *exchange);

#endif
