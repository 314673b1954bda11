/* What a run of training can be asked for. One table says of each option its name, type
 * and range, and whether a resumed run must have the same; the command line, the state of
 * an interrupted run and the benchmark read it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_OPTIONS_H
#define SASREC_MODEL_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/data/events.h"
#include "model/train/loss.h"

typedef enum {
    OPTIONS_RULES, /* what is left open follows from the data */
    OPTIONS_PAPER  /* the setting of Kang & McAuley 2018 on dense data */
} options_preset_t;

/* When a trained model becomes the one in use; model/train/gate.h. */
typedef enum { PUBLISH_BETTER, PUBLISH_ALWAYS, PUBLISH_NEVER } options_publish_t;

typedef struct {
    uint64_t seed;
    size_t threads;      /* 2 */
    double time_limit_s; /* 0 = none */
    double serve_us; /* that a request may cost, 0 = any; the command chooses width */
    /* 0 (or a negative rate): chosen from the data's statistics, see docs/training.md */
    size_t width; /* D */
    size_t blocks;
    size_t heads;
    size_t window; /* L */
    size_t ffn_factor;
    size_t batch_users;
    size_t epochs;   /* at most */
    size_t patience; /* epochs without a better validation NDCG@10 */
    double dropout;
    double attention_dropout;
    double learning_rate;
    bool post_norm; /* Post-LN instead of Pre-LN */
    bool no_relative_bias;
    bool include_seen; /* measure as if items of the history were recommended too */
    loss_kind_t loss;  /* LOSS_DEFAULT: chosen too */
    size_t negatives;  /* of the sampled loss, per batch */
    options_preset_t preset;
    options_publish_t publish;
    events_lists_t events; /* what was done decides what an interaction counts for */
    uint64_t given;        /* bit i: row i of the table was set by options_set */
} options_t;

typedef enum {
    OPTIONS_COUNT,
    OPTIONS_SEED,
    OPTIONS_REAL,
    OPTIONS_FLAG,
    OPTIONS_WORD,
    OPTIONS_TEXT /* up to EVENTS_TEXT_SIZE bytes with the NUL */
} options_type_t;

typedef struct {
    const char *name; /* --name */
    char letter;      /* -l; 0: none */
    options_type_t type;
    size_t offset;            /* in options_t */
    double low, high;         /* of numbers, both included */
    const char *const *words; /* of OPTIONS_WORD: by value; NULL ends them, "" cannot be
                                 given */
    bool same;                /* a resumed run must have the same */
    bool network;             /* what it is about: the network, or the run */
    const char *argument;     /* of the help; NULL: it takes none */
    const char *help;
} options_row_t;

extern const options_row_t options_table[];
extern const size_t options_row_count;

void options_defaults (options_t *self);

/* text: NULL for a flag. -1 with error, which names the option and what it takes. */
int options_set (
    options_t *self, const options_row_t *row, const char *text, char error[160]);

/* Of what is given here, the first that must be the same and is another one; or NULL. */
const options_row_t *options_difference (const options_t *given, const options_t *kept);

/* What cannot be, whatever the data. -1 with error. */
int options_check (const options_t *self, char error[160]);

#endif
