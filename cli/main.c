/* The command. SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/commands.h"
#include "cli/suggest.h"
#include "model/kernel/blas_core.h"

typedef struct {
    const char *name;
    int (*run) (int argc, char **argv);
    const char *help;
} s_subcommand_t;

static const s_subcommand_t s_subcommands[] = {
    {"migrate", command_migrate, "create or update the tables in PostgreSQL"},
    {"seed", command_seed,
        "fill the database with made-up users, items and interactions"},
    {"import", command_import, "load interactions from a file"},
    {"export", command_export, "write the interactions to a file"},
    {"prune", command_prune, "delete old predictions"},
    {"train", command_train, "learn a model and make it the one in use"},
    {"evaluate", command_evaluate, "measure a model against data"},
    {"recommend", command_recommend, "answer one history, without a server"},
    {"serve", command_serve, "run the service"},
    {"topics", command_topics, "create the topics in Kafka"},
    {"dlq", command_dlq, "list or replay what could not be read from Kafka"},
    {"config", command_config, "show every setting, its value and where it is from"},
};
static const size_t s_count = sizeof s_subcommands / sizeof s_subcommands[0];

static int
s_help (FILE *out)
{
    fprintf (out,
        "Usage: sasrec COMMAND [OPTION...]\n"
        "A self-hosted recommender: what next, from what was done so far.\n\n");
    for (size_t i = 0; i < s_count; i++)
        fprintf (out, "  %-10s %s\n", s_subcommands[i].name, s_subcommands[i].help);
    fprintf (out, "\n  sasrec COMMAND --help     the options of a command\n"
                  "  sasrec --version          the version of the program\n");
    return out == stdout ? 0 : EX_USAGE;
}

static const s_subcommand_t *
s_find (const char *name)
{
    for (size_t i = 0; i < s_count; i++) {
        if (strcmp (s_subcommands[i].name, name) == 0)
            return &s_subcommands[i];
    }
    return NULL;
}

static int
s_unknown (const char *name)
{
    const char *names[sizeof s_subcommands / sizeof s_subcommands[0]];
    for (size_t i = 0; i < s_count; i++)
        names[i] = s_subcommands[i].name;
    const char *meant = suggest (name, names, s_count);
    fprintf (stderr, "sasrec: there is no command '%s'", name);
    if (meant)
        fprintf (stderr, "; did you mean '%s'?\n", meant);
    else
        fprintf (stderr, "; 'sasrec help' lists them\n");
    return EX_USAGE;
}

/* "sasrec help train" is "sasrec train --help". */
static int
s_help_on (const char *name)
{
    const s_subcommand_t *subcommand = s_find (name);
    char word[] = "sasrec";
    char option[] = "--help";
    char *arguments[] = {word, option, NULL};
    return subcommand ? subcommand->run (2, arguments) : s_unknown (name);
}

/* OpenBLAS makes threads while it is loaded, before main. One that took a SIGTERM would
 * end the process on the spot, so they are born with all signals blocked: this runs before
 * the constructors of the libraries, and main opens the signals again for itself. */
static sigset_t s_signals;

static void
s_before_libraries (int argc, char **argv, char **environment)
{
    (void)argc, (void)argv, (void)environment;
    sigset_t all;
    sigfillset (&all);
    sigprocmask (SIG_BLOCK, &all, &s_signals);
}

__attribute__ ((section (".preinit_array"), used)) static void (*const s_preinit) (
    int, char **, char **) = s_before_libraries;

int
main (int argc, char **argv)
{
    sigprocmask (SIG_SETMASK, &s_signals, NULL);
    blas_core_choose (argv);
    if (argc < 2)
        return s_help (stderr);
    const char *name = argv[1];
    if (strcmp (name, "help") == 0 && argc > 2)
        return s_help_on (argv[2]);
    if (strcmp (name, "help") == 0 || strcmp (name, "--help") == 0 ||
        strcmp (name, "-?") == 0 || strcmp (name, "-h") == 0)
        return s_help (stdout);
    if (strcmp (name, "--usage") == 0)
        return puts ("Usage: sasrec COMMAND [OPTION...]") == EOF;
    if (strcmp (name, "--version") == 0 || strcmp (name, "-V") == 0)
        return puts ("sasrec " SASREC_VERSION) == EOF;
    const s_subcommand_t *subcommand = s_find (name);
    return subcommand ? subcommand->run (argc - 1, argv + 1) : s_unknown (name);
}
