/* What a checkpoint costs to serve on this machine: loaded as a server does, and asked one
 * request at a time on one core. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_SERVING_COST_H
#define SASREC_CLI_SERVING_COST_H

#define SERVING_COST_HISTORY 50 /* items of each request, all known */

/* Milliseconds of a request: the median of what fits into some 300 ms. -1 with error: the
 * file does not load. */
double serving_cost_ms (const char *path, char error[160]);

#endif
