/* sasrec migrate. SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "store/conninfo.h"

static const command_spec_t s_spec = {
    .name = "sasrec migrate",
    .help =
        "Create or update the tables in PostgreSQL, and the database itself when it "
        "is missing and the role may create one. Safe at each start.",
    .settings = command_database_settings,
    .speaks_json = true,
};

int
command_migrate (int argc, char **argv)
{
    command_t *self = command_new (&s_spec, NULL, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    char error[160];
    size_t applied = 0;
    int status = COMMAND_DONE;
    char *label = conninfo_label (self->conninfo);
    if (migrate_run (self->conninfo, &applied, error) == -1)
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
