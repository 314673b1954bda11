/* sasrec status. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/status_view.h"
#include "store/conninfo.h"
#include "store/migrate.h"

#define WRONG        3 /* status: something is */
#define ASK_MS       2000
#define STATEMENT_MS 3000
#define LATE_S       60 /* a request that waits for longer is news */

typedef struct {
    const char *admins[STATUS_PEER_LIMIT];
    size_t admin_count; /* 0: where the roles have them unless told otherwise */
} s_options_t;

static const struct argp_option s_options[] = {
    {"admin", 'a', "HOST:PORT", 0,
        "Where a process has its probes; once for each. Else 8004 here, and with Kafka "
        "also 8001, 8002 and 8003",
        0},
    {0}};

static bool
s_is_address (const char *text)
{
    char *end = NULL;
    const char *colon = strrchr (text, ':');
    long port = colon && colon != text ? strtol (colon + 1, &end, 10) : 0;
    return port > 0 && port <= 65535 && !*end && !strpbrk (text, "/@?# ");
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    s_options_t *options = ((command_t *)state->input)->options;
    if (key != 'a')
        return ARGP_ERR_UNKNOWN;
    if (!s_is_address (text) || strlen (text) > 260)
        argp_error (state, "--admin must be like localhost:8004, not '%s'", text);
    if (options->admin_count == STATUS_PEER_LIMIT)
        argp_error (state, "--admin: at most %d processes", STATUS_PEER_LIMIT);
    options->admins[options->admin_count++] = text;
    return 0;
}

static const config_key_t s_settings[] = {CONFIG_POSTGRES_URL, CONFIG_PGHOST,
    CONFIG_PGPORT, CONFIG_PGUSER, CONFIG_PGDATABASE, CONFIG_PGPASSWORD, CONFIG_SCHEMA,
    CONFIG_KAFKA_BOOTSTRAP_SERVERS, CONFIG_ADMIN_PORT, CONFIG_ADMIN_BIND, CONFIG_COUNT};

static const command_spec_t s_spec = {
    .name = "sasrec status",
    .help =
        "One screen for whoever is on call: which processes run, since when and with "
        "which model, what waits, what went wrong last. Asks the processes at their "
        "admin ports, and the database; either may be away, which is said. The "
        "status is 3 when something is wrong.",
    .examples = "sasrec status\n"
                "sasrec status --admin api-1:8004 --admin worker-1:8001 "
                "--admin writer:8002",
    .options = s_options,
    .parser = s_parse,
    .settings = s_settings,
    .speaks_json = true,
};

/* Asking */

static void
s_ask (status_view_t *view, const char *host, int64_t port)
{
    assert (view->peer_count < STATUS_PEER_LIMIT);
    peer_t *peer = &view->peers[view->peer_count++];
    peer_ask (peer, host, port, ASK_MS);
}

static bool
s_has_role (const status_view_t *view, const char *role)
{
    for (size_t i = 0; i < view->peer_count; i++)
        if (strcmp (peer_text (&view->peers[i], "role"), role) == 0)
            return true;
    return false;
}

/* With Kafka the roles may be processes of this machine; if only this one is there it may
 * be all of them. */
static void
s_ask_roles (const command_t *self, status_view_t *view)
{
    static const int64_t ports[] = {8001, 8003, 8002};
    const char *host = config_text (self->config, CONFIG_ADMIN_BIND);
    if (strcmp (host, "0.0.0.0") == 0 || strcmp (host, "::") == 0)
        host = "localhost";
    s_ask (view, host, config_integer (self->config, CONFIG_ADMIN_PORT));
    bool kafka = *config_text (self->config, CONFIG_KAFKA_BOOTSTRAP_SERVERS);
    for (size_t i = 0; kafka && i < sizeof ports / sizeof ports[0]; i++) {
        s_ask (view, host, ports[i]);
        if (view->peers[view->peer_count - 1].reached)
            continue;
        peer_clear (&view->peers[--view->peer_count]);
        view->peers[view->peer_count] = (peer_t){0};
    }
}

static void
s_ask_peers (const command_t *self, status_view_t *view)
{
    const s_options_t *options = self->options;
    char host[300];
    for (size_t i = 0; i < options->admin_count; i++) {
        const char *colon = strrchr (options->admins[i], ':');
        snprintf (host, sizeof host, "%.*s", (int)(colon - options->admins[i]),
            options->admins[i]);
        s_ask (view, host, strtol (colon + 1, NULL, 10));
    }
    if (options->admin_count == 0)
        s_ask_roles (self, view);
}

static void
s_ask_database (const command_t *self, status_view_t *view)
{
    db_t *db = db_new (self->conninfo, s_spec.name, STATEMENT_MS);
    view->database = conninfo_label (self->conninfo);
    db_mute (db);
    bool there = db_ensure (db);
    bool current = there && migrate_current (db);
    view->database_read = current && overview_read (db, &view->overview) == DB_OK;
    if (there && !current)
        snprintf (view->database_error, sizeof view->database_error,
            "its tables are not current: run 'sasrec migrate'");
    else if (!view->database_read)
        snprintf (
            view->database_error, sizeof view->database_error, "%.150s", db_error (db));
    db_destroy (&db);
}

/* Judging */

static void __attribute__ ((format (printf, 2, 3)))
s_tell (status_view_t *view, const char *format, ...)
{
    char text[800];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    json_t *problem = json_string (text);
    json_array_append_new (view->problems, problem ? problem : json_string ("?"));
}

static void
s_judge_checks (status_view_t *view, const peer_t *peer)
{
    size_t i;
    const json_t *check;
    json_array_foreach (
        peer_checks (peer), i, check) if (!json_is_true (json_object_get (check, "ok")))
        s_tell (view, "%s at %s: %s: %s", peer_text (peer, "role"), peer->address,
            json_string_value (json_object_get (check, "name")),
            json_string_value (json_object_get (check, "reason")));
}

static void
s_judge_peer (status_view_t *view, const peer_t *peer)
{
    const char *reason;
    size_t before = json_array_size (view->problems);
    if (!peer->reached) {
        s_tell (view, "no process at %s (%s)", peer->address, peer->error);
        return;
    }
    s_judge_checks (view, peer);
    if (!peer_ready (peer, &reason) && json_array_size (view->problems) == before)
        s_tell (view, "%s at %s is not ready: %s", peer_text (peer, "role"),
            peer->address, reason);
}

static void
s_judge_models (status_view_t *view)
{
    const peer_t *first = NULL;
    for (size_t i = 0; i < view->peer_count; i++) {
        const peer_t *peer = &view->peers[i];
        const char *model = peer_text (peer, "model_version");
        if (*model && !first)
            first = peer;
        else if (*model && strcmp (model, peer_text (first, "model_version")) != 0)
            s_tell (view, "%s has the model %s, %s has %s", first->address,
                peer_text (first, "model_version"), peer->address, model);
    }
}

/* An api process is nothing without the others. */
static void
s_judge_roles (status_view_t *view)
{
    static const char *const others[] = {"worker", "db-writer"};
    for (size_t i = 0; s_has_role (view, "api") && i < 2; i++)
        if (!s_has_role (view, others[i]))
            s_tell (view, "no %s was found; where there is one, say --admin HOST:PORT",
                others[i]);
}

static void
s_judge_requests (status_view_t *view)
{
    if (!view->database_read)
        s_tell (view, "%s: %s", view->database, view->database_error);
    else if (view->overview.oldest_s > LATE_S)
        s_tell (view, "%zu requests wait, the oldest for %.0f s",
            view->overview.pending, view->overview.oldest_s);
}

static int
s_run (const command_t *self, status_view_t *view)
{
    s_ask_peers (self, view);
    s_ask_database (self, view);
    for (size_t i = 0; i < view->peer_count; i++)
        s_judge_peer (view, &view->peers[i]);
    s_judge_roles (view);
    s_judge_models (view);
    s_judge_requests (view);
    int status = json_array_size (view->problems) > 0 ? WRONG : COMMAND_DONE;
    if (!self->json) {
        status_view_print (view);
        return status;
    }
    json_t *answer = status_view_json (view);
    return command_answer (self, &answer) == COMMAND_DONE ? status : COMMAND_FAILED;
}

int
command_status (int argc, char **argv)
{
    s_options_t options = {.admin_count = 0};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    status_view_t view = {.problems = json_array ()};
    int status = s_run (self, &view);
    for (size_t i = 0; i < view.peer_count; i++)
        peer_clear (&view.peers[i]);
    json_decref (view.problems);
    free (view.database);
    command_destroy (&self);
    return status;
}
