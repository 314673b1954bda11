/* The last warnings and errors of the process, kept for who asks how it is. They are the
 * lines of the log, as JSON. Safe from any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_LOG_RECENT_H
#define SASREC_BASE_LOG_RECENT_H

#include "base/strbuf.h"

#define LOG_RECENT_LIMIT 16

/* line: a JSON object of so many bytes; copied. The oldest is forgotten. */
void log_recent_keep (const char *line, size_t length);

/* Appends an array of them, the newest first. */
void log_recent_to_json (strbuf_t *out);

#endif
