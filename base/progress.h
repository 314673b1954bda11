/* Progress of long work on stderr: a bar with rate and time left on a terminal, cut to
 * its width and without escape sequences; a plain line every 10 % (or every 5 s when the end is unknown) elsewhere.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_PROGRESS_H
#define SASREC_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress progress_t;

/* label: "train", "import"; unit: "positions", "lines". total 0 = unknown.
 * quiet: show nothing (--json or --quiet). */
progress_t *progress_new (
    const char *label, const char *unit, uint64_t total, bool quiet);
void progress_destroy (progress_t **self_p); /* clears the bar */
void progress_update (
    progress_t *self, uint64_t done, const char *note); /* note may be NULL */

/* Clears the bar, prints the line on stderr, and the bar comes back with the next
 * update. */
void progress_say (progress_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

#endif
