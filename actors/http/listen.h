/* A listening socket of our own, because libmicrohttpd does not say why it could not
 * listen. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_LISTEN_H
#define SASREC_ACTORS_HTTP_LISTEN_H

#include <stdbool.h>

/* host: a name or an address; "0.0.0.0" is all of IPv4, "::" all there is. The fd, not
 * blocking, is the caller's; -1 with error, which says what to do. */
int listen_on (const char *host, int port, char error[160]);

/* Whether who listens there is reached by this machine alone. */
bool listen_is_loopback (const char *host);

#endif
