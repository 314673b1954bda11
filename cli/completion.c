/* sasrec completion. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/command_line.h"
#include "cli/commands.h"

/* How a shell wants it; name is the command's. */
typedef struct {
    const char *shell;
    const char *quoted; /* characters that get a backslash inside its quotes */
    void (*begin) (void);
    void (*command) (const char *name);
    void (*option) (
        const char *name, const struct argp_option *option, bool takes_value);
    void (*command_end) (const command_spec_t *spec);
    void (*end) (void);
} s_shell_t;

static const s_shell_t *s_shell; /* the one that is printed */

/* The text of a help, inside single quotes. */
static void
s_put (const char *text)
{
    for (; text && *text; text++) {
        if (*text == '\'' && strcmp (s_shell->shell, "fish") != 0)
            fputs ("'\\''", stdout);
        else if (strchr (s_shell->quoted, *text))
            printf ("\\%c", *text);
        else
            putchar (*text);
    }
}

static void
s_bash_begin (void)
{
    printf ("# bash completion of sasrec\n_sasrec () {\n"
            "    local words= cur=${COMP_WORDS[COMP_CWORD]}\n"
            "    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='");
    for (size_t i = 0; i < commands_count; i++)
        printf ("%s ", commands_table[i].name);
    printf ("help'\n    else\n        case ${COMP_WORDS[1]} in\n");
}

static void
s_bash_command (const char *name)
{
    printf ("        %s) words='--help", name);
}

static void
s_bash_option (const char *name, const struct argp_option *option, bool takes_value)
{
    (void)name, (void)takes_value;
    printf (" --%s", option->name);
}

static void
s_bash_command_end (const command_spec_t *spec)
{
    (void)spec;
    printf ("' ;;\n");
}

static void
s_bash_end (void)
{
    printf ("        esac\n    fi\n"
            "    [[ $cur != -* && $COMP_CWORD != 1 ]] ||\n"
            "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
            "}\ncomplete -o default -F _sasrec sasrec\n");
}

static void
s_zsh_begin (void)
{
    printf ("#compdef sasrec\n_sasrec () {\n    if (( CURRENT == 2 )); then\n"
            "        local -a commands=(\n");
    for (size_t i = 0; i < commands_count; i++) {
        printf ("            '%s:", commands_table[i].name);
        s_put (commands_table[i].help);
        printf ("'\n");
    }
    printf ("        )\n        _describe command commands\n        return\n    fi\n"
            "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n"
            "    case $command in\n");
}

static void
s_zsh_command (const char *name)
{
    printf ("    %s) _arguments '--help[this command]'", name);
}

static void
s_zsh_option (const char *name, const struct argp_option *option, bool takes_value)
{
    (void)name;
    printf (" \\\n        '--%s%s[", option->name, takes_value ? "=" : "");
    s_put (option->doc);
    printf ("]%s'", takes_value ? ":value:_files" : "");
}

static void
s_zsh_command_end (const command_spec_t *spec)
{
    printf ("%s ;;\n", spec->arguments ? " \\\n        '*:file:_files'" : "");
}

static void
s_zsh_end (void)
{
    printf ("    esac\n}\n_sasrec \"$@\"\n");
}

static void
s_fish_begin (void)
{
    printf ("# fish completion of sasrec\n");
    for (size_t i = 0; i < commands_count; i++) {
        printf ("complete -c sasrec -n __fish_use_subcommand -f -a %s -d '",
            commands_table[i].name);
        s_put (commands_table[i].help);
        printf ("'\n");
    }
}

static void
s_fish_option (const char *name, const struct argp_option *option, bool takes_value)
{
    printf ("complete -c sasrec -n '__fish_seen_subcommand_from %s' -l %s%s -d '", name,
        option->name, takes_value ? " -r" : "");
    s_put (option->doc);
    printf ("'\n");
}

static void
s_nothing (void)
{
}

static void
s_fish_command (const char *name)
{
    (void)name;
}

static void
s_fish_command_end (const command_spec_t *spec)
{
    (void)spec;
}

static const s_shell_t s_shells[] = {
    {"bash", "", s_bash_begin, s_bash_command, s_bash_option, s_bash_command_end,
        s_bash_end},
    {"zsh", "[]:", s_zsh_begin, s_zsh_command, s_zsh_option, s_zsh_command_end,
        s_zsh_end},
    {"fish", "'\\", s_fish_begin, s_fish_command, s_fish_option, s_fish_command_end,
        s_nothing},
};

static void
s_list (const char *name, const struct argp_option *list)
{
    bool takes_value = false;
    for (; list->name || list->key || list->doc; list++) {
        if (!(list->flags & OPTION_ALIAS))
            takes_value = list->arg && !(list->flags & OPTION_ARG_OPTIONAL);
        if (list->name && !(list->flags & OPTION_HIDDEN))
            s_shell->option (name, list, takes_value);
    }
}

/* context: the command's row. */
static void
s_command (void *context, const command_spec_t *spec,
    const struct argp_option *const *lists, size_t count)
{
    const commands_row_t *row = context;
    s_shell->command (row->name);
    for (size_t i = 0; i < count; i++)
        s_list (row->name, lists[i]);
    s_shell->command_end (spec);
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    if (key == ARGP_KEY_NO_ARGS)
        argp_error (state, "for which shell? bash, zsh or fish");
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    for (size_t i = 0; i < sizeof s_shells / sizeof s_shells[0]; i++) {
        if (strcmp (s_shells[i].shell, text) == 0)
            s_shell = &s_shells[i];
    }
    if (!s_shell)
        argp_error (state, "the shell must be bash, zsh or fish, not '%s'", text);
    return 0;
}

static const command_spec_t s_spec = {
    .name = "sasrec completion",
    .arguments = "SHELL",
    .help = "Print the completion of commands and options for bash, zsh or fish.",
    .examples = "source <(sasrec completion bash)\n"
                "sasrec completion fish > ~/.config/fish/completions/sasrec.fish",
    .parser = s_parse,
};

int
command_completion (int argc, char **argv)
{
    command_t *self = command_new (&s_spec, NULL, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    s_shell->begin ();
    for (size_t i = 0; i < commands_count; i++) {
        commands_row_t row = commands_table[i];
        command_line_on_describe (s_command, &row);
        row.run (1, argv);
    }
    command_line_on_describe (NULL, NULL);
    s_shell->end ();
    command_destroy (&self);
    return COMMAND_DONE;
}
