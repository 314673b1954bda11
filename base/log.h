/* The log: one line per event on stderr, or in a file (log_sink_open). People get
 * "time level role.event key=value", programs (stderr is not a terminal, or
 * LOG_FORMAT=json) one JSON object per line.
 * The event word is stable and starts with its role; values are escaped, so a line is
 * a line. No user data beyond ids, no secrets. Safe from any thread.
 *
 *     log_info ("http.started", log_str ("bind", bind), log_int ("port", port));
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_LOG_H
#define SASREC_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/trace.h"

typedef enum {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR
} log_level_t;

typedef enum {
    LOG_FIELD_END,
    LOG_FIELD_STR,
    LOG_FIELD_INT,
    LOG_FIELD_REAL,
    LOG_FIELD_BOOL,
    LOG_FIELD_TRACE
} log_field_type_t;

typedef struct {
    const char *key;       /* NULL ends a list of fields */
    log_field_type_t type; /* which of the values below holds */
    const char *str;
    int64_t integer;
    double real;
    const trace_t *trace;
} log_field_t;

/* "debug", "info" (the default), "warn" or "error"; "json", "text" or "auto" (JSON when
 * stderr is not a terminal). Returns -1 for another word. Before the first thread. */
int log_configure (const char *level, const char *format);

log_field_t log_str (const char *key, const char *value); /* NULL is shown as "" */
log_field_t log_int (const char *key, int64_t value);
log_field_t log_real (const char *key, double value);
log_field_t log_bool (const char *key, bool value);
log_field_t log_optional (const char *key, const char *value); /* NULL, "": left out */
log_field_t log_trace (const trace_t *trace); /* "trace_id"; of no trace: left out */

/* Whether lines of the level are written: asking costs next to nothing. */
bool log_enabled (log_level_t level);

/* fields: ended by a field whose key is NULL. Never fails; waits for nobody who reads the
 * log (base/log_sink.h). */
void log_write (log_level_t level, const char *event, const log_field_t *fields);

/* At least one field. */
#define log_at_(level, event, ...)                                                     \
    (log_enabled (level)                                                               \
            ? log_write (level, event, (const log_field_t[]){__VA_ARGS__, {.key = 0}}) \
            : (void)0)
#define log_debug(event, ...) log_at_ (LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  log_at_ (LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  log_at_ (LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_at_ (LOG_LEVEL_ERROR, event, __VA_ARGS__)

#endif
