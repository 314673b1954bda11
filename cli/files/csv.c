/* The fields of a delimited record. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/csv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

void
csv_fields_free (csv_fields_t *self)
{
    free (self->at);
    *self = (csv_fields_t){0};
}

static void
s_add (csv_fields_t *self, char *text)
{
    self->at = grow (self->at, &self->capacity, self->count + 1, sizeof *self->at);
    self->at[self->count++] = text;
}

/* The end of the quoted field that begins at text, after its quote; NULL when it does
 * not end. */
static char *
s_quoted_end (char *text)
{
    char *at = text + 1;
    while (*at && (*at != '"' || at[1] == '"'))
        at += 1 + (*at == '"');
    return *at ? at + 1 : NULL;
}

/* Takes the quotes of [text, end) away. */
static void
s_unquote (char *text, char *end)
{
    char *to = text;
    for (char *from = text + 1; from < end - 1; from++) {
        from += *from == '"';
        *to++ = *from;
    }
    *to = '\0';
}

/* The end of the field, where its delimiter or the record's end is; NULL: a quote is
 * wrong. */
static char *
s_field_end (char *text, const char *delimiter)
{
    bool strict = csv_has_quotes (delimiter);
    if (*text == '"') {
        char *end = s_quoted_end (text);
        if (end && (!*end || strncmp (end, delimiter, strlen (delimiter)) == 0)) {
            s_unquote (text, end);
            return end;
        }
        if (strict)
            return NULL;
    }
    char *end = strstr (text, delimiter);
    if (!end)
        end = text + strlen (text);
    return strict && memchr (text, '"', (size_t)(end - text)) ? NULL : end;
}

int
csv_split (char *text, const char *delimiter, csv_fields_t *fields, char error[160])
{
    fields->count = 0;
    for (;;) {
        char *end = s_field_end (text, delimiter);
        if (!end) {
            snprintf (error, 160, "a quote is not closed, or stands inside a field");
            return -1;
        }
        bool last = !*end;
        s_add (fields, text);
        *end = '\0';
        if (last)
            return 0;
        text = end + strlen (delimiter);
    }
}

bool
csv_has_quotes (const char *delimiter)
{
    return strlen (delimiter) == 1 && strchr (",;|", *delimiter);
}

const char *
csv_detect (const char *line)
{
    static const char *const delimiters[] = {"::", "\t", ",", ";", "|"};
    for (size_t i = 0; i < sizeof delimiters / sizeof delimiters[0]; i++) {
        if (strstr (line, delimiters[i]))
            return delimiters[i];
    }
    return NULL;
}
