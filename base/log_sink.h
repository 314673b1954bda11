/* Where the lines of the log go: stderr, or a file that can be opened anew after someone
 * moved it away. A reader that has stopped reading (a full pipe, a terminal on hold) must
 * not stop the service: he is waited for once, then lines are dropped and counted until
 * he reads again. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_LOG_SINK_H
#define SASREC_BASE_LOG_SINK_H

#include <stddef.h>

/* Appends to the file from now on ("" is stderr). -1 with error, and nothing changes. */
int log_sink_open (const char *path, char error[160]);

/* The same path again; -1 with error, and the old file goes on. */
int log_sink_reopen (char error[160]);

/* A line with its newline. Returns how many lines were lost before this one; they are
 * reported once. */
size_t log_sink_write (const char *line, size_t length);

#endif
