/* A process of the service, as it tells of itself at its admin port: GET /status, and what
 * /metrics says of Kafka. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_PEER_H
#define SASREC_CLI_PEER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char address[300];   /* "127.0.0.1:8004" */
    bool reached;        /* all below is of one that was */
    char error[160];     /* why it was not */
    json_t *status;      /* what it answered; owned */
    json_t *lags;        /* [{"group","topic","messages"}]; owned */
    double dead_letters; /* put aside since it started */
} peer_t;

/* Asks host and port. Takes at most timeout_ms twice. */
void peer_ask (peer_t *self, const char *host, int64_t port, int64_t timeout_ms);
void peer_clear (peer_t *self);

/* Members of what it answered; "" and 0 for what it did not. Borrowed. */
const char *peer_text (const peer_t *self, const char *key);
int64_t peer_started_ms (const peer_t *self);
bool peer_ready (const peer_t *self, const char **reason);
const json_t *peer_checks (const peer_t *self); /* an array */
const json_t *peer_errors (const peer_t *self); /* an array, the newest first */

#endif
