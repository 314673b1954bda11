/* Interactions from a file. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/reader.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"
#include "base/utf8.h"
#include "cli/files/csv.h"
#include "cli/files/timestamp.h"

enum { S_USER, S_ITEM, S_TIME, S_FIELDS };

static const char *const s_names[S_FIELDS] = {"user_id", "item_id", "created_at"};

struct reader {
    FILE *file; /* borrowed */
    reader_format_t format;
    uint64_t line;         /* where the current record begins */
    uint64_t next_line;    /* the line after it */
    size_t length;         /* of text */
    bool too_long;         /* the record went past the limit; its rest was skipped */
    bool has_header;       /* csv: columns are known */
    int columns[S_FIELDS]; /* csv: position of each field; -1 = not there */
    char text[READER_LINE_LIMIT]; /* the current record, NUL at its end */
};

reader_format_t
reader_format_of (const char *path)
{
    const char *dot = strrchr (path, '.');
    if (dot && strcasecmp (dot, ".csv") == 0)
        return READER_CSV;
    if (dot && (strcasecmp (dot, ".jsonl") == 0 || strcasecmp (dot, ".ndjson") == 0))
        return READER_JSONL;
    return READER_PAIRS;
}

int
reader_format_parse (const char *word, reader_format_t *format)
{
    static const char *const words[] = {"pairs", "csv", "jsonl"};
    for (int i = 0; i < 3; i++) {
        if (strcmp (word, words[i]) == 0) {
            *format = (reader_format_t)i;
            return 0;
        }
    }
    return -1;
}

reader_t *
reader_new (FILE *file, reader_format_t format)
{
    reader_t *self = calloc (1, sizeof *self);
    assert (self);
    self->file = file;
    self->format = format;
    self->next_line = 1;
    return self;
}

void
reader_destroy (reader_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

uint64_t
reader_line (const reader_t *self)
{
    return self->line;
}

/* Reads up to the end of the line, or in csv of the record: a line end between quotes
 * belongs to it. False at the end of the file. */
static bool
s_read_record (reader_t *self)
{
    bool quoted = false;
    int before = ',';
    int byte;
    self->line = self->next_line;
    self->length = 0;
    self->too_long = false;
    while ((byte = getc_unlocked (self->file)) != EOF) {
        if (byte == '"' && self->format == READER_CSV)
            quoted = !quoted && (before == ',' || before == '"');
        before = byte;
        self->next_line += byte == '\n';
        if (byte == '\n' && (!quoted || self->too_long))
            break;
        if (self->length < sizeof self->text - 1)
            self->text[self->length++] = (char)byte;
        else
            self->too_long = true;
    }
    bool any = byte != EOF || self->length > 0;
    if (self->length > 0 && self->text[self->length - 1] == '\r')
        self->length--;
    self->text[self->length] = '\0';
    if (self->line == 1 && strncmp (self->text, "\xef\xbb\xbf", 3) == 0)
        memmove (self->text, self->text + 3, (self->length -= 3) + 1);
    return any;
}

static bool
s_is_blank (const reader_t *self)
{
    return strspn (self->text, " \t") == self->length;
}

static reader_status_t
s_bad (char error[160], const char *reason)
{
    snprintf (error, 160, "%s", reason);
    return READER_BAD;
}

static reader_status_t
s_take_user (reader_row_t *row, const char *text, char error[160])
{
    size_t length = strlen (text);
    if (length == 0)
        return s_bad (error, "user_id is empty");
    if (length >= READER_USER_SIZE)
        return s_bad (error, "user_id is longer than 128 bytes");
    utf8_status_t status = utf8_check (text);
    if (status != UTF8_PLAIN)
        return s_bad (error, status == UTF8_INVALID
                                 ? "user_id is not valid UTF-8"
                                 : "user_id has a control character");
    memcpy (row->user_id, text, length + 1);
    return READER_ROW;
}

static reader_status_t
s_take_item (reader_row_t *row, const char *text, char error[160])
{
    char *end;
    errno = 0;
    long long value = isdigit ((unsigned char)*text) ? strtoll (text, &end, 10) : -1;
    if (value < 0 || *end || errno != 0 || value > JSON_INTEGER_MAX)
        return s_bad (error, "item_id must be an integer from 0 to 9007199254740991");
    row->item_id = value;
    return READER_ROW;
}

static reader_status_t
s_take_time (reader_row_t *row, const char *text, char error[160])
{
    if (timestamp_parse (text, &row->created_at_us) == -1)
        return s_bad (error, "created_at must be RFC 3339 or unix seconds");
    return READER_ROW;
}

/* texts: as S_USER...; the time may be NULL or empty. */
static reader_status_t
s_take_row (reader_row_t *row, char *const texts[S_FIELDS], char error[160])
{
    row->created_at_us = READER_NO_TIME;
    reader_status_t status = s_take_user (row, texts[S_USER], error);
    if (status == READER_ROW)
        status = s_take_item (row, texts[S_ITEM], error);
    if (status == READER_ROW && texts[S_TIME] && *texts[S_TIME])
        status = s_take_time (row, texts[S_TIME], error);
    return status;
}

static reader_status_t
s_take_pair (reader_t *self, reader_row_t *row, char error[160])
{
    static const char white[] = " \t";
    char *texts[S_FIELDS] = {self->text + strspn (self->text, white), NULL, NULL};
    char *end = texts[S_USER] + strcspn (texts[S_USER], white);
    texts[S_ITEM] = end + strspn (end, white);
    char *rest = texts[S_ITEM] + strcspn (texts[S_ITEM], white);
    if (!*texts[S_ITEM] || rest[strspn (rest, white)])
        return s_bad (error, "must be a user and an item with white space between");
    *end = '\0';
    *rest = '\0';
    return s_take_row (row, texts, error);
}

static reader_status_t
s_csv_header (reader_t *self, char error[160])
{
    char *fields[CSV_FIELDS_MOST];
    int count = csv_split (self->text, fields, error);
    for (int field = 0; field < S_FIELDS; field++) {
        self->columns[field] = -1;
        for (int i = 0; i < count; i++) {
            if (strcmp (fields[i], s_names[field]) == 0)
                self->columns[field] = i;
        }
    }
    self->has_header = self->columns[S_USER] >= 0 && self->columns[S_ITEM] >= 0;
    if (!self->has_header) {
        snprintf (error, 160,
            "the first line must be a header with user_id and item_id "
            "(and created_at)");
        return READER_BROKEN;
    }
    return READER_ROW;
}

static reader_status_t
s_take_csv (reader_t *self, reader_row_t *row, char error[160])
{
    char *fields[CSV_FIELDS_MOST];
    char *texts[S_FIELDS] = {NULL};
    int count = csv_split (self->text, fields, error);
    if (count == -1)
        return READER_BAD;
    for (int field = 0; field < S_FIELDS; field++) {
        int column = self->columns[field];
        if (column >= count)
            return s_bad (error, "fewer columns than the header");
        texts[field] = column >= 0 ? fields[column] : NULL;
    }
    return s_take_row (row, texts, error);
}

static reader_status_t
s_take_json_time (reader_row_t *row, const json_t *value, char error[160])
{
    if (json_is_string (value))
        return s_take_time (row, json_string_value (value), error);
    char text[40] = "";
    if (json_is_integer (value))
        snprintf (
            text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    else if (json_is_real (value))
        snprintf (text, sizeof text, "%.6f", json_real_value (value));
    return s_take_time (row, text, error);
}

static reader_status_t
s_take_json (reader_t *self, reader_row_t *row, char error[160])
{
    json_fault_t fault;
    json_t *object = json_read_object (self->text, self->length, &fault);
    if (!object)
        return s_bad (error, fault.detail);
    const char *user_id = NULL;
    int64_t item_id = -1;
    reader_status_t status = READER_ROW;
    row->created_at_us = READER_NO_TIME;
    if (json_read_string (
            object, "user_id", 1, READER_USER_SIZE - 1, &user_id, &fault) == -1 ||
        json_read_integer (object, "item_id", 0, JSON_INTEGER_MAX, &item_id, &fault) ==
            -1)
        status = s_bad (error, fault.detail);
    else if (!user_id || item_id == -1)
        status = s_bad (error, "must have user_id and item_id");
    if (status == READER_ROW)
        status = s_take_user (row, user_id, error);
    row->item_id = item_id;
    const json_t *time = json_object_get (object, "created_at");
    if (status == READER_ROW && time && !json_is_null (time))
        status = s_take_json_time (row, time, error);
    json_decref (object);
    return status;
}

static reader_status_t
s_take (reader_t *self, reader_row_t *row, char error[160])
{
    if (self->too_long)
        return s_bad (error, "the line is longer than 64 KiB");
    if (strlen (self->text) != self->length)
        return s_bad (error, "the line has a NUL byte");
    if (self->format == READER_PAIRS)
        return s_take_pair (self, row, error);
    if (self->format == READER_JSONL)
        return s_take_json (self, row, error);
    return s_take_csv (self, row, error);
}

reader_status_t
reader_next (reader_t *self, reader_row_t *row, char error[160])
{
    while (s_read_record (self)) {
        if (s_is_blank (self))
            continue;
        if (self->format != READER_CSV || self->has_header)
            return s_take (self, row, error);
        if (s_csv_header (self, error) == READER_BROKEN)
            return READER_BROKEN;
    }
    if (ferror (self->file)) {
        snprintf (error, 160, "cannot read: %s", strerror (errno));
        return READER_BROKEN;
    }
    return READER_END;
}
