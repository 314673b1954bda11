/* sasrec config. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "actors/topology.h"
#include "cli/command.h"
#include "cli/commands.h"

typedef struct {
    bool check;
    bool template;
} s_options_t;

static const struct argp_option s_options[] = {
    {"check", 'c', 0, 0, "Only say what is wrong with them; status 1: something is", 0},
    {"template", 't', 0, 0,
        "Print a file of settings to start from: all of them, explained; those that "
        "are "
        "not given as options are commented out",
        0},
    {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    (void)text;
    command_t *self = state->input;
    s_options_t *options = self->options;
    if (key == 'c')
        options->check = true;
    else if (key == 't')
        options->template = true;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const command_spec_t s_spec = {
    .name = "sasrec config",
    .help = "Show every setting: its value, where that is from (default; config, the "
            "file; environment; flag), its environment variable, and what it is for. "
            "Secrets are masked.\v"
            "Each setting is a flag too, of the commands that use it. A flag beats the "
            "environment, which beats the file, which beats the default.",
    .examples = "sasrec config\n"
                "sasrec config --json\n"
                "sasrec config --check --config /etc/sasrec/sasrec.conf\n"
                "sasrec config --template --pghost db > sasrec.conf",
    .options = s_options,
    .parser = s_parse,
    .settings = command_all_settings,
    .speaks_json = true,
};

static const char *
s_shown (const command_t *self, config_key_t key)
{
    const char *value = config_text (self->config, key);
    return config_item (key)->secret && *value ? "********" : value;
}

static json_t *
s_to_json (const command_t *self)
{
    json_t *settings = json_array ();
    for (int key = 0; key < CONFIG_COUNT; key++) {
        const config_item_t *item = config_item ((config_key_t)key);
        json_array_append_new (
            settings, json_pack ("{s:s,s:s,s:s,s:s,s:s}", "name", item->flag, "value",
                          s_shown (self, (config_key_t)key), "origin",
                          config_origin (self->config, (config_key_t)key), "env",
                          item->env, "help", item->help));
    }
    return json_pack ("{s:o}", "settings", settings);
}

static void
s_print (const command_t *self)
{
    printf ("%-24s %-24s %-12s %-26s %s\n", "SETTING", "VALUE", "ORIGIN", "ENVIRONMENT",
        "HELP");
    for (int key = 0; key < CONFIG_COUNT; key++) {
        const config_item_t *item = config_item ((config_key_t)key);
        const char *value = s_shown (self, (config_key_t)key);
        printf ("%-24s %-24s %-12s %-26s %s\n", item->flag, *value ? value : "-",
            config_origin (self->config, (config_key_t)key), item->env, item->help);
    }
}

/* The help as a comment, in lines. */
static void
s_print_help (const char *help)
{
    enum { WIDTH = 88 };
    while (*help) {
        size_t length = strlen (help);
        if (length > WIDTH) {
            length = WIDTH;
            while (help[length] != ' ')
                length--;
        }
        printf ("# %.*s\n", (int)length, help);
        help += length + (help[length] == ' ');
    }
}

static int
s_print_template (const command_t *self)
{
    printf ("# Settings of sasrec, NAME=VALUE. The environment and the options of a "
            "command win over them.\n"
            "# 'sasrec config --check' says what is wrong with this file, 'sasrec "
            "config' what counts.\n");
    for (int i = 0; i < CONFIG_COUNT; i++) {
        config_key_t key = (config_key_t)i;
        const config_item_t *item = config_item (key);
        bool chosen = strcmp (config_origin (self->config, key), "flag") == 0;
        if (key == CONFIG_FILE)
            continue;
        puts ("");
        s_print_help (item->help);
        if (item->secret)
            printf ("#%s_FILE=\n#%s=\n", item->env, item->env);
        else
            printf ("%s%s=%s\n", chosen ? "" : "#", item->env,
                chosen ? config_text (self->config, key) : item->fallback);
    }
    return COMMAND_DONE;
}

/* A password in a file that everybody may read. */
static int
s_check_rights (const command_t *self)
{
    struct stat file;
    const char *path = config_text (self->config, CONFIG_FILE);
    if (stat (path, &file) == -1 || !(file.st_mode & S_IROTH))
        return COMMAND_DONE;
    for (int i = 0; i < CONFIG_COUNT; i++) {
        config_key_t key = (config_key_t)i;
        if (config_item (key)->secret &&
            strcmp (config_origin (self->config, key), "config") == 0)
            return command_fail (self,
                "%s holds %s, and everybody may read it: chmod o-r", path,
                config_item (key)->env);
    }
    return COMMAND_DONE;
}

/* What reading them did not find: what only its user understands. (The connection string
 * is every command's to check, and names of the environment are told by each.) */
static int
s_check (const command_t *self)
{
    char error[160];
    int status = s_check_rights (self);
    if (topology_check (self->config, error) == -1 ||
        topology_load_certificate (self->config, error) == -1)
        status = command_fail (self, "%s", error);
    if (self->unknown_variables > 0)
        status = COMMAND_FAILED;
    if (status != COMMAND_DONE)
        return status;
    if (!self->json)
        return puts ("The settings are good.") == EOF;
    json_t *answer = json_pack ("{s:b}", "good", 1);
    return command_answer (self, &answer);
}

static int
s_show (const command_t *self)
{
    if (!self->json) {
        s_print (self);
        return COMMAND_DONE;
    }
    json_t *answer = s_to_json (self);
    return command_answer (self, &answer);
}

int
command_config (int argc, char **argv)
{
    s_options_t options = {0};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    int status = options.check      ? s_check (self)
                 : options.template ? s_print_template (self)
                                    : s_show (self);
    command_destroy (&self);
    return status;
}
