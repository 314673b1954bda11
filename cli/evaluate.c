/* sasrec evaluate. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/training_data.h"
#include "model/eval/evaluator.h"
#include "model/eval/floors.h"
#include "model/kernel/blas.h"

enum {
    S_KEY_SEED = 0x100,
    S_KEY_THREADS,
    S_KEY_INCLUDE_SEEN,
    S_KEY_EVENTS,
    S_KEY_DROP_EVENTS,
    S_KEY_SEEN
};

typedef struct {
    const char *checkpoint; /* NULL: the current one */
    const char *data;       /* NULL: the database */
    bool sampled;           /* among 100 random items */
    bool include_seen;
    ranking_split_t split;
    uint64_t seed;
    size_t threads;
    events_lists_t events;
} s_options_t;

static const struct argp_option s_options[] = {
    {"checkpoint", 'c', "F", 0, "A file, or a version; else the current model", 0},
    {"data", 'd', "FILE", 0, "Any file that 'sasrec import' reads; else the database",
        0},
    {"protocol", 'p', "WORD", 0,
        "full: rank all items (default). sampled100: among 100 random ones", 0},
    {"split", 's', "WORD", 0, "test (default) or valid", 0},
    {"seed", S_KEY_SEED, "N", 0, "Of the random items of sampled100 (1)", 0},
    {"include-seen", S_KEY_INCLUDE_SEEN, 0, 0,
        "As a request with include_seen: items of the history count too", 0},
    {"events", S_KEY_EVENTS, "EVENT,...", 0,
        "Measure what is chosen with these, as train has it", 0},
    {"drop-events", S_KEY_DROP_EVENTS, "EVENT,...", 0, "Leave these out, as train does",
        0},
    {"seen", S_KEY_SEEN, "EVENT,...", 0,
        "As a request with this \"seen\": only what had it before is left out", 0},
    {"threads", S_KEY_THREADS, "N", 0, "Threads (2)", 0}, {0}};

static void
s_take_list (struct argp_state *state, const char *flag, const char *text,
    char list[EVENTS_TEXT_SIZE])
{
    if (!*text || strlen (text) >= EVENTS_TEXT_SIZE)
        argp_error (state, "%s must have 1 to %d bytes", flag, EVENTS_TEXT_SIZE - 1);
    snprintf (list, EVENTS_TEXT_SIZE, "%s", text);
}

/* What contradicts itself. */
static void
s_check (struct argp_state *state, const s_options_t *options)
{
    char error[160];
    events_t events;
    if (events_read (&events, &options->events, error))
        argp_error (state, "%s", error);
    if (options->include_seen && *options->events.seen)
        argp_error (state, "--seen and --include-seen contradict each other");
}

/* Which of the two words it is. */
static int
s_choose (struct argp_state *state, const char *flag, const char *text,
    const char *const words[2])
{
    for (int i = 0; i < 2; i++) {
        if (strcmp (text, words[i]) == 0)
            return i;
    }
    argp_error (state, "%s must be %s or %s, not '%s'", flag, words[0], words[1], text);
    return 0;
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    static const char *const protocols[2] = {"full", "sampled100"};
    static const char *const splits[2] = {"valid", "test"};
    s_options_t *options = ((command_t *)state->input)->options;
    switch (key) {
    case 'c':
        options->checkpoint = text;
        return 0;
    case 'd':
        options->data = text;
        return 0;
    case 'p':
        options->sampled = s_choose (state, "--protocol", text, protocols) == 1;
        return 0;
    case S_KEY_INCLUDE_SEEN:
        options->include_seen = true;
        return 0;
    case 's':
        options->split = s_choose (state, "--split", text, splits) == 0 ? RANKING_VALID
                                                                        : RANKING_TEST;
        return 0;
    case S_KEY_SEED:
        options->seed = (uint64_t)command_integer (state, "--seed", text, 0, INT64_MAX);
        return 0;
    case S_KEY_EVENTS:
        s_take_list (state, "--events", text, options->events.targets);
        return 0;
    case S_KEY_DROP_EVENTS:
        s_take_list (state, "--drop-events", text, options->events.dropped);
        return 0;
    case S_KEY_SEEN:
        s_take_list (state, "--seen", text, options->events.seen);
        return 0;
    case ARGP_KEY_END:
        s_check (state, options);
        return 0;
    case S_KEY_THREADS:
        options->threads = (size_t)command_integer (state, "--threads", text, 1, 64);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const config_key_t s_settings[] = {CONFIG_CHECKPOINTS, CONFIG_POSTGRES_URL,
    CONFIG_PGHOST, CONFIG_PGPORT, CONFIG_PGUSER, CONFIG_PGDATABASE, CONFIG_PGPASSWORD,
    CONFIG_COUNT};

static const command_spec_t s_spec = {
    .name = "sasrec evaluate",
    .help = "Measure a model: how high does it rank the last item of each user, given "
            "those "
            "before? Popularity and a Markov chain stand beside it.",
    .examples = "sasrec evaluate\n"
                "sasrec evaluate --data ratings.csv --split valid\n"
                "sasrec evaluate --events purchase --seen purchase",
    .options = s_options,
    .parser = s_parse,
    .settings = s_settings,
    .speaks_json = true,
    .reads_files = true,
};

typedef struct {
    const char *path; /* of the checkpoint; borrowed */
    const char *version;
    const char *protocol;
    const char *split;
    ranking_t model;
    floors_t floors;
    bool has_floors; /* full protocol only */
} s_outcome_t;

static json_t *
s_to_json (const s_outcome_t *outcome)
{
    json_t *answer =
        json_pack ("{s:s,s:s,s:s,s:s}", "version", outcome->version, "checkpoint",
            outcome->path, "protocol", outcome->protocol, "split", outcome->split);
    json_t *ranking = report_ranking (&outcome->model);
    json_object_update (answer, ranking);
    json_decref (ranking);
    if (outcome->has_floors)
        json_object_set_new (answer, "floors", report_floors (&outcome->floors));
    return answer;
}

static int
s_answer (const command_t *self, const s_outcome_t *outcome)
{
    if (self->json) {
        json_t *answer = s_to_json (outcome);
        return command_answer (self, &answer);
    }
    char title[64];
    snprintf (title, sizeof title, "%s, %zu users, %s", outcome->split,
        outcome->model.users, outcome->protocol);
    printf ("Model %s\n", outcome->version);
    report_print (
        title, &outcome->model, outcome->has_floors ? &outcome->floors : NULL);
    return COMMAND_DONE;
}

/* Item of the data -> of the model; fresh. */
static int32_t *
s_indexes (const model_t *model, const dataset_t *data)
{
    int32_t *indexes = calloc (data->item_count, sizeof *indexes);
    assert (indexes);
    for (size_t i = 0; i < data->item_count; i++)
        indexes[i] = model_item_index (model, data->item_ids[i]);
    return indexes;
}

static evaluator_task_t
s_task (const s_options_t *options)
{
    return (evaluator_task_t){.split = options->split,
        .step = 1,
        .include_seen = options->include_seen,
        .sampled = options->sampled,
        .seed = options->seed};
}

static ranking_t
s_rank (const s_options_t *options, const model_t *model, const dataset_t *data)
{
    const sasrec_weights_t *weights = model_weights (model);
    int32_t *indexes = s_indexes (model, data);
    blas_setup ();
    team_t *team = team_new (options->threads);
    evaluator_t *evaluator = evaluator_new (data, &weights->shape, team);
    evaluator_network_t network = {weights, indexes};
    evaluator_task_t task = s_task (options);
    ranking_t ranking;
    evaluator_run (evaluator, &network, &task, &ranking);
    if (options->sampled)
        ranking = evaluator_sampled (evaluator);
    evaluator_destroy (&evaluator);
    team_destroy (&team);
    free (indexes);
    return ranking;
}

static int
s_evaluate (const command_t *self, const model_t *model, const char *path,
    const dataset_t *data)
{
    const s_options_t *options = self->options;
    s_outcome_t outcome = {.path = path,
        .version = model_version (model),
        .protocol = options->sampled ? "sampled100" : "full",
        .split = options->split == RANKING_TEST ? "test" : "valid",
        .has_floors = !options->sampled};
    outcome.model = s_rank (options, model, data);
    evaluator_task_t task = s_task (options);
    if (outcome.has_floors)
        floors_measure (data, &task, &outcome.floors, NULL);
    return s_answer (self, &outcome);
}

int
command_evaluate (int argc, char **argv)
{
    s_options_t options = {.split = RANKING_TEST, .seed = 1, .threads = 2};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    char path[CHECKPOINT_PATH_SIZE];
    dataset_t *data = NULL;
    int status = COMMAND_FAILED;
    model_t *model = chosen_model_load (self, options.checkpoint, path);
    int64_t last_id = 0;
    if (model &&
        (data = training_data_read (self, options.data, &options.events, &last_id)))
        status = s_evaluate (self, model, path, data);
    dataset_destroy (&data);
    model_destroy (&model);
    command_destroy (&self);
    return status;
}
