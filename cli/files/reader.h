/* Interactions from a file, one at a time, in the three formats of `sasrec import`. A
 * bad line is told and skipped: the caller decides what it means. Knows no database.
 *
 *   pairs   user item                             white space between; in time order
 *   csv     user_id,item_id[,created_at]          a header, any order, RFC 4180 quotes;
 *                                                 other columns are left out
 *   jsonl   {"user_id":..,"item_id":..}           and "created_at"; others are left out
 *
 * Empty lines are skipped, CR LF is a line end, a byte order mark is no text.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_READER_H
#define SASREC_CLI_FILES_READER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define READER_USER_SIZE  129   /* 1 to 128 bytes and NUL */
#define READER_LINE_LIMIT 65536 /* bytes of a line, or of a record with line ends */
#define READER_NO_TIME    INT64_MIN

typedef enum { READER_PAIRS, READER_CSV, READER_JSONL } reader_format_t;

typedef enum {
    READER_ROW, /* *row is filled */
    READER_BAD, /* this line is no interaction: error says why; go on */
    READER_END,
    READER_BROKEN /* nothing can be read: error says why */
} reader_status_t;

typedef struct {
    char user_id[READER_USER_SIZE];
    int64_t item_id;
    int64_t created_at_us; /* or READER_NO_TIME */
} reader_row_t;

typedef struct reader reader_t;

/* By a file's name: .csv, .jsonl or .ndjson; else pairs. */
reader_format_t reader_format_of (const char *path);
/* "pairs", "csv" or "jsonl"; -1 for another word. */
int reader_format_parse (const char *word, reader_format_t *format);

/* file stays the caller's. */
reader_t *reader_new (FILE *file, reader_format_t format);
void reader_destroy (reader_t **self_p);

reader_status_t reader_next (reader_t *self, reader_row_t *row, char error[160]);

/* Where the last row or bad line began, from 1. */
uint64_t reader_line (const reader_t *self);

#endif
