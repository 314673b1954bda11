/* sasrec prune. SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "base/timestamp.h"
#include "store/retention.h"

#define PORTION_MS 2000 /* no statement is to lock rows for longer */

typedef struct {
    const char *before;
    int64_t before_us;
} s_options_t;

static const struct argp_option s_options[] = {
    {"before", 'b', "DATE", 0,
        "2026-02-28 or 2026-02-28T09:30:00Z; a day begins in UTC", 0},
    {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    if (key == 'b') {
        options->before = text;
        if (timestamp_parse (text, &options->before_us) == -1)
            argp_error (
                state, "--before must be a date like 2026-02-28, not '%s'", text);
        return 0;
    }
    if (key == ARGP_KEY_END && !options->before)
        argp_error (state, "--before DATE is missing");
    return ARGP_ERR_UNKNOWN;
}

static const command_spec_t s_spec = {
    .name = "sasrec prune",
    .help =
        "Delete predictions made before a date that are finished (completed, failed or "
        "expired). Pending ones stay.",
    .examples = "sasrec prune --before 2026-02-28",
    .options = s_options,
    .parser = s_parse,
    .settings = command_database_settings,
    .speaks_json = true,
};

static int
s_answer (const command_t *self, const char *date, size_t count, size_t left)
{
    if (self->json) {
        json_t *answer = json_pack ("{s:s,s:I,s:I}", "before", date, "deleted",
            (json_int_t)count, "left", (json_int_t)left);
        return command_answer (self, &answer);
    }
    printf ("Deleted %zu prediction%s made before %s.\n", count, count == 1 ? "" : "s",
        date);
    if (left > 0)
        printf (
            "%zu could not be deleted: something in the database refuses it.\n", left);
    return COMMAND_DONE;
}

static int
s_run (const command_t *self, db_t *db)
{
    const s_options_t *options = self->options;
    char date[TIMESTAMP_SIZE];
    size_t count = 0;
    db_status_t status = DB_OK;
    timestamp_format (options->before_us, date);
    retention_t *sweep = retention_new (db, date, PORTION_MS, false);
    while (status == DB_OK && !retention_done (sweep)) {
        size_t deleted;
        status = retention_step (sweep, &deleted);
        count += deleted;
    }
    size_t left = retention_left (sweep);
    retention_destroy (&sweep);
    if (status != DB_OK)
        return command_fail (
            self, "cannot delete more than %zu: %s", count, db_error (db));
    return s_answer (self, date, count, left);
}

int
command_prune (int argc, char **argv)
{
    s_options_t options = {0};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    db_t *db = command_database (self);
    int status = db ? s_run (self, db) : COMMAND_FAILED;
    db_destroy (&db);
    command_destroy (&self);
    return status;
}
