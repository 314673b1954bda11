/* The fields of a CSV record (RFC 4180). SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_CSV_H
#define SASREC_CLI_FILES_CSV_H

#include <stddef.h>

#define CSV_FIELDS_MOST 64

/* Cuts a record without its line end into fields, in place: they point into text,
 * without their quotes. Their count, or -1 with error: a quote where none may be, or
 * too many. */
int csv_split (char *text, char *fields[CSV_FIELDS_MOST], char error[160]);

#endif
