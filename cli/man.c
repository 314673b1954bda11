/* sasrec man. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/command_line.h"
#include "cli/commands.h"

static const command_spec_t s_spec = {
    .name = "sasrec man",
    .help = "Print the manual page, in the language of man: all commands and options.",
    .examples = "sasrec man | man -l -",
};

/* Text for troff: nothing of it is a request, dashes are those that are typed. */
static void
s_put (const char *text, size_t length)
{
    bool line_begins = true;
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        if (line_begins && (byte == '.' || byte == '\''))
            fputs ("\\&", stdout);
        if (byte == '-')
            fputs ("\\-", stdout);
        else if (byte == '\\')
            fputs ("\\e", stdout);
        else
            putchar (byte);
        line_begins = byte == '\n';
    }
}

static void
s_text (const char *text)
{
    s_put (text, strlen (text));
}

static void
s_option (const struct argp_option *option, const char *arg)
{
    bool has_letter = option->key > ' ' && option->key < 0x7f;
    printf (".TP\n");
    if (has_letter)
        printf ("\\fB\\-%c\\fR%s", option->key, option->name ? ", " : "");
    if (option->name) {
        printf ("\\fB\\-\\-");
        s_text (option->name);
        printf ("\\fR");
    }
    if (arg)
        printf ("=\\fI%s\\fR", arg);
    printf ("\n");
    s_text (option->doc ? option->doc : "The same.");
    printf ("\n");
}

static void
s_options (const struct argp_option *list)
{
    const char *arg = NULL;
    for (; list->name || list->key || list->doc; list++) {
        if (!(list->flags & OPTION_ALIAS))
            arg = list->arg;
        if (list->name && !(list->flags & OPTION_HIDDEN))
            s_option (list, arg);
        else if (!list->name && list->doc) {
            printf (".PP\n");
            s_text (list->doc);
            printf ("\n");
        }
    }
}

/* The settings are the last list, and a section of their own. */
static void
s_command (void *context, const command_spec_t *spec,
    const struct argp_option *const *lists, size_t count)
{
    (void)context;
    const char *rest = strchr (spec->help, '\v');
    printf (".SS \"%s [OPTION...]%s%s\"\n", spec->name, spec->arguments ? " " : "",
        spec->arguments ? spec->arguments : "");
    s_put (spec->help, rest ? (size_t)(rest - spec->help) : strlen (spec->help));
    printf ("\n");
    for (size_t i = 0; i + 1 < count; i++)
        s_options (lists[i]);
    if (rest) {
        printf (".PP\n");
        s_text (rest + 1);
        printf ("\n");
    }
    if (spec->examples) {
        printf (".PP\nExamples:\n.PP\n.EX\n");
        s_text (spec->examples);
        printf ("\n.EE\n");
    }
}

static void
s_setting (const config_item_t *item)
{
    printf (".TP\n\\fB%s\\fR, \\fB\\-\\-", item->env);
    s_text (item->flag);
    printf ("\\fR\n");
    s_text (item->help);
    if (*item->fallback) {
        printf (" (");
        s_text (item->fallback);
        printf (")");
    }
    printf ("\n");
}

static void
s_settings (void)
{
    printf (
        ".SH ENVIRONMENT\nEach is also an option of the commands that use it, which "
        "wins over the variable, and a line of the file below, over which the variable "
        "wins.\n");
    for (int i = 0; i < CONFIG_COUNT; i++)
        s_setting (config_item ((config_key_t)i));
}

static void
s_files (void)
{
    printf (".SH FILES\n.TP\n%s\n"
            "Lines NAME=VALUE with the names above; \\(aqsasrec config "
            "\\-\\-check\\(aq says what is wrong with it, \\(aqsasrec config "
            "\\-\\-template\\(aq prints one to start from.\n",
        config_item (CONFIG_FILE)->fallback);
}

static void
s_statuses (void)
{
    printf (".SH \"EXIT STATUS\"\n"
            ".TP\n0\nDone; also when nothing was left to do.\n"
            ".TP\n1\nNot possible here: no database, no model, no disk.\n"
            ".TP\n2\nThe input was refused, and nothing was changed.\n"
            ".TP\n64\nWrong usage.\n");
}

int
command_man (int argc, char **argv)
{
    command_t *self = command_new (&s_spec, NULL, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    printf (".TH SASREC 1 \"\" \"sasrec " SASREC_VERSION "\"\n"
            ".SH NAME\nsasrec \\- a self\\-hosted recommender\n"
            ".SH SYNOPSIS\n.B sasrec\n.I COMMAND\n[OPTION...]\n"
            ".SH DESCRIPTION\nLearns from what people did in which order, and answers "
            "what comes next. Interactions are in PostgreSQL, or in files.\n"
            ".SH COMMANDS\n");
    command_line_on_describe (s_command, NULL);
    for (size_t i = 0; i < commands_count; i++)
        commands_table[i].run (1, argv);
    command_line_on_describe (NULL, NULL);
    s_settings ();
    s_files ();
    s_statuses ();
    command_destroy (&self);
    return COMMAND_DONE;
}
