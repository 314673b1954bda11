/* A reader's inside, for its two sources: understanding the beginning of a file, and
 * taking its rows. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_READER_SELF_H
#define SASREC_CLI_FILES_READER_SELF_H

#include "base/strbuf.h"
#include "cli/files/csv.h"
#include "cli/files/reader.h"
#include "cli/files/record.h"

struct reader {
    record_t *record;            /* owned; the current one */
    layout_t layout;             /* what was said */
    layout_format_t path_format; /* what the name says */
    layout_format_t format;      /* what it is */
    bool begun;                  /* format, delimiter and places are known */
    bool pending;                /* record was read to understand; it is the next row */
    char delimiter[LAYOUT_DELIMITER_SIZE];      /* csv */
    size_t places[COLUMN_COUNT];                /* csv: from 1; 0 = not there */
    size_t header_count;                        /* csv: its columns; 0 = no header */
    char names[COLUMN_COUNT][LAYOUT_NAME_SIZE]; /* as the file calls them */
    csv_fields_t fields;                        /* csv: of the record */
    timestamp_kind_t number_kind; /* of the file's first time in numbers */
    uint64_t number_line;         /* where that was */
    timestamp_kind_t time_kind;   /* of the last time */
    bool timed;                   /* there was one */
    bool keys;                    /* items are texts */
    bool assumed_utc;             /* one had no zone */
    bool told_utc;                /* told says that */
    strbuf_t told;                /* what was understood */
};

/* The record as a row; takes its text apart. */
reader_status_t reader_take (reader_t *self, reader_row_t *row, char error[160]);

/* No record is left, or it can not be read. */
reader_status_t reader_end (reader_t *self, char error[160]);

/* The delimiter if quotes may hold line ends, else NULL. */
const char *reader_quotes (const reader_t *self);

#endif
