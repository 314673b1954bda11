/* Options and variables that are not ours. SPDX-License-Identifier: Apache-2.0 */
#include "cli/unknown.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/suggest.h"

enum { S_WORDS_MOST = 128 };

/* argp's own. */
static const struct argp_option s_argp_options[] = {{"help", '?', 0, 0, 0, 0},
    {"usage", 0, 0, 0, 0, 0}, {"version", 'V', 0, 0, 0, 0}, {0}};

static bool
s_is_end (const struct argp_option *option)
{
    return !option->name && !option->key && !option->doc;
}

/* An alias takes what the option before it takes. */
static bool
s_takes_value (const struct argp_option *list, const struct argp_option *option)
{
    while (option > list && option->flags & OPTION_ALIAS)
        option--;
    return option->arg && !(option->flags & OPTION_ARG_OPTIONAL);
}

typedef struct {
    bool known;
    bool takes_value;
} s_found_t;

static void
s_look_in (const struct argp_option *list, const char *arg, s_found_t *found)
{
    bool is_long = strncmp (arg, "--", 2) == 0;
    size_t length = strcspn (arg + 2 * is_long, "=");
    for (const struct argp_option *option = list; !s_is_end (option); option++) {
        bool same = is_long
                        ? option->name && strncmp (option->name, arg + 2, length) == 0
                        : option->key == arg[1] && !arg[2];
        if (!same)
            continue;
        found->known = true;
        found->takes_value = s_takes_value (list, option);
        if (is_long && strlen (option->name) == length)
            return;
    }
}

static s_found_t
s_look (unknown_options_t known, const char *arg)
{
    s_found_t found = {0};
    s_look_in (s_argp_options, arg, &found);
    for (size_t i = 0; i < known.count && !found.known; i++)
        s_look_in (known.lists[i], arg, &found);
    return found;
}

static const char *
s_suggest (unknown_options_t known, const char *arg)
{
    char typed[33];
    const char *words[S_WORDS_MOST];
    size_t count = 0;
    snprintf (typed, sizeof typed, "%.*s", (int)strcspn (arg + 2, "="), arg + 2);
    for (size_t i = 0; i < known.count; i++) {
        const struct argp_option *option = known.lists[i];
        for (; !s_is_end (option) && count < S_WORDS_MOST; option++) {
            if (option->name && !(option->flags & OPTION_HIDDEN))
                words[count++] = option->name;
        }
    }
    return suggest (typed, words, count);
}

const char *
unknown_option (unknown_options_t known, int argc, char **argv, const char **meant)
{
    for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++) {
        const char *arg = argv[i];
        if (arg[0] != '-' || !arg[1])
            continue;
        s_found_t found = s_look (known, arg);
        if (found.takes_value && !strchr (arg, '='))
            i++;
        if (!found.known && arg[1] == '-') {
            *meant = s_suggest (known, arg);
            return arg;
        }
    }
    return NULL;
}

/* Of ops/ and tests/, whose scripts run us. */
static bool
s_is_of_scripts (const char *name, size_t length)
{
    static const char *const names[] = {"SASREC_RUN", "SASREC_BUILD", "SASREC_DATA",
        "SASREC_PGPORT", "SASREC_PEERS_PYTHON", "SASREC_SANITIZE", "SASREC_MARTS",
        "SASREC_METRICS", "SASREC_WORKER_1_PORT", "SASREC_WORKER_2_PORT",
        "SASREC_DB_WRITER_PORT", "SASREC_NODE_EXPORTER_PORT"};
    static const char *const prefixes[] = {
        "SASREC_KAFKA_", "SASREC_DBT_", "SASREC_PROMETHEUS_"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen (names[i]) == length && strncmp (names[i], name, length) == 0)
            return true;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp (name, prefixes[i], strlen (prefixes[i])) == 0)
            return true;
    return false;
}

/* The variable SASREC_..., up to its "="; false: it is ours. */
static bool
s_is_unknown (const char *variable, char name[65])
{
    size_t length = strcspn (variable, "=");
    snprintf (name, 65, "%.*s", length < 64 ? (int)length : 64, variable);
    return config_find (name) == CONFIG_COUNT && !s_is_of_scripts (name, strlen (name));
}

static void
s_tell (const char *command, const char *name)
{
    const char *names[CONFIG_COUNT];
    for (int i = 0; i < CONFIG_COUNT; i++)
        names[i] = config_item ((config_key_t)i)->env;
    const char *meant = suggest (name, names, CONFIG_COUNT);
    fprintf (stderr, "%s: the variable %s is none of ours", command, name);
    if (meant)
        fprintf (stderr, "; did you mean %s?\n", meant);
    else
        fprintf (stderr, "; 'sasrec config' lists them\n");
}

size_t
unknown_variables (const char *command)
{
    size_t count = 0;
    for (char **at = environ; *at; at++) {
        char name[65];
        if (strncmp (*at, "SASREC_", 7) != 0 || !s_is_unknown (*at, name))
            continue;
        if (command)
            s_tell (command, name);
        count++;
    }
    return count;
}
