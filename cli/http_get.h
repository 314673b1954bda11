/* One GET, as probes need it: no TLS, no redirects, no proxy, a time limit for all of it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_HTTP_GET_H
#define SASREC_CLI_HTTP_GET_H

#include <stdint.h>

/* The status (200, 503, ...) that http://HOST:PORT/PATH answers within the time, and in
 * *body_p a fresh string, which the caller frees. The Host it asks for is localhost. -1
 * with error when nobody listens, the answer does not come in time, is longer than 4 MiB or
 * is not HTTP; then *body_p is NULL. */
int http_get (const char *host, int64_t port, const char *path, int64_t timeout_ms,
    char **body_p, char error[160]);

#endif
