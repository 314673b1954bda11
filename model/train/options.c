/* The table of options. SPDX-License-Identifier: Apache-2.0 */
#include "model/train/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the enumerations. */
static const char *const s_losses[] = {"", "full", "sampled", "bce", NULL};
static const char *const s_presets[] = {"", "paper", NULL};
static const char *const s_publish[] = {"better", "always", "never", NULL};

#define AT(member)               offsetof (options_t, member)
#define COUNT(member, low, high) OPTIONS_COUNT, AT (member), low, high, NULL
#define REAL(member, low, high)  OPTIONS_REAL, AT (member), low, high, NULL
#define FLAG(member)             OPTIONS_FLAG, AT (member), 0, 1, NULL
#define WORD(member, words)      OPTIONS_WORD, AT (member), 0, 0, words
#define TEXT(member)             OPTIONS_TEXT, AT (member), 0, 0, NULL
enum { ANY = false, SAME = true };
enum { RUN = false, NETWORK = true };

/* clang-format off */
const options_row_t options_table[] = {
    {"seed", 0, OPTIONS_SEED, AT (seed), 0, 9e15, NULL, SAME, RUN, "N",
        "The same number gives the same model (1)"},
    {"time-limit", 't', REAL (time_limit_s, 0.1, 1e7), ANY, RUN, "S",
        "End after so many seconds, all included; keep the best"},
    {"serve-budget", 0, REAL (serve_us, 1, 1e7), SAME, RUN, "US",
        "A network so narrow that a request takes at most so many microseconds of a core "
        "here, measured before training"},
    {"epochs", 'e', COUNT (epochs, 1, 100000), SAME, RUN, "N", "At most so many epochs"},
    {"patience", 0, COUNT (patience, 1, 100000), SAME, RUN, "N",
        "Stop after N epochs that are no better"},
    {"threads", 0, COUNT (threads, 1, 64), SAME, RUN, "N", "Training threads (2)"},
    {"publish", 0, WORD (publish, s_publish), ANY, RUN, "WORD",
        "Make the model the one in use: better (default; when it beats the floors and is "
        "not worse than the model in use), always, never"},
    {"include-seen", 0, FLAG (include_seen), SAME, RUN, NULL,
        "Measure as if items that a user had before were recommended too"},
    {"events", 0, TEXT (events.targets), SAME, RUN, "EVENT,...",
        "Learn and measure what is chosen with these alone, like purchase,cart; the "
        "others are context. none: those that do not say"},
    {"event-weight", 0, TEXT (events.weights), SAME, RUN, "EVENT=W,...",
        "What a target counts in the loss, like purchase=3,view=0.5 (1); 0: context only"},
    {"drop-events", 0, TEXT (events.dropped), SAME, RUN, "EVENT,...",
        "Leave these out altogether, like dislike"},
    {"seen", 0, TEXT (events.seen), SAME, RUN, "EVENT,...",
        "Measure as requests with this \"seen\": only what a user had with it before is "
        "left out"},
    {"width", 0, COUNT (width, 1, 4096), SAME, NETWORK, "N", "Width D of the embeddings"},
    {"blocks", 0, COUNT (blocks, 1, 64), SAME, NETWORK, "N", "Attention blocks"},
    {"heads", 0, COUNT (heads, 1, 256), SAME, NETWORK, "N",
        "Attention heads; divides the width"},
    {"window", 0, COUNT (window, 1, 10000), SAME, NETWORK, "N",
        "Newest items of a history that are used"},
    {"ffn-factor", 0, COUNT (ffn_factor, 1, 16), SAME, NETWORK, "N",
        "Inner width of the FFN over D"},
    {"batch-users", 0, COUNT (batch_users, 1, 100000), SAME, NETWORK, "N",
        "Users in a batch"},
    {"attention-dropout", 0, REAL (attention_dropout, 0, 0.95), SAME, NETWORK, "P",
        "Share of attention's probabilities dropped"},
    {"dropout", 0, REAL (dropout, 0, 0.95), SAME, NETWORK, "P",
        "Share of activations dropped"},
    {"learning-rate", 0, REAL (learning_rate, 1e-9, 1), SAME, NETWORK, "R", "Of Adam"},
    {"no-relative-bias", 0, FLAG (no_relative_bias), SAME, NETWORK, NULL,
        "Attention without a bias by distance"},
    {"post-norm", 0, FLAG (post_norm), SAME, NETWORK, NULL, "Post-LN instead of Pre-LN"},
    {"preset", 0, WORD (preset, s_presets), SAME, NETWORK, "WORD",
        "paper: as Kang & McAuley 2018 did"},
    {"loss", 0, WORD (loss, s_losses), SAME, NETWORK, "WORD",
        "full: all items. sampled: N for each batch. bce: one per position"},
    {"negatives", 0, COUNT (negatives, 1, 1000000), SAME, NETWORK, "N",
        "Items drawn by --loss sampled"},
};
/* clang-format on */
const size_t options_row_count = sizeof options_table / sizeof *options_table;
_Static_assert(sizeof options_table / sizeof *options_table <= 64, "options_t.given");

void
options_defaults (options_t *self)
{
    *self = (options_t){.seed = 1,
        .threads = 2,
        .dropout = -1,
        .attention_dropout = -1,
        .learning_rate = -1};
}

/* Where the option lies, and how many bytes it has. */
static void *
s_at (const options_t *self, const options_row_t *row)
{
    return (char *)self + row->offset;
}

static size_t
s_size (const options_row_t *row)
{
    static const size_t sizes[] = {sizeof (size_t), sizeof (uint64_t), sizeof (double),
        sizeof (bool), sizeof (options_preset_t), EVENTS_TEXT_SIZE};
    return sizes[row->type];
}

static int
s_set_number (
    options_t *self, const options_row_t *row, const char *text, char error[160])
{
    char *end;
    errno = 0;
    bool whole = row->type != OPTIONS_REAL;
    long long integer = whole ? strtoll (text, &end, 10) : 0;
    double value = whole ? (double)integer : strtod (text, &end);
    if (errno || *end || end == text || !(value >= row->low && value <= row->high)) {
        snprintf (error, 160, "--%s must be a %snumber from %g to %g, not '%.40s'",
            row->name, whole ? "whole " : "", row->low, row->high, text);
        return -1;
    }
    if (row->type == OPTIONS_REAL)
        memcpy (s_at (self, row), &value, sizeof value);
    else if (row->type == OPTIONS_SEED)
        memcpy (s_at (self, row), &(uint64_t){(uint64_t)integer}, sizeof (uint64_t));
    else
        memcpy (s_at (self, row), &(size_t){(size_t)integer}, sizeof (size_t));
    return 0;
}

static int
s_set_word (
    options_t *self, const options_row_t *row, const char *text, char error[160])
{
    char known[80] = "";
    for (unsigned i = 0; row->words[i]; i++) {
        if (!*row->words[i])
            continue;
        if (strcmp (text, row->words[i]) == 0) {
            memcpy (s_at (self, row), &i, sizeof i);
            return 0;
        }
        size_t used = strlen (known);
        snprintf (
            known + used, sizeof known - used, "%s%s", used ? ", " : "", row->words[i]);
    }
    snprintf (
        error, 160, "--%s must be one of %s, not '%.40s'", row->name, known, text);
    return -1;
}

static int
s_set_text (
    options_t *self, const options_row_t *row, const char *text, char error[160])
{
    char room[EVENTS_TEXT_SIZE] =
        ""; /* zeros behind it: options are compared as bytes */
    size_t length = strlen (text);
    if (length == 0 || length >= sizeof room) {
        snprintf (
            error, 160, "--%s must have 1 to %zu bytes", row->name, sizeof room - 1);
        return -1;
    }
    memcpy (room, text, length);
    memcpy (s_at (self, row), room, sizeof room);
    return 0;
}

int
options_set (
    options_t *self, const options_row_t *row, const char *text, char error[160])
{
    int status = 0;
    if (row->type == OPTIONS_FLAG)
        memcpy (s_at (self, row), &(bool){true}, sizeof (bool));
    else if (row->type == OPTIONS_WORD)
        status = s_set_word (self, row, text, error);
    else if (row->type == OPTIONS_TEXT)
        status = s_set_text (self, row, text, error);
    else
        status = s_set_number (self, row, text, error);
    if (status == 0)
        self->given |= (uint64_t)1 << (row - options_table);
    return status;
}

const options_row_t *
options_difference (const options_t *given, const options_t *kept)
{
    for (size_t i = 0; i < options_row_count; i++) {
        const options_row_t *row = &options_table[i];
        if (row->same && given->given >> i & 1 &&
            memcmp (s_at (given, row), s_at (kept, row), s_size (row)) != 0)
            return row;
    }
    return NULL;
}

int
options_check (const options_t *self, char error[160])
{
    const char *fault = NULL;
    if (self->threads < 1 || self->threads > 64)
        fault = "--threads must be 1 to 64";
    else if (self->dropout > 0.95 || self->attention_dropout > 0.95)
        fault = "--dropout and --attention-dropout must be 0 to 0.95";
    else if (self->width && self->heads && self->width % self->heads)
        fault = "--heads must divide --width";
    else if (self->negatives && self->loss != LOSS_SAMPLED &&
             self->loss != LOSS_DEFAULT)
        fault = "--negatives is for --loss sampled alone";
    else if (self->include_seen && *self->events.seen)
        fault = "--seen and --include-seen contradict each other";
    if (fault)
        snprintf (error, 160, "%s", fault);
    events_t events;
    return fault || events_read (&events, &self->events, error) ? -1 : 0;
}
