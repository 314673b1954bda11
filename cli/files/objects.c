/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/objects.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"
#include "cli/files/csv.h"
#include "cli/files/record.h"

struct objects {
    record_t *record;
    layout_format_t format; /* LAYOUT_ANY until the first record */
    char delimiter[LAYOUT_DELIMITER_SIZE];
    char *header_text;
    csv_fields_t header; /* of csv; into header_text */
    csv_fields_t fields;
};

objects_t *
objects_new (FILE *file, const char *path, const layout_t *layout)
{
    objects_t *self = calloc (1, sizeof *self);
    assert (self);
    self->record = record_new (file);
    self->format =
        layout->format != LAYOUT_ANY ? layout->format : layout_format_of (path);
    memcpy (self->delimiter, layout->delimiter, sizeof self->delimiter);
    return self;
}

void
objects_destroy (objects_t **self_p)
{
    objects_t *self = *self_p;
    if (!self)
        return;
    record_destroy (&self->record);
    csv_fields_free (&self->header);
    csv_fields_free (&self->fields);
    free (self->header_text);
    free (self);
    *self_p = NULL;
}

static const char *
s_quotes (const objects_t *self)
{
    bool csv = self->format == LAYOUT_CSV && csv_has_quotes (self->delimiter);
    return csv ? self->delimiter : NULL;
}

static objects_status_t
s_end (const objects_t *self, char error[160])
{
    if (!ferror (self->record->file))
        return OBJECTS_END;
    snprintf (error, 160, "cannot read: %s", strerror (errno));
    return OBJECTS_BROKEN;
}

static objects_status_t
s_take_header (objects_t *self, char error[160])
{
    const char *text = self->record->text, *seen = csv_detect (text);
    if (!*self->delimiter)
        snprintf (self->delimiter, sizeof self->delimiter, "%s", seen ? seen : ",");
    self->header_text = strdup (text);
    assert (self->header_text);
    if (csv_split (self->header_text, self->delimiter, &self->header, error))
        return OBJECTS_BROKEN;
    return OBJECTS_ROW;
}

/* Looks at the first record: it is a header, or the first object. */
static objects_status_t
s_begin (objects_t *self, bool *pending, char error[160])
{
    if (!record_next (self->record, self->format == LAYOUT_CSV ? "," : NULL))
        return s_end (self, error);
    const char *text = self->record->text;
    if (self->format == LAYOUT_ANY)
        self->format = text[strspn (text, " ")] == '{' ? LAYOUT_JSONL : LAYOUT_CSV;
    *pending = self->format == LAYOUT_JSONL;
    if (self->format == LAYOUT_CSV)
        return s_take_header (self, error);
    if (self->format == LAYOUT_JSONL)
        return OBJECTS_ROW;
    snprintf (error, 160, "is to be csv with a header, or jsonl");
    return OBJECTS_BROKEN;
}

static objects_status_t
s_bad (char error[160], const char *why)
{
    snprintf (error, 160, "%.150s", why);
    return OBJECTS_BAD;
}

static objects_status_t
s_take_csv (objects_t *self, json_t **object, char error[160])
{
    if (csv_split (self->record->text, self->delimiter, &self->fields, error))
        return OBJECTS_BAD;
    if (self->fields.count != self->header.count) {
        snprintf (error, 160, "has %zu columns, the header %zu", self->fields.count,
            self->header.count);
        return OBJECTS_BAD;
    }
    json_t *row = json_object ();
    int rc = 0;
    for (size_t i = 0; i < self->header.count; i++)
        if (!json_object_get (row, self->header.at[i])) /* of two of a name the first */
            rc |= json_object_set_new (
                row, self->header.at[i], json_string (self->fields.at[i]));
    if (rc == 0)
        *object = row;
    else
        json_decref (row);
    return rc == 0 ? OBJECTS_ROW : s_bad (error, "the line is not UTF-8");
}

static objects_status_t
s_take (objects_t *self, json_t **object, char error[160])
{
    json_fault_t fault;
    const record_t *record = self->record;
    if (record->too_long)
        return s_bad (error, "the line is longer than 64 KiB");
    if (strlen (record->text) != record->length)
        return s_bad (error, "the line has a NUL byte");
    if (self->format == LAYOUT_CSV)
        return s_take_csv (self, object, error);
    *object = json_read_object (record->text, record->length, &fault);
    return *object ? OBJECTS_ROW : s_bad (error, fault.detail);
}

objects_status_t
objects_next (objects_t *self, json_t **object, char error[160])
{
    bool pending = false;
    *object = NULL;
    if (self->record->line == 0) {
        objects_status_t status = s_begin (self, &pending, error);
        if (status != OBJECTS_ROW)
            return status;
    }
    if (!pending && !record_next (self->record, s_quotes (self)))
        return s_end (self, error);
    return s_take (self, object, error);
}

uint64_t
objects_line (const objects_t *self)
{
    return self->record->line;
}
