/* What is said about a file. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

__attribute__ ((format (printf, 2, 3))) static int
s_fail (char error[160], const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (error, 160, format, args);
    va_end (args);
    return -1;
}

int
layout_set_format (layout_t *self, const char *text, char error[160])
{
    static const char *const words[] = {"pairs", "csv", "jsonl"};
    for (int i = 0; i < 3; i++) {
        if (strcmp (text, words[i]) == 0) {
            self->format = (layout_format_t)(LAYOUT_PAIRS + i);
            return 0;
        }
    }
    return s_fail (error, "--format must be pairs, csv or jsonl, not '%.40s'", text);
}

int
layout_set_delimiter (layout_t *self, const char *text, char error[160])
{
    if (strcmp (text, "tab") == 0 || strcmp (text, "\\t") == 0)
        text = "\t";
    size_t length = strlen (text);
    if (length == 0 || length >= LAYOUT_DELIMITER_SIZE || strpbrk (text, "\"\r\n"))
        return s_fail (error,
            "--delimiter must be 1 to 7 characters like , ; | :: or the word tab, not "
            "'%.40s'",
            text);
    memcpy (self->delimiter, text, length + 1);
    return 0;
}

int
layout_set_no_header (layout_t *self, const char *text, char error[160])
{
    self->no_header = true;
    memset (self->places, 0, sizeof self->places);
    for (size_t place = 1;; place++) {
        size_t length = strcspn (text, ",");
        column_t column = column_by_word (text, length);
        bool skipped = length == 1 && *text == '_';
        if (column == COLUMN_COUNT && !skipped)
            return s_fail (error,
                "--no-header is user, item, time, event, kind, value or _ for each, "
                "like "
                "user,item,_,time; '%.40s' is none of them",
                text);
        if (!skipped && self->places[column] > 0)
            return s_fail (error, "--no-header has %s twice", column_word (column));
        if (!skipped)
            self->places[column] = place;
        if (!text[length])
            break;
        text += length + 1;
    }
    if (self->places[COLUMN_USER] == 0 || self->places[COLUMN_ITEM] == 0)
        return s_fail (error, "--no-header must have user and item");
    return 0;
}

static int
s_set_column (layout_t *self, const char *text, size_t length, char error[160])
{
    const char *sign = memchr (text, '=', length);
    size_t word = sign ? (size_t)(sign - text) : length;
    column_t column = column_by_word (text, word);
    if (!sign || column == COLUMN_COUNT)
        return s_fail (error,
            "--columns is "
            "user=NAME,item=NAME,time=NAME,event=NAME,kind=NAME,value=NAME, "
            "not '%.40s'",
            text);
    size_t name = length - word - 1;
    if (name >= LAYOUT_NAME_SIZE)
        return s_fail (
            error, "--columns: the name of %s is too long", column_word (column));
    if (name == 0 && column <= COLUMN_ITEM)
        return s_fail (
            error, "--columns: %s can not be left out", column_word (column));
    memcpy (self->names[column], sign + 1, name);
    self->names[column][name] = '\0';
    self->named[column] = true;
    return 0;
}

int
layout_set_columns (layout_t *self, const char *text, char error[160])
{
    for (;;) {
        size_t length = strcspn (text, ",");
        if (s_set_column (self, text, length, error) == -1)
            return -1;
        if (!text[length])
            return 0;
        text += length + 1;
    }
}

int
layout_set_time_unit (layout_t *self, const char *text, char error[160])
{
    if (timestamp_unit (text, &self->time_unit) == 0)
        return 0;
    return s_fail (
        error, "--time-unit must be auto, s, ms, us, ns or day, not '%.40s'", text);
}

int
layout_set_items (layout_t *self, const char *text, char error[160])
{
    static const char *const words[] = {"auto", "integers", "keys"};
    for (int i = 0; i < 3; i++) {
        if (strcmp (text, words[i]) == 0) {
            self->items = (layout_items_t)i;
            return 0;
        }
    }
    return s_fail (
        error, "--item-ids must be auto, integers or keys, not '%.40s'", text);
}

int
layout_check (const layout_t *self, char error[160])
{
    bool named = false;
    for (int column = 0; column < COLUMN_COUNT; column++)
        named = named || self->named[column];
    if (self->format == LAYOUT_PAIRS && (named || self->no_header || *self->delimiter))
        return s_fail (error, "--format pairs has no columns: use --format csv");
    if (self->format == LAYOUT_JSONL && (self->no_header || *self->delimiter))
        return s_fail (
            error, "--format jsonl has neither header nor delimiter: use --columns");
    if (named && self->no_header)
        return s_fail (
            error, "--columns is for a file with a header: give it or --no-header");
    return 0;
}

static bool
s_ends (const char *path, size_t length, const char *end)
{
    size_t size = strlen (end);
    return length > size && strncasecmp (path + length - size, end, size) == 0;
}

layout_format_t
layout_format_of (const char *path)
{
    static const struct {
        const char *end;
        layout_format_t format;
    } ends[] = {{".csv", LAYOUT_CSV}, {".tsv", LAYOUT_CSV}, {".inter", LAYOUT_CSV},
        {".jsonl", LAYOUT_JSONL}, {".ndjson", LAYOUT_JSONL}, {".json", LAYOUT_JSONL},
        {".pairs", LAYOUT_PAIRS}};
    size_t length = strlen (path);
    if (s_ends (path, length, ".gz"))
        length -= 3;
    else if (s_ends (path, length, ".zst"))
        length -= 4;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (s_ends (path, length, ends[i].end))
            return ends[i].format;
    }
    return LAYOUT_ANY;
}
