/* sasrec recommend. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"
#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/commands.h"

#define S_HISTORY_LIMIT 10000 /* as over HTTP */
#define S_K_LIMIT       1000

enum { S_KEY_HISTORY = 0x100, S_KEY_SEEN };

typedef struct {
    const char *checkpoint; /* NULL: the current one */
    int64_t *history;       /* owned; S_HISTORY_LIMIT of room */
    size_t history_count;
    bool has_history;
    size_t k;
    bool include_seen;
} s_options_t;

static const struct argp_option s_options[] = {
    {"checkpoint", 'c', "F", 0, "A file, or a version; else the current model", 0},
    {"history", S_KEY_HISTORY, "ITEMS", 0, "Item ids, oldest first: 10,20,30", 0},
    {0, 'k', "N", 0, "How many items to recommend, 1 to 1000 (10)", 0},
    {"include-seen", S_KEY_SEEN, 0, 0, "Items of the history may come back", 0}, {0}};

static void
s_parse_history (s_options_t *options, const char *text, struct argp_state *state)
{
    options->has_history = true;
    options->history_count = 0;
    while (*text) {
        char *end;
        errno = 0;
        long long id = isdigit ((unsigned char)*text) ? strtoll (text, &end, 10) : -1;
        if (id < 0 || errno != 0 || id > JSON_INTEGER_MAX || (*end && *end != ','))
            argp_error (
                state, "--history must be item ids like 10,20,30, not '%s'", text);
        if (options->history_count == S_HISTORY_LIMIT)
            argp_error (state, "--history has more than %d items", S_HISTORY_LIMIT);
        options->history[options->history_count++] = id;
        text = *end ? end + 1 : end;
        text += strspn (text, " ");
    }
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
        s_parse_history (options, text, state);
        return 0;
    case 'k':
        options->k = (size_t)command_integer (state, "-k", text, 1, S_K_LIMIT);
        return 0;
    case S_KEY_SEEN:
        options->include_seen = true;
        return 0;
    case ARGP_KEY_END:
        if (!options->has_history)
            argp_error (state, "--history is missing; \"\" is an empty one");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const command_spec_t s_spec = {
    .name = "sasrec recommend",
    .help =
        "Answer one history, without a server or a database. Items that the model does "
        "not know are left out; when none is left, popular items are the answer.",
    .examples = "sasrec recommend --history 10,20,30\n"
                "sasrec recommend --history 10,20,30 -k 5 --json",
    .options = s_options,
    .parser = s_parse,
    .settings = chosen_model_settings,
    .speaks_json = true,
};

static json_t *
s_to_json (const model_t *model, const model_answer_t *answer)
{
    json_t *item_ids = json_array ();
    json_t *scores = json_array ();
    for (size_t i = 0; i < answer->count; i++) {
        json_array_append_new (item_ids, json_integer (answer->item_ids[i]));
        json_array_append_new (scores, json_real ((double)answer->scores[i]));
    }
    return json_pack ("{s:o,s:o,s:s,s:s,s:I,s:I}", "item_ids", item_ids, "scores",
        scores, "model_version", model_version (model), "source",
        answer->popular ? "popular" : "model", "history_used",
        (json_int_t)answer->history_used, "unknown_dropped",
        (json_int_t)answer->unknown_dropped);
}

static void
s_print (const model_t *model, const model_answer_t *answer)
{
    printf ("%5s %17s %10s\n", "rank", "item", "score");
    for (size_t i = 0; i < answer->count; i++)
        printf ("%5zu %17" PRId64 " %10.4f\n", i + 1, answer->item_ids[i],
            (double)answer->scores[i]);
    printf ("From %s %s; %zu items of the history used, %zu unknown.\n",
        answer->popular ? "the popular items of" : "model", model_version (model),
        answer->history_used, answer->unknown_dropped);
}

static int
s_recommend (const command_t *self, const model_t *model)
{
    const s_options_t *options = self->options;
    int64_t item_ids[S_K_LIMIT];
    float scores[S_K_LIMIT];
    model_query_t query = {.history = options->history,
        .history_count = options->history_count,
        .k = options->k,
        .include_seen = options->include_seen};
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

int
command_recommend (int argc, char **argv)
{
    s_options_t options = {.k = 10};
    options.history = calloc (S_HISTORY_LIMIT, sizeof *options.history);
    assert (options.history);
    command_t *self = command_new (&s_spec, &options, argc, argv);
    char path[CHECKPOINT_PATH_SIZE];
    model_t *model = self ? chosen_model_load (self, options.checkpoint, path) : NULL;
    int status = model ? s_recommend (self, model) : COMMAND_FAILED;
    model_destroy (&model);
    command_destroy (&self);
    free (options.history);
    return status;
}
