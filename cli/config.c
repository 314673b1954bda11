/* sasrec config. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"

static const command_spec_t s_spec = {
    .name = "sasrec config",
    .help =
        "Show every setting: its value, where that is from (default, environment or "
        "flag), its environment variable, and what it is for. Secrets are masked.\v"
        "Each setting is a flag too, of the commands that use it.",
    .examples = "sasrec config\n"
                "sasrec config --json",
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

int
command_config (int argc, char **argv)
{
    command_t *self = command_new (&s_spec, NULL, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    int status = COMMAND_DONE;
    if (self->json) {
        json_t *answer = s_to_json (self);
        status = command_answer (self, &answer);
    } else
        s_print (self);
    command_destroy (&self);
    return status;
}
