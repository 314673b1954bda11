/* Interactions from a file. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/reader_self.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"
#include "base/utf8.h"

enum { S_NUMBER_SIZE = 48 };

reader_t *
reader_new (FILE *file, const char *path, const layout_t *layout)
{
    reader_t *self = calloc (1, sizeof *self);
    assert (self);
    self->record = record_new (file);
    self->layout = *layout;
    self->path_format = layout_format_of (path);
    self->keys = layout->items == LAYOUT_ITEMS_KEYS;
    for (int column = 0; column < COLUMN_COUNT; column++)
        snprintf (self->names[column], LAYOUT_NAME_SIZE, "%s",
            layout->named[column] ? layout->names[column]
                                  : column_name ((column_t)column));
    return self;
}

void
reader_destroy (reader_t **self_p)
{
    reader_t *self = *self_p;
    if (!self)
        return;
    record_destroy (&self->record);
    csv_fields_free (&self->fields);
    strbuf_free (&self->told);
    free (self);
    *self_p = NULL;
}

uint64_t
reader_line (const reader_t *self)
{
    return self->record->line;
}

const char *
reader_told (const reader_t *self)
{
    return self->told.data;
}

bool
reader_has_keys (const reader_t *self)
{
    return self->keys;
}

bool
reader_assumed_utc (const reader_t *self)
{
    return self->assumed_utc && !self->told_utc;
}

static reader_status_t
s_bad (char error[160], const char *reason)
{
    snprintf (error, 160, "%s", reason);
    return READER_BAD;
}

/* All numbers of a file are in one unit. */
static int
s_check_unit (reader_t *self, const char *text, timestamp_kind_t kind, char error[160])
{
    if (kind == TIMESTAMP_AUTO || kind >= TIMESTAMP_TEXT)
        return 0;
    if (self->number_kind == TIMESTAMP_AUTO) {
        self->number_kind = kind;
        self->number_line = self->record->line;
    }
    if (self->number_kind == kind)
        return 0;
    char reason[96];
    snprintf (reason, sizeof reason,
        "is in %s, line %" PRIu64 " in %s; see --time-unit", timestamp_kind_name (kind),
        self->number_line, timestamp_kind_name (self->number_kind));
    return values_refuse (self->names[COLUMN_TIME], text, reason, error);
}

static int
s_take_time (reader_t *self, reader_row_t *row, const char *text, char error[160])
{
    row->created_at_us = READER_NO_TIME;
    if (values_is_null (text))
        return 0;
    timestamp_kind_t kind;
    if (timestamp_read (text, self->layout.time_unit, &row->created_at_us, &kind) == -1)
        return values_refuse (self->names[COLUMN_TIME], text,
            "is no time; accepted: 2026-02-28T09:30:00+01:00, 2026-02-28, 1772267400",
            error);
    self->time_kind = kind;
    self->timed = true;
    self->assumed_utc = self->assumed_utc || kind == TIMESTAMP_TEXT_UTC;
    return s_check_unit (self, text, kind, error);
}

static int
s_take_event_id (reader_t *self, reader_row_t *row, const char *text, char error[160])
{
    row->event_id[0] = '\0';
    if (values_is_null (text))
        return 0;
    if (!uuid_valid (text))
        return values_refuse (self->names[COLUMN_EVENT_ID], text,
            "is no UUID; --columns event= leaves it out", error);
    memcpy (row->event_id, text, UUID_TEXT_SIZE);
    return 0;
}

/* Two words on a line may be anything: in pairs keys have to be said. */
static bool
s_may_be_keys (const reader_t *self)
{
    return self->layout.items == LAYOUT_ITEMS_ANY && self->format != LAYOUT_PAIRS;
}

static reader_status_t
s_take_item (reader_t *self, reader_row_t *row, const char *text, char error[160])
{
    const char *name = self->names[COLUMN_ITEM];
    char ignored[160];
    row->item_id = -1;
    row->item_key[0] = '\0';
    if (self->keys)
        return values_item_key (name, text, row->item_key, error) ? READER_BAD
                                                                  : READER_ROW;
    if (values_item (name, text, &row->item_id, error) == 0)
        return READER_ROW;
    return s_may_be_keys (self) &&
                   values_item_key (name, text, row->item_key, ignored) == 0
               ? READER_KEYS
               : READER_BAD;
}

static int
s_take_kind (reader_t *self, reader_row_t *row, const char *text, char error[160])
{
    row->kind[0] = '\0';
    return values_is_null (text)
               ? 0
               : values_kind (self->names[COLUMN_KIND], text, row->kind, error);
}

static int
s_take_value (reader_t *self, reader_row_t *row, const char *text, char error[160])
{
    row->value = 0;
    row->has_value = !values_is_null (text);
    return row->has_value
               ? values_number (self->names[COLUMN_VALUE], text, &row->value, error)
               : 0;
}

/* NULL: the column is not there. */
static reader_status_t
s_take_row (reader_t *self, reader_row_t *row, const char *const texts[COLUMN_COUNT],
    char error[160])
{
    const char *text[COLUMN_COUNT];
    for (int column = 0; column < COLUMN_COUNT; column++)
        text[column] = texts[column] ? texts[column] : "";
    if (values_user (self->names[COLUMN_USER], text[COLUMN_USER], row->user_id, error))
        return READER_BAD;
    reader_status_t status = s_take_item (self, row, text[COLUMN_ITEM], error);
    if (status != READER_ROW)
        return status;
    if (s_take_time (self, row, text[COLUMN_TIME], error) ||
        s_take_event_id (self, row, text[COLUMN_EVENT_ID], error) ||
        s_take_kind (self, row, text[COLUMN_KIND], error) ||
        s_take_value (self, row, text[COLUMN_VALUE], error))
        return READER_BAD;
    return READER_ROW;
}

static reader_status_t
s_take_pair (reader_t *self, reader_row_t *row, char error[160])
{
    static const char white[] = " \t";
    char *text = self->record->text;
    char *user = text + strspn (text, white);
    char *end = user + strcspn (user, white);
    char *item = end + strspn (end, white);
    char *rest = item + strcspn (item, white);
    if (!*item || rest[strspn (rest, white)])
        return s_bad (error, "must be a user and an item with white space between; "
                             "other columns need --no-header user,item,_,time");
    *end = '\0';
    *rest = '\0';
    const char *texts[COLUMN_COUNT] = {[COLUMN_USER] = user, [COLUMN_ITEM] = item};
    return s_take_row (self, row, texts, error);
}

/* A delimiter that is not quoted moves what comes after it to the wrong columns. */
static bool
s_has_more (const reader_t *self)
{
    for (size_t i = self->header_count; i < self->fields.count; i++) {
        if (*self->fields.at[i])
            return true;
    }
    return false;
}

static reader_status_t
s_take_csv (reader_t *self, reader_row_t *row, char error[160])
{
    const char *texts[COLUMN_COUNT] = {NULL};
    if (csv_split (self->record->text, self->delimiter, &self->fields, error) == -1)
        return READER_BAD;
    if (self->header_count > 0 && s_has_more (self)) {
        snprintf (error, 160, "has %zu columns, the header %zu", self->fields.count,
            self->header_count);
        return READER_BAD;
    }
    for (int column = 0; column < COLUMN_COUNT; column++) {
        size_t place = self->places[column];
        if (place > self->fields.count) {
            snprintf (error, 160, "has %zu column%s, %.40s would be column %zu",
                self->fields.count, self->fields.count == 1 ? "" : "s",
                self->names[column], place);
            return READER_BAD;
        }
        if (place > 0)
            texts[column] = column == COLUMN_USER
                                ? self->fields.at[place - 1]
                                : values_strip (self->fields.at[place - 1]);
    }
    return s_take_row (self, row, texts, error);
}

/* A string or a number as text, "" for null, NULL for anything else. U+0000 is shown as
 * another control character, which no field may have either. */
static const char *
s_json_text (const json_t *value, char number[S_NUMBER_SIZE])
{
    if (!value || json_is_null (value))
        return "";
    if (json_has_nul (value))
        return "\1";
    if (json_is_string (value))
        return json_string_value (value);
    double real = json_real_value (value);
    if (json_is_integer (value))
        snprintf (
            number, S_NUMBER_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
    else if (!json_is_real (value))
        return NULL;
    else if (fabs (real) < 9e18)
        snprintf (number, S_NUMBER_SIZE, real == floor (real) ? "%.0f" : "%.6f", real);
    else
        snprintf (number, S_NUMBER_SIZE, "%g", real);
    return number;
}

/* Members may change from line to line: a column that the last name does not find is
 * looked for anew. */
static const json_t *
s_json_find (reader_t *self, json_t *object, column_t column)
{
    const json_t *value = json_object_get (object, self->names[column]);
    if (value || self->layout.named[column])
        return value;
    int best = -1;
    const char *key;
    json_t *member;
    json_object_foreach (object, key, member)
    {
        int fit = column_fit (column, key);
        if (fit < 0 || (best >= 0 && fit >= best))
            continue;
        best = fit;
        value = member;
        snprintf (self->names[column], LAYOUT_NAME_SIZE, "%s", key);
    }
    return value;
}

static reader_status_t
s_take_members (reader_t *self, json_t *object, reader_row_t *row, char error[160])
{
    char numbers[COLUMN_COUNT][S_NUMBER_SIZE];
    const char *texts[COLUMN_COUNT];
    for (int column = 0; column < COLUMN_COUNT; column++) {
        const json_t *value = s_json_find (self, object, (column_t)column);
        texts[column] = s_json_text (value, numbers[column]);
        if (column == COLUMN_VALUE &&
            json_is_real (value)) /* times have microseconds */
            snprintf (numbers[column], S_NUMBER_SIZE, "%.17g", json_real_value (value));
        if (!texts[column]) {
            snprintf (
                error, 160, "%.60s must be a string or a number", self->names[column]);
            return READER_BAD;
        }
        if (column <= COLUMN_ITEM &&
            fabs (json_real_value (value)) > JSON_INTEGER_MAX) {
            snprintf (error, 160, "%.60s is a number beyond 2^53: write it as a text",
                self->names[column]);
            return READER_BAD;
        }
    }
    return s_take_row (self, row, texts, error);
}

static reader_status_t
s_take_json (reader_t *self, reader_row_t *row, char error[160])
{
    json_fault_t fault;
    json_t *object =
        json_read_object (self->record->text, self->record->length, &fault);
    if (!object)
        return s_bad (error, fault.detail);
    reader_status_t status = s_take_members (self, object, row, error);
    json_decref (object);
    return status;
}

reader_status_t
reader_take (reader_t *self, reader_row_t *row, char error[160])
{
    if (self->record->too_long)
        return s_bad (error, "the line is longer than 64 KiB");
    if (strlen (self->record->text) != self->record->length)
        return s_bad (error, "the line has a NUL byte");
    if (self->format == LAYOUT_PAIRS)
        return s_take_pair (self, row, error);
    if (self->format == LAYOUT_JSONL)
        return s_take_json (self, row, error);
    return s_take_csv (self, row, error);
}

reader_status_t
reader_end (reader_t *self, char error[160])
{
    if (!ferror (self->record->file))
        return READER_END;
    snprintf (error, 160, "cannot read: %s", strerror (errno));
    return READER_BROKEN;
}

static reader_status_t
s_next (reader_t *self, reader_row_t *row, char error[160])
{
    if (!self->begun) {
        reader_status_t status = reader_begin (self, error);
        if (status != READER_ROW)
            return status;
    }
    if (!self->pending && !record_next (self->record, reader_quotes (self)))
        return reader_end (self, error);
    self->pending = false;
    return reader_take (self, row, error);
}

reader_status_t
reader_next (reader_t *self, reader_row_t *row, char error[160])
{
    reader_status_t status = s_next (self, row, error);
    if (status == READER_BROKEN || status == READER_BAD)
        utf8_plain (error);
    return status;
}
