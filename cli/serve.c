/* sasrec serve. SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "actors/topology.h"
#include "base/log.h"
#include "base/log_sink.h"
#include "cli/command.h"
#include "cli/commands.h"

typedef struct {
    const char *role;
} s_options_t;

static const struct argp_option s_options[] = {
    {"role", 'r', "ROLE", 0,
        "all (the default); with Kafka also api, worker, db-writer", 0},
    {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    if (key != 'r')
        return ARGP_ERR_UNKNOWN;
    options->role = text;
    return 0;
}

static const command_spec_t s_spec = {
    .name = "sasrec serve",
    .help = "Run the service: the API and the page, jobs and answers at once, until "
            "Ctrl-C or SIGTERM.",
    .examples = "sasrec serve\n"
                "sasrec serve --http-port 8080 --ui-port 0\n"
                "KAFKA_BOOTSTRAP_SERVERS=localhost:9092 sasrec serve --role worker",
    .options = s_options,
    .parser = s_parse,
    .settings = command_all_settings,
};

int
command_serve (int argc, char **argv)
{
    s_options_t options = {.role = "all"};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    char error[160];
    int status = COMMAND_DONE;
    const char *file = config_text (self->config, CONFIG_LOG_FILE);
    const char *format = config_text (self->config, CONFIG_LOG_FORMAT);
    log_configure (config_text (self->config, CONFIG_LOG_LEVEL),
        *file && strcmp (format, "auto") == 0 ? "json" : format);
    if (log_sink_open (file, error) == -1 ||
        topology_run (self->config, options.role, error) == -1)
        status = command_fail (self, "%s", error);
    command_destroy (&self);
    return status;
}
