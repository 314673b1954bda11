/* Lines and records. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

record_t *
record_new (FILE *file)
{
    record_t *self = calloc (1, sizeof *self);
    assert (self);
    self->file = file;
    self->next_line = 1;
    return self;
}

void
record_destroy (record_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

static bool
s_read (record_t *self, const char *delimiter)
{
    int before = delimiter ? *delimiter : 0;
    bool quoted = false;
    int byte;
    self->line = self->next_line;
    self->length = 0;
    self->too_long = false;
    while ((byte = getc_unlocked (self->file)) != EOF) {
        if (byte == '"' && delimiter)
            quoted = !quoted && (before == *delimiter || before == '"');
        before = byte;
        self->next_line += byte == '\n';
        if (byte == '\n' && (!quoted || self->too_long))
            break;
        if (self->length < sizeof self->text - 1)
            self->text[self->length++] = (char)byte;
        else
            self->too_long = true;
    }
    return byte != EOF || self->length > 0;
}

static void
s_trim (record_t *self)
{
    if (self->length > 0 && self->text[self->length - 1] == '\r')
        self->length--;
    self->text[self->length] = '\0';
    if (self->line == 1 && strncmp (self->text, "\xef\xbb\xbf", 3) == 0)
        memmove (self->text, self->text + 3, (self->length -= 3) + 1);
}

bool
record_next (record_t *self, const char *delimiter)
{
    while (s_read (self, delimiter)) {
        s_trim (self);
        if (strspn (self->text, " \t") < self->length)
            return true;
    }
    return false;
}
