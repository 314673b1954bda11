/* Interactions from a file, one at a time, whatever of the field's formats it has. A bad
 * line is told and skipped: the caller decides what it means. Knows no database.
 *
 *   pairs   user item              white space between; in time order
 *   csv     a header, or --no-header; any delimiter; RFC 4180 quotes
 *   jsonl   {"user_id":..,"item_id":..}
 *
 * Columns and members are found by the names that people give them (cli/files/columns),
 * others are left out and named. Empty lines are skipped, CR LF is a line end, a byte
 * order mark is no text. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_READER_H
#define SASREC_CLI_FILES_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/uuid.h"
#include "cli/files/layout.h"
#include "cli/files/values.h"

#define READER_LINE_LIMIT 65536 /* bytes of a line, or of a record with line ends */
#define READER_NO_TIME    INT64_MIN

typedef enum {
    READER_ROW,  /* *row is filled */
    READER_BAD,  /* this line is no interaction: error says why; go on */
    READER_KEYS, /* this item is no plain integer, so all are keys: begin the file again,
                    with LAYOUT_ITEMS_KEYS */
    READER_END,
    READER_BROKEN /* nothing can be read: error says why */
} reader_status_t;

typedef struct {
    char user_id[VALUES_USER_SIZE];
    int64_t item_id;               /* -1: item_key says which */
    char item_key[ITEM_KEY_SIZE];  /* "": item_id does */
    int64_t created_at_us;         /* or READER_NO_TIME */
    char event_id[UUID_TEXT_SIZE]; /* "" = none */
    char kind[VALUES_KIND_SIZE];   /* what was done; "" = not said */
    bool has_value;
    double value;
} reader_row_t;

typedef struct reader reader_t;

/* file stays the caller's; path is only looked at for what its end says; layout is
 * copied. */
reader_t *reader_new (FILE *file, const char *path, const layout_t *layout);
void reader_destroy (reader_t **self_p);

/* Looks at the beginning: READER_ROW when it is understood, READER_END when there is
 * nothing, READER_BROKEN with error. Called by reader_next otherwise. */
reader_status_t reader_begin (reader_t *self, char error[160]);

/* What was understood, after reader_begin: "csv: user is userId, item is movieId, time
 * is timestamp (unix seconds); left out: rating". The reader's. */
const char *reader_told (const reader_t *self);

/* Items are texts. */
bool reader_has_keys (const reader_t *self);

reader_status_t reader_next (reader_t *self, reader_row_t *row, char error[160]);

/* Where the last row or bad line began, from 1. */
uint64_t reader_line (const reader_t *self);

/* A time without a zone was taken as UTC, and reader_told does not say so. */
bool reader_assumed_utc (const reader_t *self);

#endif
