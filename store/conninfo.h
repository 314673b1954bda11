/* Where PostgreSQL is: a connection string as libpq reads it, keywords and values or a
 * URL, and before them, may be, one keyword more of ours: schema='NAME', where our
 * tables are (else the role's search_path says). Errors are in our own words and repeat
 * nothing: a password that is not escaped may stand anywhere in the string.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_CONNINFO_H
#define SASREC_STORE_CONNINFO_H

#include <libpq-fe.h>

#include "base/config.h"

/* Of the settings: fresh, NULL with error when POSTGRES_URL cannot be read, or when its
 * password came by the command line, where everybody can read it. Holds the password:
 * never print it. */
char *conninfo_of_config (const config_t *config, char error[160]);

/* What may be printed, fresh: database "x" at host:port. */
char *conninfo_label (const char *conninfo);

typedef struct conninfo conninfo_t;

/* NULL with error. What notices a dead server in seconds is added where the string does
 * not speak of it. */
conninfo_t *conninfo_parse (const char *text, char error[160]);
void conninfo_destroy (conninfo_t **self_p);

/* For what one connection has of its own: application_name, another dbname. */
void conninfo_set (conninfo_t *self, const char *keyword, const char *value);

/* NULL when the string does not say. keyword as libpq's. */
const char *conninfo_get (const conninfo_t *self, const char *keyword);
const char *conninfo_schema (const conninfo_t *self); /* NULL: not named */

PGconn *conninfo_connect (const conninfo_t *self); /* as PQconnectdbParams */
/* Lists as libpq's, separated by commas. */
typedef struct {
    const char *host, *hostaddr, *port;
} conninfo_hosts_t;
/* As PQconnectStartParams; hosts: to take instead of its own, or NULL. */
PGconn *conninfo_start (const conninfo_t *self, const conninfo_hosts_t *hosts);
PGPing conninfo_ping (const conninfo_t *self);

#endif
