/* What every subcommand shares: its options (its own, the settings of base/config that
 * it uses, --json, --quiet), how it says that it failed, and how it answers a program.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_COMMAND_H
#define SASREC_CLI_COMMAND_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "cli/files/layout.h"
#include "store/db.h"

/* Exit statuses; docs/commands.md. Wrong usage is argp's EX_USAGE, 64. */
enum {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1, /* the environment: no database, no model, no disk */
    COMMAND_REFUSED = 2 /* the input: bad lines, or a file that is loaded already */
};

/* What a subcommand takes. */
typedef struct {
    const char *name;      /* "sasrec train": before every error */
    const char *arguments; /* "FILE" in the usage; NULL = none */
    const char *help;      /* as argp's doc: "\v" comes before the epilogue */
    const struct argp_option *options; /* its own, ended by {0}; NULL = none */
    argp_parser_t parser;              /* for those; its input is the command_t */
    const config_key_t *settings;      /* ended by CONFIG_COUNT; their file (--config)
                                        * goes without saying; NULL = none */
    bool speaks_json;                  /* has --json */
    bool reads_files;                  /* has --format, --columns, ... */
    const char *examples;              /* command lines, "\n" between; NULL = none */
} command_spec_t;

typedef struct {
    const command_spec_t *spec; /* constant */
    config_t *config;           /* owned */
    char *conninfo;             /* of the database, if the command has one; owned */
    void *options;              /* the subcommand's own struct, borrowed */
    bool json;                  /* one JSON object on stdout, nothing else */
    bool quiet;                 /* no progress on stderr */
    size_t unknown_variables;   /* SASREC_... in the environment that are no settings */
    layout_t layout;            /* of commands that read files: what was said of them */
} command_t;

/* Reads the command line and the file of settings; wrong usage ends the process, as --help
 * does. NULL: it said what is wrong with the environment, or with the file; return
 * COMMAND_FAILED. */
command_t *command_new (
    const command_spec_t *spec, void *options, int argc, char **argv);
void command_destroy (command_t **self_p);

/* For parsers: a whole number in [low, high], a number above low; else wrong usage. */
int64_t command_integer (struct argp_state *state, const char *flag, const char *text,
    int64_t low, int64_t high);
double command_real (struct argp_state *state, const char *flag, const char *text,
    double low, double high);

/* "sasrec train: ..." on stderr; returns COMMAND_FAILED. */
int command_fail (const command_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* A file of which nothing was loaded: so many lines of it are bad, or it has no such things
 * ("items"). Returns COMMAND_REFUSED. */
int command_refuse_file (const command_t *self, const char *file, const char *things,
    uint64_t rows, uint64_t bad);

/* The one line that --json promises. Takes the object. 0, or COMMAND_FAILED when it was
 * not built or stdout is gone. */
int command_answer (const command_t *self, json_t **object_p);

/* A connected database that has our tables, or NULL after saying why not. Commands have
 * no statement time-out. */
db_t *command_database (const command_t *self);

/* The settings that say where the database is, where Kafka is, and all there are. */
extern const config_key_t command_database_settings[];
extern const config_key_t command_kafka_settings[];
extern const config_key_t command_all_settings[];

/* Where Kafka is, or NULL after saying that none is configured. */
const char *command_kafka (const command_t *self);

#endif
