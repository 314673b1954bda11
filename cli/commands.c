/* The table of subcommands. SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <string.h>

const commands_row_t commands_table[] = {
    {"Data", "migrate", command_migrate, "create or update the tables in PostgreSQL"},
    {"Data", "seed", command_seed,
        "fill the database with made-up users, items and interactions"},
    {"Data", "import", command_import, "load interactions from a file"},
    {"Data", "export", command_export, "write the interactions to a file"},
    {"Data", "prune", command_prune, "delete old predictions"},
    {"Models", "train", command_train, "learn a model and make it the one in use"},
    {"Models", "evaluate", command_evaluate, "measure a model against data"},
    {"Models", "recommend", command_recommend, "answer one history, without a server"},
    {"Service", "serve", command_serve, "run the service"},
    {"Service", "probe", command_probe, "ask the running service whether it is ready"},
    {"Service", "status", command_status, "how the service is: what runs, what waits"},
    {"Service", "keys", command_keys, "create, list and revoke API keys"},
    {"Service", "topics", command_topics, "create the topics in Kafka"},
    {"Service", "dlq", command_dlq, "list or replay what could not be read from Kafka"},
    {"Help", "config", command_config,
        "show every setting, its value and where it is from"},
    {"Help", "man", command_man, "print the manual page"},
    {"Help", "completion", command_completion, "print a completion for a shell"},
};
const size_t commands_count = sizeof commands_table / sizeof commands_table[0];

const commands_row_t *
commands_find (const char *name)
{
    for (size_t i = 0; i < commands_count; i++) {
        if (strcmp (commands_table[i].name, name) == 0)
            return &commands_table[i];
    }
    return NULL;
}
