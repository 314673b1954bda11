/* Points in time as text, in the forms that databases, libraries and public data sets
 * write. One reader for all commands. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_TIMESTAMP_H
#define SASREC_BASE_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_SIZE 32

/* How a time was written. The first six are also what a reader may be told to take
 * numbers for. */
typedef enum {
    TIMESTAMP_AUTO, /* a number's unit follows from its size; of 0, any */
    TIMESTAMP_S,
    TIMESTAMP_MS,
    TIMESTAMP_US,
    TIMESTAMP_NS,
    TIMESTAMP_DAY,     /* 20260228 */
    TIMESTAMP_TEXT,    /* a date and a time of day with a zone */
    TIMESTAMP_TEXT_UTC /* without one: taken as UTC */
} timestamp_kind_t;

/* Dates ("2026-02-28", "2026/02/28"), perhaps with a time of day after a space or T
 * ("09:30", "09:30:00.25"), perhaps with a zone ("Z", " UTC", "+01", "+0100", "+01:00");
 * numbers since 1970 in the unit, or "20260228". Years 1 to 9999, as unix microseconds.
 * With TIMESTAMP_AUTO a number from 19000000 to 21009999 is a day or nothing: "20261301"
 * is not one in the August of 1970. -1: none of these. */
int timestamp_read (
    const char *text, timestamp_kind_t unit, int64_t *unix_us, timestamp_kind_t *kind);

/* One value by itself. -1: not a time. */
int timestamp_parse (const char *text, int64_t *unix_us);

/* "auto", "s", "ms", "us", "ns" or "day"; -1 for another word. */
int timestamp_unit (const char *word, timestamp_kind_t *unit);

/* "unix seconds", "without a zone: taken as UTC", ... */
const char *timestamp_kind_name (timestamp_kind_t kind);

/* RFC 3339 in UTC with microseconds. */
void timestamp_format (int64_t unix_us, char text[TIMESTAMP_SIZE]);

#endif
