/* Time. Monotonic for every wait and every duration; the wall clock only for what
 * people and other machines read. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_CLOCK_H
#define SASREC_BASE_CLOCK_H

#include <stdint.h>

/* Since an arbitrary start; never goes back. */
int64_t clock_monotonic_ms (void);
int64_t clock_monotonic_us (void);

/* Since 1970-01-01 UTC; may jump. */
int64_t clock_unix_ms (void);
int64_t clock_unix_us (void);

/* The same moment on the wall clock, as that is now. */
int64_t clock_unix_us_of (int64_t monotonic_us);

#endif
