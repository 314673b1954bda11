/* A server: one listener of ulfius with libmicrohttpd's own options. A thread per
 * connection (handlers may wait), poll (select ends at 1,017 connections), limits on
 * connections in all and per address, and a deadline for every phase of a connection.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_SERVER_H
#define SASREC_ACTORS_HTTP_SERVER_H

#include "actors/http/connections.h"
#include "actors/http/context.h"

typedef struct {
    const char *label; /* in metrics and the log: "api", "page", "admin" */
    const char *host;
    int port;
    connections_limits_t limits;
    bool probes_only; /* no other routes */
    bool tls;         /* with the certificate that was loaded (certificate.h) */
} server_options_t;

typedef struct server server_t;

/* Listens and serves. options: the strings are borrowed. NULL with error, which says what
 * to do. */
server_t *server_new (
    http_context_t *context, const server_options_t *options, char error[160]);

/* Stops what still runs and closes all connections. */
void server_destroy (server_t **self_p);

/* New connections are refused from now on; the others live. */
void server_quiesce (server_t *self);

/* Cuts connections that are past a deadline, and tells what was refused. Call it every
 * second or more often. */
void server_sweep (server_t *self);

size_t server_busy (server_t *self); /* requests that are being answered */

#endif
