/* What is said about a file on the command line: its format, which column is which, what
 * separates them, what its numbers of time mean. What is not said is found out from the
 * file (cli/files/reader). {0} says nothing. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_LAYOUT_H
#define SASREC_CLI_FILES_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/files/columns.h"
#include "base/timestamp.h"

#define LAYOUT_NAME_SIZE      128
#define LAYOUT_DELIMITER_SIZE 8

typedef enum {
    LAYOUT_ANY,   /* by the file's name, else by its first line */
    LAYOUT_PAIRS, /* "user item" per line, white space between, in time order */
    LAYOUT_CSV,   /* delimited, with a header or --no-header */
    LAYOUT_JSONL  /* an object per line */
} layout_format_t;

typedef enum {
    LAYOUT_ITEMS_ANY,      /* integers, if all of them are written plainly; else keys */
    LAYOUT_ITEMS_INTEGERS, /* what is none is a bad line */
    LAYOUT_ITEMS_KEYS      /* texts, whatever they look like (base/item_key.h) */
} layout_items_t;

typedef struct {
    layout_format_t format;
    char delimiter[LAYOUT_DELIMITER_SIZE]; /* csv; "" = by the first line */
    bool no_header;                        /* csv: places are known */
    size_t places[COLUMN_COUNT]; /* then: a column's place, from 1; 0 = none */
    bool named[COLUMN_COUNT];    /* --columns says it */
    char names[COLUMN_COUNT][LAYOUT_NAME_SIZE]; /* then: its name; "" = left out */
    timestamp_kind_t time_unit;                 /* of numbers; TIMESTAMP_AUTO */
    layout_items_t items;
} layout_t;

/* Each takes the text of an option; -1 with error. */
int layout_set_format (layout_t *self, const char *text, char error[160]);
int layout_set_delimiter (layout_t *self, const char *text, char error[160]);
/* "user,item,_,time": the columns in their order; _ is left out. */
int layout_set_no_header (layout_t *self, const char *text, char error[160]);
/* "user=UserId,item=ItemId,time=": by name; an empty one is left out. */
int layout_set_columns (layout_t *self, const char *text, char error[160]);
int layout_set_time_unit (layout_t *self, const char *text, char error[160]);
int layout_set_items (layout_t *self, const char *text, char error[160]);

/* After the last of them: what contradicts itself. */
int layout_check (const layout_t *self, char error[160]);

/* By the end of a name, without .gz or .zst: .csv, .tsv, .inter; .jsonl, .ndjson, .json;
 * .pairs; else LAYOUT_ANY. */
layout_format_t layout_format_of (const char *path);

#endif
