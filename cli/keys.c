/* sasrec keys. SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "store/api_keys.h"

typedef enum { S_NONE, S_CREATE, S_LIST, S_REVOKE } s_action_t;

typedef struct {
    s_action_t action;
    const char *name;
    unsigned scopes;
    rate_t rate;
} s_options_t;

enum { S_KEY_NAME = 1, S_KEY_SCOPES, S_KEY_RATE };

static const struct argp_option s_options[] = {
    {"name", S_KEY_NAME, "NAME", 0,
        "Whose key it is: 1 to 64 letters, digits, '.', '_', '-'; the log says it", 0},
    {"scopes", S_KEY_SCOPES, "LIST", 0,
        "create: what it may, of predict, read, write, admin (predict,read)", 0},
    {"rate", S_KEY_RATE, "N/s", 0,
        "create: how often, as 100/s, 600/m or 1000/h, for each process (any)", 0},
    {0}};

static s_action_t
s_action (const char *word)
{
    static const char *const words[] = {
        [S_CREATE] = "create", [S_LIST] = "list", [S_REVOKE] = "revoke"};
    for (s_action_t i = S_CREATE; i <= S_REVOKE; i++)
        if (strcmp (words[i], word) == 0)
            return i;
    return S_NONE;
}

static void
s_take_name (struct argp_state *state, s_options_t *options, const char *name)
{
    char prefix[API_KEY_PREFIX_SIZE];
    if (api_key_prefix (name, prefix))
        argp_error (state, "that is a key, and everybody here can read a command line: "
                           "revoke it, by its name ('sasrec keys list')");
    if (!api_key_name_valid (name))
        argp_error (state,
            "a name is 1 to 64 letters, digits, '.', '_' or '-', not '%.70s'", name);
    options->name = name;
}

static void
s_take_word (struct argp_state *state, s_options_t *options, const char *word)
{
    if (options->action == S_REVOKE && !options->name)
        s_take_name (state, options, word);
    else if (options->action != S_NONE || !(options->action = s_action (word)))
        argp_error (state, "what to do? say 'create', 'list' or 'revoke'");
}

static void
s_check (struct argp_state *state, const s_options_t *options)
{
    if (options->action == S_NONE)
        argp_error (state, "what to do? say 'create', 'list' or 'revoke'");
    if (options->action != S_LIST && !options->name)
        argp_error (state, "whose key? say --name NAME");
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    switch (key) {
    case S_KEY_NAME:
        s_take_name (state, options, text);
        return 0;
    case S_KEY_SCOPES:
        if (!scopes_parse (text, &options->scopes))
            argp_error (
                state, "--scopes must be of predict,read,write,admin, not '%s'", text);
        return 0;
    case S_KEY_RATE:
        if (!rate_parse (text, &options->rate))
            argp_error (
                state, "--rate must be like 100/s, 600/m or 1000/h, not '%s'", text);
        return 0;
    case ARGP_KEY_ARG:
        s_take_word (state, options, text);
        return 0;
    case ARGP_KEY_END:
        s_check (state, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const command_spec_t s_spec = {
    .name = "sasrec keys",
    .arguments = "create|list|revoke [NAME]",
    .help =
        "API keys. Once there is one, the service asks for a key; until then only who "
        "is "
        "on its machine is let in. 'create' prints a new one on standard output, once: "
        "only its hash is kept. 'revoke' ends one within 5 seconds, wherever it is "
        "used.",
    .examples = "sasrec keys create --name shop --scopes predict,write --rate 100/s\n"
                "sasrec keys list\n"
                "sasrec keys revoke shop",
    .options = s_options,
    .parser = s_parse,
    .settings = command_database_settings,
    .speaks_json = true,
};

static json_t *
s_scopes_to_json (unsigned scopes)
{
    json_t *list = json_array ();
    char word[SCOPES_TEXT_SIZE];
    for (unsigned scope = 1; scope <= SCOPE_ALL; scope <<= 1)
        if (scopes & scope)
            json_array_append_new (list, json_string (scopes_print (scope, word)));
    return list;
}

static int
s_tell_created (const command_t *self, const api_key_t *key, const char *text)
{
    char words[SCOPES_TEXT_SIZE], rate[RATE_TEXT_SIZE];
    rate_print (&key->rate, rate);
    if (self->json) {
        json_t *answer = json_pack ("{s:s,s:s,s:s,s:o,s:s}", "name", key->name, "key",
            text, "prefix", key->prefix, "scopes", s_scopes_to_json (key->scopes),
            "rate", rate);
        return command_answer (self, &answer);
    }
    if (puts (text) == EOF || fflush (stdout) == EOF)
        return command_fail (self,
            "cannot write the key (%s): revoke '%s' and create another",
            strerror (errno), key->name);
    if (!self->quiet)
        fprintf (stderr,
            "The key of %s (%s%s%s). It is shown this once: keep it where only %s "
            "reads it.\n",
            key->name, scopes_print (key->scopes, words), *rate ? ", " : "", rate,
            key->name);
    return COMMAND_DONE;
}

static int
s_create (const command_t *self, db_t *db)
{
    const s_options_t *options = self->options;
    char text[API_KEY_TEXT_SIZE];
    api_key_t key = {.scopes = options->scopes, .rate = options->rate};
    snprintf (key.name, sizeof key.name, "%s", options->name);
    api_key_init ();
    api_key_make (&key, text);
    db_status_t status = api_keys_add (db, &key);
    int rc = COMMAND_FAILED;
    if (status == DB_OK)
        rc = s_tell_created (self, &key, text);
    else if (status == DB_DATA) {
        command_fail (self, "%s has a key: revoke it first, or choose another name",
            options->name);
        rc = COMMAND_REFUSED;
    } else
        command_fail (self, "cannot keep the key: %s", db_error (db));
    api_key_forget (text, sizeof text);
    return rc;
}

static void
s_print_row (
    void *context, const api_key_t *key, const char *created, const char *revoked)
{
    char words[SCOPES_TEXT_SIZE], rate[RATE_TEXT_SIZE];
    (void)context;
    printf ("%-20s  sasrec_%s_...  %-24s  %-8s  %s%s%s\n", key->name, key->prefix,
        scopes_print (key->scopes, words), rate_print (&key->rate, rate), created,
        *revoked ? "  revoked " : "", revoked);
}

static void
s_collect_row (
    void *context, const api_key_t *key, const char *created, const char *revoked)
{
    char rate[RATE_TEXT_SIZE];
    json_array_append_new (
        context, json_pack ("{s:s,s:s,s:o,s:s,s:s,s:s*}", "name", key->name, "prefix",
                     key->prefix, "scopes", s_scopes_to_json (key->scopes), "rate",
                     rate_print (&key->rate, rate), "created_at", created, "revoked_at",
                     *revoked ? revoked : NULL));
}

static int
s_list (const command_t *self, db_t *db)
{
    json_t *keys = json_array ();
    db_status_t status =
        api_keys_list (db, self->json ? s_collect_row : s_print_row, keys);
    json_t *answer = json_pack ("{s:o}", "keys", keys);
    if (status == DB_OK && self->json)
        return command_answer (self, &answer);
    json_decref (answer);
    if (status != DB_OK)
        return command_fail (self, "cannot read the keys: %s", db_error (db));
    return fflush (stdout) == EOF ? COMMAND_FAILED : COMMAND_DONE;
}

static int
s_revoke (const command_t *self, db_t *db)
{
    const s_options_t *options = self->options;
    bool revoked = false;
    if (api_keys_revoke (db, options->name, &revoked) != DB_OK)
        return command_fail (self, "cannot revoke it: %s", db_error (db));
    if (!revoked) {
        command_fail (self, "no key of %s holds; 'sasrec keys list'", options->name);
        return COMMAND_REFUSED;
    }
    if (self->json) {
        json_t *answer = json_pack ("{s:s}", "revoked", options->name);
        return command_answer (self, &answer);
    }
    if (!self->quiet)
        fprintf (stderr, "The key of %s is refused from now on (within 5 seconds).\n",
            options->name);
    return COMMAND_DONE;
}

static int
s_run (const command_t *self, db_t *db)
{
    const s_options_t *options = self->options;
    if (options->action == S_CREATE)
        return s_create (self, db);
    return options->action == S_LIST ? s_list (self, db) : s_revoke (self, db);
}

int
command_keys (int argc, char **argv)
{
    s_options_t options = {.scopes = SCOPE_PREDICT | SCOPE_READ, .rate = {0, 1}};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    db_t *db = command_database (self);
    int status = db ? s_run (self, db) : COMMAND_FAILED;
    db_destroy (&db);
    command_destroy (&self);
    return status;
}
