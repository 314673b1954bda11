/* How many files the process may have open, against what its limits add up to. Clients
 * that fill every listener must not cut the service from its database.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_DESCRIPTORS_H
#define SASREC_ACTORS_DESCRIPTORS_H

#include <stddef.h>

#define DESCRIPTORS_SPARE 32 /* of each listener: connections that are being refused */
#define DESCRIPTORS_ADMIN 32 /* connections for probes and metrics */

typedef struct {
    size_t own;         /* what everything but clients needs */
    size_t listeners;   /* for clients; each has as many connections as the others */
    size_t connections; /* of a listener, as configured */
} descriptors_t;

/* RLIMIT_NOFILE raised to what the system allows; returns it. */
size_t descriptors_raise (void);

/* How many connections of a listener fit into open_files: as configured, or fewer. 0 with
 * error: not even a handful. */
size_t descriptors_fit (const descriptors_t *self, size_t open_files, char error[160]);

#endif
