/* sasrec seed. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "demo/catalog.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "demo/simulate.h"
#include "store/interactions.h"
#include "store/items.h"

#define S_IMPORT_NAME  "seed"
#define S_ITEM_PORTION 10000 /* in one statement */

enum { S_KEY_USERS = 0x100, S_KEY_ITEMS, S_KEY_SEED, S_KEY_APPEND };

typedef struct {
    size_t users;
    size_t items;
    uint64_t seed;
    bool append;
} s_options_t;

static const struct argp_option s_options[] = {
    {"users", S_KEY_USERS, "N", 0, "Users, user_1 to user_N (100)", 0},
    {"items", S_KEY_ITEMS, "N", 0, "Items, 1 to N, at least 30 (500)", 0},
    {"seed", S_KEY_SEED, "N", 0, "The same number gives the same data (1)", 0},
    {"append", S_KEY_APPEND, 0, 0, "Also when the database has interactions", 0},
    {"force", 0, 0, OPTION_ALIAS, 0, 0}, {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    if (key == S_KEY_USERS)
        options->users = (size_t)command_integer (state, "--users", text, 1, 10000000);
    else if (key == S_KEY_ITEMS)
        options->items = (size_t)command_integer (
            state, "--items", text, CATALOG_ITEM_LEAST, 10000000);
    else if (key == S_KEY_SEED)
        options->seed = (uint64_t)command_integer (state, "--seed", text, 0, INT64_MAX);
    else if (key == S_KEY_APPEND)
        options->append = true;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const command_spec_t s_spec = {
    .name = "sasrec seed",
    .help =
        "Fill the database with a made-up library: books in series, and readers who "
        "follow two series at a time.\vA database that has interactions is "
        "left as it is.",
    .examples = "sasrec seed\n"
                "sasrec seed --users 10000 --items 2000 --seed 7",
    .options = s_options,
    .parser = s_parse,
    .settings = command_database_settings,
    .speaks_json = true,
};

/* 1 yes, 0 no, -1 after saying what is wrong. */
static int
s_has_interactions (const command_t *self, db_t *db)
{
    char **users = NULL;
    size_t count = 0;
    if (interactions_users (db, "", "", 1, &users, &count) != DB_OK) {
        command_fail (self, "cannot read the interactions: %s", db_error (db));
        return -1;
    }
    interactions_users_free (&users, count);
    return count > 0;
}

static char *
s_describe (const catalog_t *catalog, size_t i)
{
    strbuf_t json = STRBUF_EMPTY;
    strbuf_add (&json, "{\"title\":");
    strbuf_add_json_string (&json, catalog_title (catalog, i));
    strbuf_add (&json, ",\"categories\":[");
    strbuf_add_json_string (&json, catalog_category (catalog, i));
    strbuf_add (&json, "]}");
    return strbuf_take (&json);
}

static db_status_t
s_put_portion (db_t *db, const catalog_t *catalog, size_t first, size_t count)
{
    size_t created;
    item_draft_t *drafts = calloc (count, sizeof *drafts);
    assert (drafts);
    for (size_t i = 0; i < count; i++) {
        drafts[i].item_id = (int64_t)(first + i) + 1;
        drafts[i].json = s_describe (catalog, first + i);
    }
    db_status_t status = items_put (db, drafts, count, &created);
    for (size_t i = 0; i < count; i++)
        free (drafts[i].json);
    free (drafts);
    return status;
}

static int
s_put_items (const command_t *self, db_t *db, const catalog_t *catalog)
{
    size_t count = catalog_item_count (catalog);
    db_status_t status = DB_OK;
    for (size_t first = 0; first < count && status == DB_OK; first += S_ITEM_PORTION) {
        size_t end = first + S_ITEM_PORTION < count ? first + S_ITEM_PORTION : count;
        status = s_put_portion (db, catalog, first, end - first);
    }
    if (status == DB_OK)
        return COMMAND_DONE;
    return command_fail (self, "cannot write the items: %s", db_error (db));
}

static int
s_load_row (void *context, size_t user, size_t item, int64_t created_at_us)
{
    char user_id[32];
    snprintf (user_id, sizeof user_id, "user_%zu", user);
    return interactions_load_row (context, user_id, (int64_t)item + 1, created_at_us);
}

static int
s_put_interactions (
    const command_t *self, db_t *db, const catalog_t *catalog, uint64_t *rows)
{
    const s_options_t *options = self->options;
    char error[160];
    char digest[80];
    snprintf (digest, sizeof digest, "seed:%zu:%zu:%" PRIu64, options->users,
        options->items, options->seed);
    interactions_load_t *load =
        interactions_load_new (db, S_IMPORT_NAME, digest, true, error);
    if (!load)
        return command_fail (self, "cannot write the interactions: %s", error);
    /* The same seeding again has the same times, so it adds nothing twice. */
    if (simulate_users (catalog, options->users, options->seed,
            interactions_load_now_us (load), s_load_row, load) != 0) {
        interactions_load_destroy (&load);
        return command_fail (self, "cannot write the interactions: %s", db_error (db));
    }
    if (interactions_load_commit (&load, rows, error) == -1)
        return command_fail (self, "cannot write the interactions: %s", error);
    return COMMAND_DONE;
}

static int
s_answer (const command_t *self, uint64_t rows)
{
    const s_options_t *options = self->options;
    if (!self->json && rows == 0 && options->append)
        printf ("These very users were seeded before; nothing was added.\n");
    else if (!self->json && rows == 0)
        printf ("The database has interactions; nothing was added (--append does).\n");
    else if (!self->json)
        printf ("Seeded %zu users, %zu items and %" PRIu64 " interactions.\n",
            options->users, options->items, rows);
    if (!self->json)
        return COMMAND_DONE;
    json_t *answer = json_pack ("{s:b,s:I,s:I,s:I}", "seeded", rows > 0, "users",
        (json_int_t)(rows > 0 ? options->users : 0), "items",
        (json_int_t)(rows > 0 ? options->items : 0), "interactions", (json_int_t)rows);
    return command_answer (self, &answer);
}

static int
s_run (const command_t *self, db_t *db)
{
    const s_options_t *options = self->options;
    int present = options->append ? 0 : s_has_interactions (self, db);
    if (present != 0)
        return present == 1 ? s_answer (self, 0) : COMMAND_FAILED;
    uint64_t rows = 0;
    catalog_t *catalog = catalog_new (options->items, options->seed);
    int status = s_put_items (self, db, catalog);
    if (status == COMMAND_DONE)
        status = s_put_interactions (self, db, catalog, &rows);
    catalog_destroy (&catalog);
    return status == COMMAND_DONE ? s_answer (self, rows) : status;
}

int
command_seed (int argc, char **argv)
{
    s_options_t options = {.users = 100, .items = 500, .seed = 1};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    db_t *db = command_database (self);
    int status = db ? s_run (self, db) : COMMAND_FAILED;
    db_destroy (&db);
    command_destroy (&self);
    return status;
}
