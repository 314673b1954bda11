/* The receiver of spans, by OTLP over HTTP: one connection of libcurl, kept open. Nothing
 * here waits for longer than it was told, or once a command is on the actor's pipe.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_OTLP_H
#define SASREC_ACTORS_OTLP_H

#include <czmq.h>

#include "base/strbuf.h"

typedef struct otlp otlp_t;

typedef enum {
    OTLP_TAKEN,
    OTLP_LATER,      /* not there, too slow, or says so: the same again later */
    OTLP_REFUSED,    /* it will not take this */
    OTLP_INTERRUPTED /* there is a command */
} otlp_outcome_t;

/* endpoint: "http://host:4318", as OTEL_EXPORTER_OTLP_ENDPOINT; headers: "name=value,...",
 * values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS. NULL with error, which names the
 * variable and holds nothing of the headers. */
otlp_t *otlp_new (const char *endpoint, const char *headers, char error[160]);
void otlp_destroy (otlp_t **self_p);

const char *otlp_host (const otlp_t *self); /* for the log */

/* JSON to /v1/traces. pipe: the actor's; NULL: not looked at. reason: a sentence, when it
 * was not taken. */
otlp_outcome_t otlp_post (otlp_t *self, const strbuf_t *json, long timeout_ms,
    zsock_t *pipe, char reason[160]);

#endif
