/* What a file is: its format, its columns. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"
#include "base/utf8.h"
#include "cli/files/reader_self.h"

enum { S_LEFT_OUT_SHOWN = 8 };

const char *
reader_quotes (const reader_t *self)
{
    bool csv = self->format == LAYOUT_CSV && csv_has_quotes (self->delimiter);
    return csv ? self->delimiter : NULL;
}

/* The place of the name that fits best, from 1; 0: none. */
static size_t
s_find (const reader_t *self, column_t column)
{
    size_t found = 0;
    int best = -1;
    for (size_t i = 0; i < self->fields.count; i++) {
        const char *name = self->fields.at[i];
        int fit = !self->layout.named[column] ? column_fit (column, name)
                  : !strcmp (name, self->layout.names[column]) ? 0
                                                               : -1;
        if (fit < 0 || (best >= 0 && fit >= best))
            continue;
        best = fit;
        found = i + 1;
    }
    return found;
}

/* "a, b, c" of the header, what fits. */
static void
s_list (const reader_t *self, char *list, size_t size)
{
    size_t length = 0;
    list[0] = '\0';
    for (size_t i = 0; i < self->fields.count && length < size - 1; i++) {
        int more = snprintf (list + length, size - length, "%s%.30s", i > 0 ? ", " : "",
            self->fields.at[i]);
        length += (size_t)more;
    }
}

static reader_status_t
s_refuse_header (const reader_t *self, column_t column, char error[160])
{
    char list[48];
    s_list (self, list, sizeof list);
    if (self->layout.named[column])
        snprintf (error, 160, "no column is called \"%.40s\"; there are: %s",
            self->layout.names[column], list);
    else
        snprintf (error, 160,
            "the first line has no %s (%s): --columns %s=NAME, or without a header "
            "--no-header user,item,_,time",
            column_name (column), list, column_word (column));
    return READER_BROKEN;
}

static bool
s_is_required (const reader_t *self, column_t column)
{
    bool named = self->layout.named[column] && *self->layout.names[column];
    return column <= COLUMN_ITEM || named;
}

/* The fields of the first record are names. */
static reader_status_t
s_take_header (reader_t *self, char error[160])
{
    for (int column = 0; column < COLUMN_COUNT; column++) {
        size_t place = s_find (self, (column_t)column);
        self->places[column] = place;
        if (place > 0)
            snprintf (self->names[column], LAYOUT_NAME_SIZE, "%s",
                self->fields.at[place - 1]);
        else if (s_is_required (self, (column_t)column))
            return s_refuse_header (self, (column_t)column, error);
    }
    self->header_count = self->fields.count;
    return READER_ROW;
}

static void
s_add_left_out (strbuf_t *list, size_t *count, const char *name)
{
    if (++*count <= S_LEFT_OUT_SHOWN)
        strbuf_addf (list, "%s%.40s", *count > 1 ? ", " : "", name);
}

static void
s_tell_left_out (reader_t *self, strbuf_t *list, size_t count)
{
    if (count > 0)
        strbuf_addf (&self->told, "; left out: %s", list->data);
    if (count > S_LEFT_OUT_SHOWN)
        strbuf_addf (&self->told, " and %zu more", count - S_LEFT_OUT_SHOWN);
    strbuf_free (list);
}

static bool
s_is_used (const reader_t *self, size_t place)
{
    for (int column = 0; column < COLUMN_COUNT; column++) {
        if (self->places[column] == place)
            return true;
    }
    return false;
}

/* fields are the header's, or without one the first row's. */
static void
s_left_out_columns (const reader_t *self, strbuf_t *list, size_t *count)
{
    for (size_t i = 0; i < self->fields.count; i++) {
        char number[32];
        snprintf (number, sizeof number, "column %zu", i + 1);
        if (!s_is_used (self, i + 1))
            s_add_left_out (
                list, count, self->layout.no_header ? number : self->fields.at[i]);
    }
}

static void
s_left_out_members (const reader_t *self, strbuf_t *list, size_t *count)
{
    json_fault_t fault;
    json_t *object =
        json_read_object (self->record->text, self->record->length, &fault);
    const char *key;
    json_t *member;
    json_object_foreach (object, key, member)
    {
        bool used = false;
        for (int column = 0; column < COLUMN_COUNT; column++)
            used = used || strcmp (self->names[column], key) == 0;
        if (!used)
            s_add_left_out (list, count, key);
    }
    json_decref (object);
}

/* Rows are taken apart in place, so the first one is tried on a copy: it shows which
 * members there are, how times are written, and whether items are texts. */
static void
s_try_first (reader_t *self)
{
    record_t *record = self->record;
    char *copy = strdup (record->text);
    assert (copy);
    size_t length = record->length;
    char error[160];
    reader_row_t row;
    if (reader_take (self, &row, error) == READER_KEYS)
        self->keys = true;
    memcpy (record->text, copy, strlen (copy) + 1);
    record->length = length;
    free (copy);
}

static void
s_tell_columns (reader_t *self)
{
    for (int column = 0; column < COLUMN_COUNT; column++) {
        if (self->format == LAYOUT_CSV && self->places[column] == 0)
            continue;
        if (self->format == LAYOUT_JSONL && column >= COLUMN_TIME &&
            column_fit ((column_t)column, self->names[column]) == 0 &&
            !(column == COLUMN_TIME && self->timed))
            continue; /* its own name, and perhaps nothing of that name */
        strbuf_addf (&self->told, "%s%s is ", column > 0 ? ", " : "",
            column_word ((column_t)column));
        if (self->layout.no_header)
            strbuf_addf (&self->told, "column %zu", self->places[column]);
        else
            strbuf_add (&self->told, self->names[column]);
        if (column == COLUMN_ITEM && self->keys)
            strbuf_add (&self->told, " (a text)");
        if (column == COLUMN_TIME && self->timed)
            strbuf_addf (&self->told, " (%s)", timestamp_kind_name (self->time_kind));
    }
    bool no_time = self->format == LAYOUT_CSV && self->places[COLUMN_TIME] == 0;
    if (no_time)
        strbuf_add (&self->told, ", no time: the lines are in order");
}

static const char *
s_delimiter_name (const char *delimiter)
{
    static const char *const names[][2] = {{",", "comma"}, {"\t", "tab"},
        {";", "semicolon"}, {" ", "space"}, {"|", "bar"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp (delimiter, names[i][0]) == 0)
            return names[i][1];
    }
    return delimiter;
}

static void
s_tell (reader_t *self)
{
    self->told_utc = self->assumed_utc;
    strbuf_t left_out = STRBUF_EMPTY;
    size_t count = 0;
    if (self->format == LAYOUT_PAIRS) {
        strbuf_addf (&self->told, "pairs: a user and an item%s, the lines are in order",
            self->keys ? " (a text)" : "");
        return;
    }
    if (self->format == LAYOUT_JSONL)
        strbuf_add (&self->told, "jsonl: ");
    else
        strbuf_addf (
            &self->told, "columns by %s: ", s_delimiter_name (self->delimiter));
    s_tell_columns (self);
    if (self->format == LAYOUT_JSONL)
        s_left_out_members (self, &left_out, &count);
    else
        s_left_out_columns (self, &left_out, &count);
    s_tell_left_out (self, &left_out, count);
    utf8_plain (self->told.data);
}

/* Splits a copy of the record, whose fields then stay valid until the next row. */
static int
s_split (reader_t *self, char **copy, char error[160])
{
    *copy = strdup (self->record->text);
    assert (*copy);
    return csv_split (*copy, self->delimiter, &self->fields, error);
}

static void
s_choose_delimiter (reader_t *self)
{
    const char *said = self->layout.delimiter;
    const char *seen = csv_detect (self->record->text);
    if (!*said && seen)
        said = seen;
    else if (!*said)
        said = strchr (self->record->text, ' ') ? " " : ",";
    snprintf (self->delimiter, sizeof self->delimiter, "%s", said);
}

static reader_status_t
s_begin_csv (reader_t *self, char error[160])
{
    char *names = NULL;
    s_choose_delimiter (self);
    memcpy (self->places, self->layout.places, sizeof self->places);
    reader_status_t status = READER_ROW;
    if (s_split (self, &names, error) == -1)
        status = READER_BROKEN;
    else if (!self->layout.no_header)
        status = s_take_header (self, error);
    if (status == READER_ROW && !self->layout.no_header) {
        if (!record_next (self->record, reader_quotes (self)))
            status = reader_end (self, error);
    }
    if (status == READER_ROW) {
        csv_fields_t header = self->fields;
        self->fields = (csv_fields_t){0};
        s_try_first (self);
        csv_fields_free (&self->fields);
        self->fields = header;
        s_tell (self);
    }
    free (names);
    return status;
}

/* Does the first line name our columns? */
static bool
s_is_header (reader_t *self)
{
    char error[160];
    char *names = NULL;
    if (!csv_detect (self->record->text))
        return false;
    s_choose_delimiter (self);
    bool header = s_split (self, &names, error) == 0 && s_find (self, COLUMN_USER) &&
                  s_find (self, COLUMN_ITEM);
    free (names);
    return header;
}

/* What is said on the command line beats the name, which beats the first line. */
static void
s_choose_format (reader_t *self)
{
    const layout_t *said = &self->layout;
    bool delimited = said->no_header || *said->delimiter;
    self->format = said->format != LAYOUT_ANY ? said->format
                   : delimited                ? LAYOUT_CSV
                                              : self->path_format;
}

static layout_format_t
s_look (reader_t *self)
{
    const char *text = self->record->text;
    if (text[strspn (text, " ")] == '{')
        return LAYOUT_JSONL;
    bool named = self->layout.named[COLUMN_USER] || self->layout.named[COLUMN_ITEM] ||
                 self->layout.named[COLUMN_TIME];
    return named || s_is_header (self) ? LAYOUT_CSV : LAYOUT_PAIRS;
}

static reader_status_t
s_begin (reader_t *self, char error[160])
{
    self->begun = true;
    s_choose_format (self);
    bool quotes = self->format == LAYOUT_CSV && !*self->layout.delimiter;
    if (!record_next (self->record, quotes ? "," : NULL))
        return reader_end (self, error);
    if (self->format == LAYOUT_ANY)
        self->format = s_look (self);
    reader_status_t status = READER_ROW;
    if (self->format == LAYOUT_CSV)
        status = s_begin_csv (self, error);
    else {
        s_try_first (self);
        s_tell (self);
    }
    self->pending = status == READER_ROW;
    return status;
}

reader_status_t
reader_begin (reader_t *self, char error[160])
{
    reader_status_t status = s_begin (self, error);
    if (status == READER_BROKEN || status == READER_BAD)
        utf8_plain (error);
    return status;
}
