/* sasrec train. SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>

#include "bridge/announce.h"
#include "bridge/settings.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/serving_cost.h"
#include "cli/train_view.h"
#include "cli/training_data.h"
#include "model/checkpoint/checkpoint.h"
#include "model/train/course.h"
#include "model/train/recipe.h"
#include "model/train/trainer.h"

enum { S_KEY_RESUME = 0x100, S_KEY_CURVE, S_KEY_ROW = 0x200 };
enum { S_OWN = 5, S_ROWS_MOST = 64 };

#define ANNOUNCE_MS 5000

typedef struct {
    const char *data;  /* NULL: the database */
    const char *curve; /* NULL: none */
    bool resume;
    const char *run;   /* to resume; NULL: the newest */
    int64_t start_ms;  /* of the command */
    double read_s;     /* what reading the interactions took */
    double serving_ms; /* a request of the model, on this machine; -1: not measured */
    options_t trainer;
} s_options_t;

/* These, and a row for each one of model/train/options.h. */
static struct argp_option s_options[S_OWN + S_ROWS_MOST + 2] = {
    {"data", 'd', "FILE", 0, "Any file that 'sasrec import' reads; else the database",
        0},
    {"out", 'o', "FOLDER", 0, "Where to write the checkpoint, as --checkpoints", 0},
    {"resume", S_KEY_RESUME, "RUN", OPTION_ARG_OPTIONAL,
        "Go on with a run that was interrupted: the newest, or the one named", 0},
    {"curve", S_KEY_CURVE, "FILE", 0, "Write loss and validation by epoch as CSV", 0},
    {0, 0, 0, 0, "The network; what is not given is chosen from the data:", 1},
};

static void
s_list_options (void)
{
    assert (options_row_count <= S_ROWS_MOST);
    for (size_t i = 0; i < options_row_count; i++) {
        const options_row_t *row = &options_table[i];
        s_options[S_OWN + i] = (struct argp_option){.name = row->name,
            .key = row->letter ? row->letter : S_KEY_ROW + (int)i,
            .arg = row->argument,
            .doc = row->help,
            .group = row->network ? 1 : 0};
    }
}

static error_t
s_parse_row (int key, const char *text, struct argp_state *state)
{
    s_options_t *options = ((command_t *)state->input)->options;
    char error[160];
    for (size_t i = 0; i < options_row_count; i++) {
        const options_row_t *row = &options_table[i];
        if (key != (row->letter ? row->letter : S_KEY_ROW + (int)i))
            continue;
        if (options_set (&options->trainer, row, text, error))
            argp_error (state, "%s", error);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    char error[160];
    switch (key) {
    case 'd':
        options->data = text;
        return 0;
    case 'o':
        if (config_set (self->config, "checkpoints", text, error) == -1)
            argp_error (state, "%s", error);
        return 0;
    case S_KEY_RESUME:
        options->resume = true;
        options->run = text;
        return 0;
    case S_KEY_CURVE:
        options->curve = text;
        return 0;
    case ARGP_KEY_END:
        if (options_check (&options->trainer, error))
            argp_error (state, "%s", error);
        if (options->trainer.width && options->trainer.serve_us > 0)
            argp_error (state, "--serve-budget chooses the width: leave out --width");
        return 0;
    default:
        return s_parse_row (key, text, state);
    }
}

static const config_key_t s_settings[] = {CONFIG_CHECKPOINTS, CONFIG_POSTGRES_URL,
    CONFIG_PGHOST, CONFIG_PGPORT, CONFIG_PGUSER, CONFIG_PGDATABASE, CONFIG_PGPASSWORD,
    CONFIG_KAFKA_BOOTSTRAP_SERVERS, CONFIG_KAFKA_SECURITY_PROTOCOL,
    CONFIG_KAFKA_SASL_MECHANISM, CONFIG_KAFKA_SASL_USERNAME, CONFIG_KAFKA_SASL_PASSWORD,
    CONFIG_KAFKA_SSL_CA_LOCATION, CONFIG_KAFKA_SSL_CERTIFICATE_LOCATION,
    CONFIG_KAFKA_SSL_KEY_LOCATION, CONFIG_KAFKA_SSL_KEY_PASSWORD, CONFIG_KAFKA_CONFIG,
    CONFIG_COUNT};

static const command_spec_t s_spec = {
    .name = "sasrec train",
    .help = "Learn a model from the interactions, write its checkpoint and, when it "
            "deserves "
            "that (--publish), make it the one in use. A running server takes it up by "
            "itself.\vThe last interaction of each user is for the test, the one "
            "before for "
            "validation. The epoch with the best NDCG@10 in validation is kept. Ctrl-C "
            "keeps the best so far, and --resume goes on from there.",
    .examples = "sasrec train\n"
                "sasrec train --events purchase,cart --event-weight purchase=3 "
                "--drop-events dislike --seen purchase",
    .options = s_options,
    .parser = s_parse,
    .settings = s_settings,
    .speaks_json = true,
    .reads_files = true,
};

static volatile sig_atomic_t s_stop;

static void
s_on_signal (int number)
{
    (void)number;
    s_stop = 1;
}

/* The first Ctrl-C stops after the step; the second one ends the process. */
static void
s_catch_signals (void)
{
    struct sigaction action = {.sa_handler = s_on_signal};
    action.sa_flags = (int)SA_RESETHAND;
    sigaction (SIGINT, &action, NULL);
    sigaction (SIGTERM, &action, NULL);
}

static json_t *
s_to_json (const s_options_t *options, const trainer_report_t *report, bool published)
{
    json_t *serving_ms =
        options->serving_ms >= 0 ? json_real (options->serving_ms) : json_null ();
    return json_pack (
        "{s:s,s:s,s:b,s:s,s:f,s:I,s:I,s:I,s:b,s:f,s:f,s:o,s:o,s:o,s:o,s:o}", "version",
        report->version, "checkpoint", report->checkpoint, "published", published,
        "reason", report->verdict.reason, "seconds", report->seconds, "epochs",
        (json_int_t)report->epochs, "best_epoch", (json_int_t)report->best_epoch,
        "diverged_epoch", (json_int_t)report->diverged_epoch, "resumable",
        report->resumable, "read_seconds", options->read_s, "positions_per_second",
        report->positions_per_second, "valid", report_ranking (&report->valid), "test",
        report_ranking (&report->test), "test_sampled100",
        report_ranking (&report->sampled), "floors", report_floors (&report->floors),
        "serving_ms", serving_ms);
}

static void
s_print (const s_options_t *options, const trainer_report_t *report)
{
    char title[64];
    printf ("Trained %s in %.1f s: %zu epochs, the best was %zu; %.0f positions/s.\n",
        report->version, report->seconds, report->epochs, report->best_epoch,
        report->positions_per_second);
    if (report->diverged_epoch)
        printf ("The loss diverged in epoch %zu; the model is that of epoch %zu. A "
                "smaller --learning-rate may do better.\n",
            report->diverged_epoch, report->best_epoch);
    snprintf (title, sizeof title, "test, %zu users", report->test.users);
    report_print (title, &report->test, &report->floors);
    printf ("  Among 100 random items: NDCG@10 %.4f HR@10 %.4f, for comparison with "
            "papers.\n",
        report->sampled.ndcg10, report->sampled.hr10);
    if (options->serving_ms >= 0)
        printf ("Serving: %.0f us a request with a history of %d items, on one core "
                "here.\n",
            options->serving_ms * 1000, SERVING_COST_HISTORY);
}

/* Behind the end of a time limit there is no time for it. */
static void
s_measure_serving (s_options_t *options, const trainer_report_t *report)
{
    char error[160];
    bool limited = options->trainer.time_limit_s > 0;
    options->serving_ms = limited ? -1 : serving_cost_ms (report->checkpoint, error);
}

static int
s_answer (const command_t *self, const trainer_report_t *report, bool published)
{
    if (self->json) {
        json_t *answer = s_to_json (self->options, report, published);
        return command_answer (self, &answer);
    }
    s_print (self->options, report);
    if (published)
        printf ("Wrote %s, now the model in use: %s.\n", report->checkpoint,
            report->verdict.reason);
    else
        printf ("Wrote %s, but it is not made the model in use: %s. 'sasrec train "
                "--publish always' does so all the same.\n",
            report->checkpoint, report->verdict.reason);
    if (report->resumable)
        printf ("Interrupted: 'sasrec train --resume' goes on from here.\n");
    return COMMAND_DONE;
}

/* Who does not hear it looks at `current` every few seconds anyway. */
static void
s_announce (const command_t *self, const char *version)
{
    const char *servers = config_text (self->config, CONFIG_KAFKA_BOOTSTRAP_SERVERS);
    char error[160];
    if (*servers && (settings_use (self->config, error) ||
                        announce_model (servers, version, ANNOUNCE_MS, error)))
        command_fail (
            self, "the new model is in use, but was not announced: %s", error);
}

/* Makes it the one in use, when it deserves that. */
static int
s_publish (const command_t *self, const trainer_report_t *report)
{
    char error[160];
    const char *folder = config_text (self->config, CONFIG_CHECKPOINTS);
    if (!report->verdict.publish)
        return COMMAND_DONE;
    if (checkpoint_publish (folder, report->version, error) == -1)
        return command_fail (self,
            "the model is in %s, but is not made the one in use: %s",
            report->checkpoint, error);
    s_announce (self, report->version);
    return COMMAND_DONE;
}

static int
s_train (const command_t *self, const trainer_job_t *job)
{
    s_options_t *options = self->options;
    char error[160];
    trainer_report_t report;
    trainer_hooks_t hooks = {.stop = &s_stop};
    curve_t *curve =
        options->curve ? curve_new (options->curve, options->resume) : NULL;
    train_view_t *view = train_view_new (self->quiet, curve);
    train_view_attach (view, &hooks);
    if (!self->quiet)
        fprintf (stderr, "%zu users, %zu items, %zu interactions\n",
            job->data->user_count, job->data->item_count, job->data->interaction_count);
    s_catch_signals ();
    int status = trainer_run (job, &hooks, &report, error);
    train_view_destroy (&view);
    curve_destroy (&curve);
    if (status == -1)
        return command_fail (self, "%s", error);
    if (s_publish (self, &report))
        return COMMAND_FAILED;
    s_measure_serving (options, &report);
    return s_answer (self, &report, report.verdict.publish);
}

/* The run's files come before the data: what cannot be written or resumed is said at
 * once. *plan: what says which data that is; a resumed run's own. */
static run_t *
s_open_run (const command_t *self, course_plan_t *plan)
{
    const s_options_t *options = self->options;
    const char *folder = config_text (self->config, CONFIG_CHECKPOINTS);
    char error[160], other[RUN_NAME_SIZE];
    *plan = (course_plan_t){.options = options->trainer};
    if (!options->resume && !self->quiet && run_find (folder, other))
        fprintf (stderr,
            "%s was interrupted; 'sasrec train --resume' goes on with it, this is a "
            "new run.\n",
            other);
    run_t *run = options->resume ? run_resume (folder, options->run, error)
                                 : run_new (folder, error);
    if (run && options->resume && course_plan (run, plan, error))
        run_destroy (&run);
    if (!run)
        command_fail (self, "%s", error);
    return run;
}

/* The width that the budget leaves, as if it had been given. */
static int
s_choose_width (const command_t *self, const dataset_t *data)
{
    options_t *options = &((s_options_t *)self->options)->trainer;
    recipe_t recipe = recipe_make (data, options);
    double ms;
    size_t least;
    char error[160];
    if (sasrec_shape_check (&recipe.shape, error))
        return command_fail (self, "%s", error);
    double budget_ms = options->serve_us / 1000;
    options->width = serving_cost_width (&recipe.shape, data, budget_ms, &ms, &least);
    if (options->width == 0)
        return command_fail (self,
            "--serve-budget %g: width %zu already takes %.0f us a request with a "
            "history of %d of %zu items here",
            options->serve_us, least, ms * 1000, SERVING_COST_HISTORY,
            data->item_count);
    if (!self->quiet)
        fprintf (stderr,
            "Serving: width %zu takes %.0f us a request here, within %g; the "
            "data's own width is %zu\n",
            options->width, ms * 1000, options->serve_us, recipe.shape.width);
    return COMMAND_DONE;
}

static int
s_run (const command_t *self)
{
    s_options_t *options = self->options;
    trainer_job_t job = {.options = &options->trainer, .start_ms = options->start_ms};
    course_plan_t plan;
    run_t *run = s_open_run (self, &plan);
    if (!run)
        return COMMAND_FAILED;
    int64_t start_ms = clock_monotonic_ms ();
    job.last_id = plan.last_id;
    dataset_t *data =
        training_data_read (self, options->data, &plan.options.events, &job.last_id);
    options->read_s = (double)(clock_monotonic_ms () - start_ms) / 1000.0;
    job.data = data;
    job.run = run;
    int status = data ? COMMAND_DONE : COMMAND_FAILED;
    if (data && options->trainer.serve_us > 0 && !options->resume)
        status = s_choose_width (self, data);
    if (status == COMMAND_DONE)
        status = s_train (self, &job);
    dataset_destroy (&data);
    run_destroy (&run);
    return status;
}

int
command_train (int argc, char **argv)
{
    s_options_t options = {.start_ms = clock_monotonic_ms ()};
    options_defaults (&options.trainer);
    s_list_options ();
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    int status = s_run (self);
    command_destroy (&self);
    return status;
}
