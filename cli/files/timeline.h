/* The rows of a file in the order of their times, each event once: what `sasrec import`
 * makes of them in the database, without one. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_TIMELINE_H
#define SASREC_CLI_FILES_TIMELINE_H

#include "cli/files/reader.h"

typedef struct timeline timeline_t;

timeline_t *timeline_new (void);
void timeline_destroy (timeline_t **self_p);
void timeline_add (timeline_t *self, const reader_row_t *row);
size_t timeline_count (const timeline_t *self); /* rows added */

/* Calls each for the rows, oldest first; of one time, and those without a time, which
 * come last, in the order they were added. A row with an event_id that came before is
 * left out, and one without that has the user, item, time and kind of another. kind: ""
 * for none. Their number. */
typedef void (timeline_row_f) (
    void *context, const char *user_id, int64_t item_id, const char *kind);
size_t timeline_each (timeline_t *self, timeline_row_f *each, void *context);

#endif
