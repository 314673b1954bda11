/* Health: what /readyz shows. Each actor registers the checks it owns and sets them
 * when their state changes; a change is logged once. A check starts as failing with
 * "starting". Safe from any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_HEALTH_H
#define SASREC_BASE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

typedef struct health health_t; /* one check; lives until the process ends */

/* name: "postgres", "model", ... Registering it again returns the same check.
 * required: a failing check makes the process unready (else it is only shown). */
health_t *health_check (const char *name, bool required);

/* reason: a short sentence for people, copied; shown when not ok, and as a note
 * ("ok: ...") when ok. NULL is "". */
void health_set (health_t *self, bool ok, const char *reason);
bool health_ok (const health_t *self);

/* True when all required checks are ok and the process is not draining. The reason of
 * the first failing one goes into reason (may be NULL). */
bool health_ready (char *reason, size_t size);
void health_drain (void); /* unready from now on: the process is stopping */

/* Counts every change of a state or a reason; asking costs nothing. */
uint64_t health_changes (void);

/* Appends {"ready","reason","checks":[{"name","ok","required","reason","since"}]}: reason
 * as in health_ready, "" when ready; since (RFC 3339, UTC) is when the check took the
 * state it has, or null when it never had one. */
void health_to_json (strbuf_t *out);

/* Appends the families sasrec_ready and sasrec_health{check} (1: ok), in the text format of
 * base/metrics.h. */
void health_to_metrics (strbuf_t *out);

/* Lines "[+]name ok" and "[-]name failed: reason"; a fresh string. */
char *health_render (void);

/* For tests: forget all checks. */
void health_reset (void);

#endif
