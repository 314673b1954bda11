/* The names this server answers to. A page that makes a name of its own mean our address
 * (DNS rebinding) would be one origin with us and read everything; its name is in the Host
 * of its requests, so what is not ours is refused. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_HOSTS_H
#define SASREC_ACTORS_HTTP_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "actors/http/address.h"

/* "localhost:8501" -> 9, "[::1]:8501" -> 5: how long the host of an authority is. */
size_t hosts_name_length (const char *authority);

/* authority: what Host says, a port may follow and does not count. Ours are: localhost
 * and loopback addresses; bind, the name or address we listen on; local, the address the
 * client reached; the names of more ("rec.example.com, .example.com", a dot in front:
 * and all below; "*": any). NULL or an empty host is nobody's. */
bool hosts_allow (
    const char *authority, const char *bind, const address_t *local, const char *more);

#endif
