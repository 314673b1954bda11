/* SPDX-License-Identifier: Apache-2.0 */
#include "base/config_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    config_t *config;
    const char *path;
    config_file_told_f *told;
    void *context;
    size_t line;                /* from 1; 0: the file as a whole */
    size_t lines[CONFIG_COUNT]; /* where a setting stands, 0: not yet */
    size_t problems;
} s_reader_t;

static void
s_tell (s_reader_t *self, const char *problem)
{
    char text[480];
    if (self->line > 0)
        snprintf (text, sizeof text, "%.255s:%zu: %s", self->path, self->line, problem);
    else
        snprintf (text, sizeof text, "%.255s: %s", self->path, problem);
    self->told (self->context, text);
    self->problems++;
}

/* Without the blanks around it; in place. */
static char *
s_trim (char *text)
{
    static const char blanks[] = " \t\r\n";
    text += strspn (text, blanks);
    size_t length = strlen (text);
    while (length > 0 && strchr (blanks, text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

/* NULL: a quote is left open. */
static char *
s_unquote (char *text)
{
    size_t length = strlen (text);
    char quote = *text;
    if (quote != '"' && quote != '\'')
        return text;
    if (length < 2 || text[length - 1] != quote)
        return NULL;
    text[length - 1] = '\0';
    return text + 1;
}

/* A setting is said once: of two lines people see one. */
static bool
s_is_repeated (s_reader_t *self, const char *name)
{
    config_key_t key = config_find (name);
    if (key == CONFIG_COUNT)
        return false;
    if (self->lines[key] == 0) {
        self->lines[key] = self->line;
        return false;
    }
    char problem[160];
    snprintf (problem, sizeof problem, "%.60s is said in line %zu already", name,
        self->lines[key]);
    s_tell (self, problem);
    return true;
}

static void
s_read_line (s_reader_t *self, char *line)
{
    char error[160];
    bool marked = self->line == 1 && strncmp (line, "\xef\xbb\xbf", 3) == 0;
    char *name = s_trim (line + (marked ? 3 : 0)); /* the mark of an editor's */
    if (!*name || *name == '#')
        return;
    char *equals = strchr (name, '=');
    if (!equals || equals == name) {
        s_tell (self, "not a line NAME=VALUE");
        return;
    }
    *equals = '\0';
    name = s_trim (name);
    char *value = s_unquote (s_trim (equals + 1));
    if (!value)
        s_tell (self, "a quote is left open");
    else if (!s_is_repeated (self, name) &&
             config_offer (self->config, name, value, error) == -1)
        s_tell (self, error);
}

size_t
config_file_load (
    config_t *config, const char *path, config_file_told_f *told, void *context)
{
    assert (config && path && told);
    s_reader_t self = {
        .config = config, .path = path, .told = told, .context = context};
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen (path, "re");
    errno = file ? 0 : errno;
    for (ssize_t length; file && (length = getline (&line, &size, file)) >= 0;) {
        self.line++;
        if (strlen (line) != (size_t)length)
            s_tell (&self, "not text");
        else
            s_read_line (&self, line);
        errno = 0;
    }
    if (!file || ferror (file)) {
        char problem[160];
        self.line = 0;
        snprintf (problem, sizeof problem, "cannot be read: %s", strerror (errno));
        s_tell (&self, problem);
    }
    if (file)
        fclose (file);
    free (line);
    return self.problems;
}
