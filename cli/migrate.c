/* sasrec migrate. SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "store/conninfo.h"

static const struct argp_option s_options[] = {
    {"adopt", 'a', 0, 0,
        "Take over tables named interactions and predictions that another service made",
        0},
    {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    (void)text;
    command_t *self = state->input;
    if (key != 'a')
        return ARGP_ERR_UNKNOWN;
    *(bool *)self->options = true;
    return 0;
}

static const command_spec_t s_spec = {
    .name = "sasrec migrate",
    .help =
        "Create or update the tables in PostgreSQL, and the database itself when it "
        "is missing and the role may create one. Safe at each start; all or nothing.",
    .examples = "sasrec migrate\n"
                "sasrec migrate --postgres-url postgresql://me@db.example/shop",
    .options = s_options,
    .parser = s_parse,
    .settings = command_database_settings,
    .speaks_json = true,
};

int
command_migrate (int argc, char **argv)
{
    bool adopt = false;
    command_t *self = command_new (&s_spec, &adopt, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    char error[160];
    size_t applied = 0;
    int status = COMMAND_DONE;
    char *label = conninfo_label (self->conninfo);
    int rc = (adopt ? migrate_adopt : migrate_run) (self->conninfo, &applied, error);
    if (rc == -1)
        status = command_fail (self, "cannot migrate %s: %s", label, error);
    else if (self->json) {
        json_t *answer = json_pack ("{s:I}", "applied", (json_int_t)applied);
        status = command_answer (self, &answer);
    } else if (applied > 0)
        printf ("Applied %zu migration%s to %s.\n", applied, applied == 1 ? "" : "s",
            label);
    else
        printf ("The tables in %s are up to date.\n", label);
    free (label);
    command_destroy (&self);
    return status;
}
