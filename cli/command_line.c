/* The command line of a subcommand. SPDX-License-Identifier: Apache-2.0 */
#include "cli/command_line.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/strbuf.h"
#include "cli/file_options.h"
#include "cli/unknown.h"

enum { S_KEY_HELP = 'h', S_KEY_JSON = 'j', S_KEY_QUIET = 'q', S_KEY_SETTING = 0x4000 };
/* 0 and 1 are the command's own */
enum { S_GROUP_FILE = 2, S_GROUP_OUTPUT = 3, S_GROUP_SETTINGS = 4 };

const char *argp_program_version = "sasrec " SASREC_VERSION;

static command_describe_f *s_describe; /* NULL: commands run */
static void *s_context;

/* A command that speaks no JSON starts at the second row. */
static const struct argp_option s_output_options[] = {
    {"json", S_KEY_JSON, 0, 0, "Answer with one JSON object on stdout", S_GROUP_OUTPUT},
    {"quiet", S_KEY_QUIET, 0, 0, "No progress on stderr", S_GROUP_OUTPUT},
    {0, S_KEY_HELP, 0, OPTION_HIDDEN, 0, S_GROUP_OUTPUT}, {0}};

/* argp's view of the settings, made from the table in base/config. */
typedef struct {
    struct argp_option options[CONFIG_COUNT + 1];
    char *help[CONFIG_COUNT]; /* owned */
    size_t count;
} s_settings_t;

static const char *
s_argument (const config_item_t *item)
{
    static const char *const names[] = {[CONFIG_TEXT] = "TEXT",
        [CONFIG_INTEGER] = "N",
        [CONFIG_DURATION] = "TIME",
        [CONFIG_FLAG] = "no"};
    return names[item->type];
}

static void
s_settings_add (s_settings_t *self, config_key_t key)
{
    const config_item_t *item = config_item (key);
    strbuf_t help = STRBUF_EMPTY;
    strbuf_addf (&help, "%s (%s", item->help, item->env);
    if (*item->fallback)
        strbuf_addf (&help, ", %s", item->fallback);
    strbuf_add (&help, ")");
    self->help[self->count] = strbuf_take (&help);
    self->options[self->count] = (struct argp_option){.name = item->flag,
        .key = S_KEY_SETTING + (int)key,
        .arg = s_argument (item),
        .flags = item->type == CONFIG_FLAG ? OPTION_ARG_OPTIONAL : 0,
        .doc = self->help[self->count]};
    self->count++;
}

/* Whoever uses settings can be told their file. */
static void
s_settings_init (s_settings_t *self, const config_key_t *keys)
{
    memset (self, 0, sizeof *self);
    if (keys)
        s_settings_add (self, CONFIG_FILE);
    for (; keys && *keys != CONFIG_COUNT; keys++)
        s_settings_add (self, *keys);
}

static void
s_settings_clear (s_settings_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->help[i]);
}

static error_t
s_parse_setting (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    if (key < S_KEY_SETTING || key >= S_KEY_SETTING + (int)CONFIG_COUNT)
        return ARGP_ERR_UNKNOWN;
    char error[160];
    const char *flag = config_item ((config_key_t)(key - S_KEY_SETTING))->flag;
    if (config_set (self->config, flag, text ? text : "yes", error) == -1)
        argp_error (state, "%s", error);
    return 0;
}

static error_t
s_parse_output (int key, char *text, struct argp_state *state)
{
    (void)text;
    command_t *self = state->input;
    if (key == S_KEY_JSON)
        self->json = true;
    else if (key == S_KEY_QUIET)
        self->quiet = true;
    else if (key == S_KEY_HELP)
        argp_state_help (state, stdout, ARGP_HELP_STD_HELP);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

/* All of a command's options. A list that it has not is empty. */
enum { S_OWN, S_FILE, S_OUTPUT, S_SETTINGS, S_LISTS };

typedef struct {
    s_settings_t settings;
    const struct argp_option *lists[S_LISTS];
} s_lists_t;

static void
s_lists_init (s_lists_t *self, const command_spec_t *spec)
{
    static const struct argp_option none[] = {{0}};
    s_settings_init (&self->settings, spec->settings);
    self->lists[S_OWN] = spec->options ? spec->options : none;
    self->lists[S_FILE] = spec->reads_files ? file_options : none;
    self->lists[S_OUTPUT] = s_output_options + !spec->speaks_json;
    self->lists[S_SETTINGS] = self->settings.options;
}

/* The parser above the others: hands the command to each of them, and refuses words
 * that none of them took. */
static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    for (int i = 0; key == ARGP_KEY_INIT && i < S_LISTS; i++)
        state->child_inputs[i] = self;
    if (key == ARGP_KEY_ARG && !self->spec->arguments)
        argp_error (state, "unexpected argument '%s'", text);
    return ARGP_ERR_UNKNOWN;
}

/* argp's doc: what the command is, and behind the options the rest, with examples. */
static char *
s_doc (const command_spec_t *spec)
{
    strbuf_t doc = STRBUF_EMPTY;
    strbuf_add (&doc, spec->help);
    if (spec->examples) {
        strbuf_add (&doc, strchr (spec->help, '\v') ? "\n\n" : "\v");
        strbuf_add (&doc, "Examples:");
    }
    for (const char *line = spec->examples; line; line = strchr (line, '\n')) {
        line += *line == '\n';
        strbuf_addf (&doc, "\n  %.*s", (int)strcspn (line, "\n"), line);
    }
    return strbuf_take (&doc);
}

/* getopt would only say that it is not there. */
static void
s_refuse_unknown (
    const command_spec_t *spec, const s_lists_t *lists, int argc, char **argv)
{
    const char *meant = NULL;
    unknown_options_t known = {lists->lists, S_LISTS};
    const char *option = unknown_option (known, argc, argv, &meant);
    if (!option)
        return;
    fprintf (stderr, "%s: there is no option '%.*s'", spec->name,
        (int)strcspn (option, "="), option);
    if (meant)
        fprintf (stderr, "; did you mean '--%s'?\n", meant);
    else
        fprintf (stderr, "; '%s --help' lists them\n", spec->name);
    exit (EX_USAGE);
}

void
command_line_parse (command_t *self, int argc, char **argv)
{
    const command_spec_t *spec = self->spec;
    s_lists_t lists;
    s_lists_init (&lists, spec);
    s_refuse_unknown (spec, &lists, argc, argv);
    struct argp own = {.options = lists.lists[S_OWN], .parser = spec->parser};
    struct argp file = {.options = lists.lists[S_FILE],
        .parser = spec->reads_files ? file_options_parse : NULL};
    struct argp output = {.options = lists.lists[S_OUTPUT], .parser = s_parse_output};
    struct argp setting = {
        .options = lists.lists[S_SETTINGS], .parser = s_parse_setting};
    struct argp_child children[S_LISTS + 1] = {{&own, 0, NULL, 0},
        {&file, 0,
            spec->reads_files ? "How to read the file, when it does not show:" : NULL,
            S_GROUP_FILE},
        {&output, 0, NULL, S_GROUP_OUTPUT},
        {&setting, 0,
            lists.settings.count > 0 ? "Settings (environment variable, default):"
                                     : NULL,
            S_GROUP_SETTINGS},
        {0}};
    char *doc = s_doc (spec);
    struct argp argp = {.parser = s_parse,
        .args_doc = spec->arguments,
        .doc = doc,
        .children = children};
    argv[0] = (char *)spec->name;
    argp_parse (&argp, argc, argv, 0, NULL, self);
    free (doc);
    s_settings_clear (&lists.settings);
}

void
command_line_on_describe (command_describe_f *describe, void *context)
{
    s_describe = describe;
    s_context = context;
}

bool
command_line_describe (const command_t *self)
{
    if (!s_describe)
        return false;
    s_lists_t lists;
    s_lists_init (&lists, self->spec);
    s_describe (s_context, self->spec, lists.lists, S_LISTS);
    s_settings_clear (&lists.settings);
    return true;
}
