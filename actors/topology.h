/* Which actors a role runs, what each is wired to, and the order in which they stop: one
 * table in topology.c. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_TOPOLOGY_H
#define SASREC_ACTORS_TOPOLOGY_H

#include "base/config.h"

/* Starts the role's actors in order, runs until SIGINT or SIGTERM, stops them in order
 * within 4 s; a SIGHUP opens the log anew (actors/signals.h). 0, or -1 with error when one could not start (what, where, what to do).
 * role: "all", with or without Kafka; "api", "worker" and "db-writer" need it. */
int topology_run (const config_t *config, const char *role, char error[160]);

/* What topology_run refuses of the settings before it starts anything: the proxies'
 * networks, Kafka's settings. -1 with error. */
int topology_check (const config_t *config, char error[160]);

/* Reads the certificate and its key, where the settings name them, as roles that serve
 * clients do when they start. -1 with error. */
int topology_load_certificate (const config_t *config, char error[160]);

#endif
