/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/clock.h"
#include "base/log_recent.h"
#include "base/log_sink.h"
#include "base/strbuf.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const s_level_names[] = {"debug", "info", "warn", "error"};

static atomic_int s_level = LOG_LEVEL_INFO;
static atomic_int s_json = -1; /* -1: not yet decided */

int
log_configure (const char *level, const char *format)
{
    assert (level && format);
    int chosen = 0;
    while (chosen <= LOG_LEVEL_ERROR && strcmp (level, s_level_names[chosen]) != 0)
        chosen++;
    if (chosen > LOG_LEVEL_ERROR)
        return -1;
    if (strcmp (format, "json") == 0)
        atomic_store (&s_json, 1);
    else if (strcmp (format, "text") == 0)
        atomic_store (&s_json, 0);
    else if (strcmp (format, "auto") == 0)
        atomic_store (&s_json, !isatty (STDERR_FILENO));
    else
        return -1;
    atomic_store (&s_level, chosen);
    return 0;
}

log_field_t
log_str (const char *key, const char *value)
{
    return (log_field_t){.key = key, .type = LOG_FIELD_STR, .str = value ? value : ""};
}

log_field_t
log_int (const char *key, int64_t value)
{
    return (log_field_t){.key = key, .type = LOG_FIELD_INT, .integer = value};
}

log_field_t
log_real (const char *key, double value)
{
    return (log_field_t){.key = key, .type = LOG_FIELD_REAL, .real = value};
}

log_field_t
log_bool (const char *key, bool value)
{
    return (log_field_t){.key = key, .type = LOG_FIELD_BOOL, .integer = value};
}

log_field_t
log_optional (const char *key, const char *value)
{
    bool given = value && *value;
    return (log_field_t){
        .key = key, .type = LOG_FIELD_STR, .str = given ? value : NULL};
}

log_field_t
log_trace (const trace_t *trace)
{
    return (log_field_t){.key = "trace_id", .type = LOG_FIELD_TRACE, .trace = trace};
}

bool
log_enabled (log_level_t level)
{
    return (int)level >= atomic_load_explicit (&s_level, memory_order_relaxed);
}

static void
s_add_time (strbuf_t *line)
{
    int64_t now_ms = clock_unix_ms ();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    gmtime_r (&seconds, &utc);
    char text[32];
    strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    strbuf_addf (line, "%s.%03dZ", text, (int)(now_ms % 1000));
}

/* Text that a person can read back without quotes. */
static bool
s_is_plain (const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!isgraph ((unsigned char)*text) || strchr ("\"\\=", *text))
            return false;
    return true;
}

static void
s_add_trace (strbuf_t *line, const trace_t *trace, bool json)
{
    char id[TRACE_ID_TEXT_SIZE];
    trace_print_id (trace, id);
    strbuf_addf (line, json ? "\"%s\"" : "%s", id);
}

static bool
s_is_left_out (const log_field_t *field)
{
    return (field->type == LOG_FIELD_TRACE && !trace_exists (field->trace)) ||
           (field->type == LOG_FIELD_STR && !field->str);
}

static void
s_add_value (strbuf_t *line, const log_field_t *field, bool json)
{
    switch (field->type) {
    case LOG_FIELD_STR:
        if (!json && s_is_plain (field->str))
            strbuf_add (line, field->str);
        else
            strbuf_add_json_string (line, field->str);
        return;
    case LOG_FIELD_INT:
        strbuf_addf (line, "%" PRId64, field->integer);
        return;
    case LOG_FIELD_REAL:
        if (isfinite (field->real))
            strbuf_addf (line, "%.9g", field->real);
        else
            strbuf_add (line, "null");
        return;
    case LOG_FIELD_BOOL:
        strbuf_add (line, field->integer ? "true" : "false");
        return;
    case LOG_FIELD_TRACE:
        s_add_trace (line, field->trace, json);
        return;
    case LOG_FIELD_END:
        break;
    }
    assert (false); /* a field has a type */
}

static void
s_add_json (
    strbuf_t *line, log_level_t level, const char *event, const log_field_t *field)
{
    strbuf_add (line, "{\"ts\":\"");
    s_add_time (line);
    strbuf_addf (line, "\",\"level\":\"%s\",\"event\":", s_level_names[level]);
    strbuf_add_json_string (line, event);
    for (; field->key; field++) {
        if (s_is_left_out (field))
            continue;
        strbuf_add (line, ",");
        strbuf_add_json_string (line, field->key);
        strbuf_add (line, ":");
        s_add_value (line, field, true);
    }
    strbuf_add (line, "}\n");
}

static void
s_add_text (
    strbuf_t *line, log_level_t level, const char *event, const log_field_t *field)
{
    s_add_time (line);
    strbuf_addf (line, " %-5s %s", s_level_names[level], event);
    for (; field->key; field++) {
        if (s_is_left_out (field))
            continue;
        strbuf_addf (line, " %s=", field->key);
        s_add_value (line, field, false);
    }
    strbuf_add (line, "\n");
}

static void
s_keep (log_level_t level, const char *event, const log_field_t *fields)
{
    strbuf_t line = STRBUF_EMPTY;
    s_add_json (&line, level, event, fields);
    log_recent_keep (line.data, line.length - 1); /* without its end */
    strbuf_free (&line);
}

void
log_write (log_level_t level, const char *event, const log_field_t *fields)
{
    assert (event && fields);
    if (!log_enabled (level))
        return;
    if (level >= LOG_LEVEL_WARN)
        s_keep (level, event, fields);
    int json = atomic_load (&s_json);
    if (json < 0)
        atomic_store (&s_json, json = !isatty (STDERR_FILENO));
    strbuf_t line = STRBUF_EMPTY;
    if (json)
        s_add_json (&line, level, event, fields);
    else
        s_add_text (&line, level, event, fields);
    size_t lost = log_sink_write (line.data, line.length);
    strbuf_free (&line);
    if (lost > 0)
        log_warn ("log.lost", log_int ("lines", (int64_t)lost));
}
