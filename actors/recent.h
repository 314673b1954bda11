/* The most recent results, found by request id: a bounded ring with a hash index. Knows
 * no lock and no socket. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_RECENT_H
#define SASREC_ACTORS_RECENT_H

#include <stddef.h>

#include "proto/result.h"

typedef struct recent recent_t;

recent_t *recent_new (size_t limit);
void recent_destroy (recent_t **self_p);

/* Takes the result; the oldest beyond the limit is freed. */
void recent_put (recent_t *self, result_t **result_p);

/* The newest of that id, borrowed until the next put; NULL when not kept. */
const result_t *recent_find (const recent_t *self, const char *request_id);

#endif
