/* sasrec train. SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bridge/announce.h"
#include "bridge/settings.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/train_view.h"
#include "cli/training_data.h"
#include "model/checkpoint/checkpoint.h"
#include "model/train/trainer.h"

enum {
    S_KEY_SEED = 0x100,
    S_KEY_THREADS,
    S_KEY_WIDTH,
    S_KEY_BLOCKS,
    S_KEY_HEADS,
    S_KEY_WINDOW,
    S_KEY_FFN_FACTOR,
    S_KEY_BATCH_USERS,
    S_KEY_PATIENCE,
    S_KEY_DROPOUT,
    S_KEY_ATTENTION_DROPOUT,
    S_KEY_LEARNING_RATE,
    S_KEY_POST_NORM,
    S_KEY_NO_RELATIVE_BIAS,
    S_KEY_LOSS,
    S_KEY_NEGATIVES,
    S_KEY_PRESET,
    S_KEY_RESUME,
    S_KEY_CURVE
};

#define ANNOUNCE_MS 5000

typedef struct {
    const char *data;  /* NULL: the database */
    const char *curve; /* NULL: none */
    double read_s;     /* what reading the interactions took */
    trainer_options_t trainer;
} s_options_t;

static const struct argp_option s_options[] = {
    {"data", 'd', "FILE", 0, "Any file that 'sasrec import' reads; else the database",
        0},
    {"out", 'o', "FOLDER", 0, "Where to write the checkpoint, as --checkpoints", 0},
    {"seed", S_KEY_SEED, "N", 0, "The same number gives the same model", 0},
    {"time-limit", 't', "S", 0, "Stop after so many seconds, keep the best", 0},
    {"epochs", 'e', "N", 0, "At most so many epochs", 0},
    {"patience", S_KEY_PATIENCE, "N", 0, "Stop after N epochs that are no better", 0},
    {"threads", S_KEY_THREADS, "N", 0, "Training threads (2)", 0},
    {"resume", S_KEY_RESUME, 0, 0, "Go on with the run that was interrupted", 0},
    {"curve", S_KEY_CURVE, "PREFIX", 0,
        "Write PREFIX.csv and PREFIX.svg: loss and validation by epoch", 0},
    {0, 0, 0, 0, "The network; what is not given is chosen from the data:", 1},
    {"width", S_KEY_WIDTH, "N", 0, "Width D of the embeddings", 1},
    {"blocks", S_KEY_BLOCKS, "N", 0, "Attention blocks", 1},
    {"heads", S_KEY_HEADS, "N", 0, "Attention heads; divides the width", 1},
    {"window", S_KEY_WINDOW, "N", 0, "Newest items of a history that are used", 1},
    {"ffn-factor", S_KEY_FFN_FACTOR, "N", 0, "Inner width of the FFN over D", 1},
    {"batch-users", S_KEY_BATCH_USERS, "N", 0, "Users in a batch", 1},
    {"attention-dropout", S_KEY_ATTENTION_DROPOUT, "P", 0,
        "Share of attention's probabilities dropped", 1},
    {"dropout", S_KEY_DROPOUT, "P", 0, "Share of activations dropped", 1},
    {"learning-rate", S_KEY_LEARNING_RATE, "R", 0, "Of Adam", 1},
    {"no-relative-bias", S_KEY_NO_RELATIVE_BIAS, 0, 0,
        "Attention without a bias by distance", 1},
    {"post-norm", S_KEY_POST_NORM, 0, 0, "Post-LN instead of Pre-LN", 1},
    {"preset", S_KEY_PRESET, "WORD", 0, "paper: as Kang & McAuley 2018 did", 1},
    {"loss", S_KEY_LOSS, "WORD", 0,
        "full: all items. sampled: N for each batch. bce: one per position", 1},
    {"negatives", S_KEY_NEGATIVES, "N", 0, "Items drawn by --loss sampled", 1}, {0}};

static error_t
s_parse_network (int key, char *text, struct argp_state *state)
{
    trainer_options_t *trainer =
        &((s_options_t *)((command_t *)state->input)->options)->trainer;
    switch (key) {
    case S_KEY_WIDTH:
        trainer->width = (size_t)command_integer (state, "--width", text, 1, 4096);
        return 0;
    case S_KEY_BLOCKS:
        trainer->blocks = (size_t)command_integer (state, "--blocks", text, 1, 64);
        return 0;
    case S_KEY_HEADS:
        trainer->heads = (size_t)command_integer (state, "--heads", text, 1, 256);
        return 0;
    case S_KEY_WINDOW:
        trainer->window = (size_t)command_integer (state, "--window", text, 1, 10000);
        return 0;
    case S_KEY_FFN_FACTOR:
        trainer->ffn_factor =
            (size_t)command_integer (state, "--ffn-factor", text, 1, 16);
        return 0;
    case S_KEY_BATCH_USERS:
        trainer->batch_users =
            (size_t)command_integer (state, "--batch-users", text, 1, 100000);
        return 0;
    case S_KEY_DROPOUT:
        trainer->dropout = command_real (state, "--dropout", text, 0, 0.95);
        return 0;
    case S_KEY_ATTENTION_DROPOUT:
        trainer->attention_dropout =
            command_real (state, "--attention-dropout", text, 0, 0.95);
        return 0;
    case S_KEY_LEARNING_RATE:
        trainer->learning_rate = command_real (state, "--learning-rate", text, 1e-9, 1);
        return 0;
    case S_KEY_POST_NORM:
        trainer->post_norm = true;
        return 0;
    case S_KEY_NO_RELATIVE_BIAS:
        trainer->no_relative_bias = true;
        return 0;
    case S_KEY_LOSS:
        trainer->loss = loss_by_name (text);
        if (trainer->loss == LOSS_DEFAULT)
            argp_error (state, "--loss must be full, sampled or bce, not '%s'", text);
        return 0;
    case S_KEY_PRESET:
        if (strcmp (text, "paper") != 0)
            argp_error (state, "--preset must be paper, not '%s'", text);
        trainer->preset = TRAINER_PAPER;
        return 0;
    case S_KEY_NEGATIVES:
        trainer->negatives =
            (size_t)command_integer (state, "--negatives", text, 1, 1000000);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    trainer_options_t *trainer = &options->trainer;
    char error[160];
    switch (key) {
    case 'd':
        options->data = text;
        return 0;
    case 'o':
        if (config_set (self->config, "checkpoints", text, error) == -1)
            argp_error (state, "%s", error);
        return 0;
    case S_KEY_SEED:
        trainer->seed = (uint64_t)command_integer (state, "--seed", text, 0, INT64_MAX);
        return 0;
    case 't':
        trainer->time_limit_s = command_real (state, "--time-limit", text, 0.1, 1e7);
        return 0;
    case 'e':
        trainer->epochs = (size_t)command_integer (state, "--epochs", text, 1, 100000);
        return 0;
    case S_KEY_PATIENCE:
        trainer->patience =
            (size_t)command_integer (state, "--patience", text, 1, 100000);
        return 0;
    case S_KEY_RESUME:
        trainer->resume = true;
        return 0;
    case S_KEY_CURVE:
        options->curve = text;
        return 0;
    case S_KEY_THREADS:
        trainer->threads = (size_t)command_integer (state, "--threads", text, 1, 256);
        return 0;
    default:
        return s_parse_network (key, text, state);
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
    .help =
        "Learn a model from the interactions, write its checkpoint and make it the one "
        "in use. A running server takes it up by itself.\vThe last interaction of each "
        "user is for the test, the one before for validation. The epoch with the best "
        "NDCG@10 in validation is kept. Ctrl-C keeps the best so far, and --resume "
        "goes on "
        "from there.",
    .examples = "sasrec train\n"
                "sasrec train --time-limit 600\n"
                "sasrec train --data ratings.csv --curve curve",
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

/* The first Ctrl-C stops after the batch; the second one ends the process. */
static void
s_catch_signals (void)
{
    struct sigaction action = {.sa_handler = s_on_signal};
    action.sa_flags = (int)SA_RESETHAND;
    sigaction (SIGINT, &action, NULL);
    sigaction (SIGTERM, &action, NULL);
}

static int
s_answer (const command_t *self, const trainer_report_t *report)
{
    const s_options_t *options = self->options;
    if (self->json) {
        json_t *answer = json_pack ("{s:s,s:s,s:f,s:I,s:I,s:b,s:f,s:f,s:o,s:o,s:o,s:o}",
            "version", report->version, "checkpoint", report->checkpoint, "seconds",
            report->seconds, "epochs", (json_int_t)report->epochs, "best_epoch",
            (json_int_t)report->best_epoch, "resumable", report->resumable,
            "read_seconds", options->read_s, "positions_per_second",
            report->positions_per_second, "valid", report_ranking (&report->valid),
            "test", report_ranking (&report->test), "test_sampled100",
            report_ranking (&report->sampled), "floors",
            report_floors (&report->popularity, &report->markov));
        return command_answer (self, &answer);
    }
    char title[64];
    printf ("Trained %s in %.1f s: %zu epochs, the best was %zu; %.0f positions/s.\n",
        report->version, report->seconds, report->epochs, report->best_epoch,
        report->positions_per_second);
    snprintf (title, sizeof title, "test, %zu users", report->test.users);
    report_print (title, &report->test, &report->popularity, &report->markov);
    printf ("  Among 100 random items: NDCG@10 %.4f HR@10 %.4f, for comparison with "
            "papers.\n",
        report->sampled.ndcg10, report->sampled.hr10);
    printf ("Wrote %s, now the model in use.\n", report->checkpoint);
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

static int
s_train (const command_t *self, const dataset_t *data)
{
    const s_options_t *options = self->options;
    const char *folder = config_text (self->config, CONFIG_CHECKPOINTS);
    char error[160];
    trainer_report_t report;
    trainer_hooks_t hooks = {.stop = &s_stop};
    curve_t *curve =
        options->curve ? curve_new (options->curve, options->trainer.resume) : NULL;
    train_view_t *view = train_view_new (self->quiet, curve);
    train_view_attach (view, &hooks);
    if (!self->quiet)
        fprintf (stderr, "%zu users, %zu items, %zu interactions\n", data->user_count,
            data->item_count, data->interaction_count);
    s_catch_signals ();
    int status = trainer_run (data, &options->trainer, &hooks, folder, &report, error);
    train_view_destroy (&view);
    curve_destroy (&curve);
    if (status == -1)
        return command_fail (self, "%s", error);
    if (checkpoint_publish (folder, report.version, error) == -1)
        return command_fail (self,
            "the model is in %s, but is not made the one in use: %s", report.checkpoint,
            error);
    s_announce (self, report.version);
    return s_answer (self, &report);
}

int
command_train (int argc, char **argv)
{
    s_options_t options = {0};
    trainer_defaults (&options.trainer);
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    int64_t start_ms = clock_monotonic_ms ();
    dataset_t *data = training_data_read (self, options.data);
    options.read_s = (double)(clock_monotonic_ms () - start_ms) / 1000.0;
    int status = data ? s_train (self, data) : COMMAND_FAILED;
    dataset_destroy (&data);
    command_destroy (&self);
    return status;
}
