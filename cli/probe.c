/* sasrec probe. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/http_get.h"

#define TIMEOUT_MS 3000

typedef struct {
    bool live;
} s_options_t;

static const struct argp_option s_options[] = {
    {"live", 'l', NULL, 0, "ask only whether it runs, not whether it is ready", 0},
    {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    (void)text;
    command_t *self = state->input;
    s_options_t *options = self->options;
    if (key != 'l')
        return ARGP_ERR_UNKNOWN;
    options->live = true;
    return 0;
}

static const config_key_t s_settings[] = {
    CONFIG_ADMIN_PORT, CONFIG_ADMIN_BIND, CONFIG_COUNT};

static const command_spec_t s_spec = {
    .name = "sasrec probe",
    .help =
        "Ask the running service on this machine whether it is ready, at its port of "
        "the probes: the health check of a container, which has no shell. The status "
        "is 0 when it is; else 1, and the parts that are away are told.",
    .examples = "sasrec probe\n"
                "sasrec probe --admin-port 8001",
    .options = s_options,
    .parser = s_parse,
    .settings = s_settings,
};

static int
s_run (const command_t *self)
{
    const s_options_t *options = self->options;
    const char *path = options->live ? "/livez" : "/readyz?verbose";
    int64_t port = config_integer (self->config, CONFIG_ADMIN_PORT);
    if (port == 0)
        return command_fail (self, "--admin-port is 0: there is no port to ask");
    char *body;
    char error[160];
    int status = http_get (config_text (self->config, CONFIG_ADMIN_BIND), port, path,
        TIMEOUT_MS, &body, error);
    if (status == -1)
        return command_fail (self, "%s", error);
    if (status == 200)
        fputs (body, stdout);
    else {
        command_fail (self, "not ready (%s answers %d)", path, status);
        fputs (body, stderr);
    }
    free (body);
    return status == 200 ? COMMAND_DONE : COMMAND_FAILED;
}

int
command_probe (int argc, char **argv)
{
    s_options_t options = {0};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    int status = s_run (self);
    command_destroy (&self);
    return status;
}
