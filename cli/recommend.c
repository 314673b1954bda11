/* sasrec recommend. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors/query_rules.h"
#include "cli/all_users.h"
#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/item_option.h"
#include "cli/offered.h"
#include "cli/rule_options.h"

#define S_K_LIMIT       1000
#define S_THREADS_LIMIT 64

enum { S_KEY_HISTORY = 0x100, S_KEY_ALL, S_KEY_RESUME, S_KEY_THREADS };

typedef struct {
    const char *checkpoint; /* NULL: the current one */
    const char *history;    /* NULL: not said */
    size_t k;
    rule_options_t rules;
    bool all_users;
    bool resume;
    const char *path; /* with all_users */
    size_t threads;
} s_options_t;

static const struct argp_option s_options[] = {
    {"checkpoint", 'c', "F", 0, "A file, or a version; else the current model", 0},
    {"history", S_KEY_HISTORY, "ITEMS", 0,
        "Items, oldest first: 10,20,30, or keys: SKU-1,SKU-2; with commas in them as "
        "JSON: [\"a,b\",20]",
        0},
    {0, 'k', "N", 0, "How many items to recommend, 1 to 1000 (10)", 0},
    {"all-users", S_KEY_ALL, 0, 0,
        "Everybody in the database, into the file of --out, in place of --history", 0},
    {"out", 'o', "FILE", 0,
        "A .jsonl with a line for each user, or a .csv with a line for each item; "
        "written complete or not at all",
        0},
    {"resume", S_KEY_RESUME, 0, 0,
        "Go on where a run for this file was interrupted, with the same options", 0},
    {"threads", S_KEY_THREADS, "N", 0, "Threads of --all-users (one for each core)", 0},
    RULE_OPTIONS{0}};

static void
s_check_history (const char *text, struct argp_state *state)
{
    item_option_t history = {0};
    int rc = item_option_read (&history, NULL, text);
    item_option_free (&history);
    if (rc)
        argp_error (state,
            "--history must be at most %d items like 10,20,30 or SKU-1,SKU-2, not "
            "'%.60s'",
            ITEM_OPTION_LIMIT, text);
}

static void
s_parse_path (s_options_t *options, const char *text, struct argp_state *state)
{
    if (!all_users_format (text))
        argp_error (state, "--out must end in .jsonl or .csv, not '%s'", text);
    options->path = text;
}

/* Either one history, or everybody into a file. */
static void
s_check (const s_options_t *options, struct argp_state *state)
{
    if (options->all_users && options->history)
        argp_error (state, "--history and --all-users are two questions: ask one");
    if (options->all_users && !options->path)
        argp_error (state, "--all-users needs --out, a file for the answers");
    if (!options->all_users && (options->path || options->resume || options->threads))
        argp_error (state, "--out, --resume and --threads are for --all-users");
    if (!options->all_users && !options->history)
        argp_error (state, "--history is missing; \"\" is an empty one");
    rule_options_check (&options->rules, state);
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    s_options_t *options = ((command_t *)state->input)->options;
    switch (key) {
    case 'c':
        options->checkpoint = text;
        return 0;
    case S_KEY_HISTORY:
        options->history = text;
        s_check_history (text, state);
        return 0;
    case 'k':
        options->k = (size_t)command_integer (state, "-k", text, 1, S_K_LIMIT);
        return 0;
    case S_KEY_ALL:
        options->all_users = true;
        return 0;
    case S_KEY_RESUME:
        options->resume = true;
        return 0;
    case S_KEY_THREADS:
        options->threads =
            (size_t)command_integer (state, "--threads", text, 1, S_THREADS_LIMIT);
        return 0;
    case 'o':
        s_parse_path (options, text, state);
        return 0;
    case ARGP_KEY_END:
        s_check (options, state);
        return 0;
    default:
        return rule_options_parse (&options->rules, key, text);
    }
}

static const config_key_t s_settings[] = {CONFIG_CHECKPOINTS, CONFIG_POSTGRES_URL,
    CONFIG_PGHOST, CONFIG_PGPORT, CONFIG_PGUSER, CONFIG_PGDATABASE, CONFIG_PGPASSWORD,
    CONFIG_SCHEMA, CONFIG_COUNT};

static const command_spec_t s_spec = {
    .name = "sasrec recommend",
    .help =
        "Answer one history, without a server or a database, or everybody's in the "
        "database. Items that the model does not know are left out; when none is left, "
        "popular items are the answer. Rules are those of POST /recommend; --rules and "
        "categories ask the database, and what it says of items counts then.",
    .examples = "sasrec recommend --history 10,20,30\n"
                "sasrec recommend --history 10,20,30 -k 5 --json\n"
                "sasrec recommend --history SKU-12,SKU-7\n"
                "sasrec recommend --history 10,20 --exclude 7,8 --diversity 0.3\n"
                "sasrec recommend --all-users -k 100 --out tonight.jsonl",
    .options = s_options,
    .parser = s_parse,
    .settings = s_settings,
    .speaks_json = true,
};

/* NULL: it has none. */
static const char *
s_key (const model_t *model, int64_t item_id)
{
    return model_item_key (model, (size_t)model_item_index (model, item_id));
}

static json_t *
s_to_json (const model_t *model, const model_answer_t *answer)
{
    json_t *item_ids = json_array ();
    json_t *item_keys = model_has_keys (model) ? json_array () : NULL;
    json_t *scores = json_array ();
    for (size_t i = 0; i < answer->count; i++) {
        json_array_append_new (item_ids, json_integer (answer->item_ids[i]));
        if (item_keys)
            json_array_append_new (
                item_keys, json_pack ("s?", s_key (model, answer->item_ids[i])));
        json_array_append_new (scores, json_real ((double)answer->scores[i]));
    }
    return json_pack ("{s:o,s:o*,s:o,s:s,s:s,s:I,s:I}", "item_ids", item_ids,
        "item_keys", item_keys, "scores", scores, "model_version",
        model_version (model), "source", answer->popular ? "popular" : "model",
        "history_used", (json_int_t)answer->history_used, "unknown_dropped",
        (json_int_t)answer->unknown_dropped);
}

static void
s_print (const model_t *model, const model_answer_t *answer)
{
    printf ("%5s %17s %10s\n", "rank", "item", "score");
    for (size_t i = 0; i < answer->count; i++) {
        char id[24];
        snprintf (id, sizeof id, "%" PRId64, answer->item_ids[i]);
        const char *key = s_key (model, answer->item_ids[i]);
        printf ("%5zu %17s %10.4f\n", i + 1, key ? key : id, (double)answer->scores[i]);
    }
    printf ("From %s %s; %zu items of the history used, %zu unknown.\n",
        answer->popular ? "the popular items of" : "model", model_version (model),
        answer->history_used, answer->unknown_dropped);
}

/* What a history is asked with. */
typedef struct {
    item_option_t history;
    rules_t rules;
    offer_t *offer; /* NULL: everything is on offer */
} s_question_t;

static int
s_answer (const command_t *self, const model_t *model, const s_question_t *question)
{
    const s_options_t *options = self->options;
    const item_option_t *history = &question->history;
    int64_t item_ids[S_K_LIMIT];
    float scores[S_K_LIMIT];
    model_query_t query = {.history = history->items,
        .history_count = history->count,
        .keys = history->texts.data,
        .k = options->k,
        .offer = question->offer};
    query_rules_set (&query, &question->rules);
    model_answer_t answer = {.item_ids = item_ids, .scores = scores};
    model_scratch_t *scratch = model_scratch_new (model, 1);
    model_recommend (model, scratch, &query, 1, &answer);
    model_scratch_destroy (&scratch);
    if (self->json) {
        json_t *object = s_to_json (model, &answer);
        return command_answer (self, &object);
    }
    s_print (model, &answer);
    return COMMAND_DONE;
}

static size_t
s_cores (void)
{
    long cores = sysconf (_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > S_THREADS_LIMIT ? S_THREADS_LIMIT : (size_t)cores;
}

static int
s_recommend_all (const command_t *self, const model_t *model)
{
    const s_options_t *options = self->options;
    const all_users_options_t all = {.path = options->path,
        .k = options->k,
        .rules = &options->rules,
        .resume = options->resume,
        .threads = options->threads ? options->threads : s_cores ()};
    return all_users_run (self, model, &all);
}

/* 0, or -1 with error. */
static int
s_read_rules (const command_t *self, const model_t *model, s_question_t *question,
    db_t *db, char error[160])
{
    const s_options_t *options = self->options;
    if (rule_options_read (&options->rules, model, db, &question->rules, error))
        return -1;
    if (db)
        question->offer = offered_read (db, model, error);
    return !db || question->offer ? 0 : -1;
}

static int
s_recommend (const command_t *self, const model_t *model)
{
    const s_options_t *options = self->options;
    char error[160];
    bool needs_db = rule_options_need_database (&options->rules);
    db_t *db = needs_db ? command_database (self) : NULL;
    if (needs_db && !db)
        return COMMAND_FAILED;
    s_question_t question = {.rules.texts = &question.history.texts};
    int rc = item_option_read (&question.history, model, options->history);
    assert (rc == 0); /* it was checked */
    int status = s_read_rules (self, model, &question, db, error) == 0
                     ? s_answer (self, model, &question)
                     : command_fail (self, "%s", error);
    rules_free (&question.rules);
    offer_destroy (&question.offer);
    item_option_free (&question.history);
    db_destroy (&db);
    return status;
}

int
command_recommend (int argc, char **argv)
{
    s_options_t options = {.k = 10};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    char path[CHECKPOINT_PATH_SIZE];
    model_t *model = self ? chosen_model_load (self, options.checkpoint, path) : NULL;
    int status = !model              ? COMMAND_FAILED
                 : options.all_users ? s_recommend_all (self, model)
                                     : s_recommend (self, model);
    model_destroy (&model);
    command_destroy (&self);
    rule_options_free (&options.rules);
    return status;
}
