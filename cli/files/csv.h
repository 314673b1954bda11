/* The fields of a delimited record: CSV as in RFC 4180, and its relatives.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_CSV_H
#define SASREC_CLI_FILES_CSV_H

#include <stdbool.h>
#include <stddef.h>

/* A record's fields; as many as there are. {0} is none. */
typedef struct {
    char **at; /* owned; the texts are the record's */
    size_t count;
    size_t capacity;
} csv_fields_t;

void csv_fields_free (csv_fields_t *self);

/* Cuts a record without its line end into fields, in place: they point into text,
 * without their quotes. -1 with error: a quote where none may be. Behind a tab or "::"
 * quotes are no syntax: a field that is quoted as a whole loses them, others keep
 * theirs. */
int csv_split (
    char *text, const char *delimiter, csv_fields_t *fields, char error[160]);

/* Quotes are syntax: they may hold delimiters and line ends. */
bool csv_has_quotes (const char *delimiter);

/* What separates the fields of this line: "::", or of tab, comma, semicolon and bar the
 * first that it has; NULL when it has none. Constant. */
const char *csv_detect (const char *line);

#endif
