/* The command. SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/commands.h"
#include "base/suggest.h"
#include "model/kernel/blas_core.h"

static int
s_help (FILE *out)
{
    fprintf (out, "Usage: sasrec COMMAND [OPTION...]\n"
                  "A self-hosted recommender: what next, from what was done so far.\n");
    const char *group = "";
    for (size_t i = 0; i < commands_count; i++) {
        const commands_row_t *row = &commands_table[i];
        if (strcmp (row->group, group) != 0)
            fprintf (out, "\n%s:\n", row->group);
        group = row->group;
        fprintf (out, "  %-10s %s\n", row->name, row->help);
    }
    fprintf (out,
        "\n  sasrec COMMAND --help     the options of a command, with examples\n"
        "  sasrec --version          the version of the program\n"
        "\nTo begin with:\n"
        "  sasrec migrate && sasrec seed && sasrec train && sasrec serve\n");
    return out == stdout ? 0 : EX_USAGE;
}

static int
s_unknown (const char *name)
{
    const char *names[32];
    size_t count = 0;
    for (; count < commands_count && count < 32; count++)
        names[count] = commands_table[count].name;
    const char *meant = suggest (name, names, count);
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
    const commands_row_t *row = commands_find (name);
    char word[] = "sasrec";
    char option[] = "--help";
    char *arguments[] = {word, option, NULL};
    return row ? row->run (2, arguments) : s_unknown (name);
}

/* An answer that could not be written is a failure, also the help that argp prints. */
static void
s_close_stdout (void)
{
    if (fflush (stdout) == 0 && !ferror (stdout))
        return;
    fprintf (stderr, "sasrec: cannot write the answer: %s\n", strerror (errno));
    _exit (EXIT_FAILURE);
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
    atexit (s_close_stdout);
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
    const commands_row_t *row = commands_find (name);
    return row ? row->run (argc - 1, argv + 1) : s_unknown (name);
}
