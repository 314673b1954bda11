/* The rules of a recommendation on a command line: an option for each word of
 * proto/rule_words.h, and --rules for those that the database keeps under a name.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_RULE_OPTIONS_H
#define SASREC_CLI_RULE_OPTIONS_H

#include "cli/command.h"
#include "model/serve/model.h"
#include "proto/rule_words.h"
#include "proto/rules.h"

#define RULE_OPTION_FIRST 0x200 /* keys of argp from here on are these options' */
#define RULE_OPTION_SET   (RULE_OPTION_FIRST + RULE_WORD_COUNT)

#define RULE_ARGUMENT_FLAG   NULL
#define RULE_ARGUMENT_TEXT   "WORD"
#define RULE_ARGUMENT_NUMBER "X"
#define RULE_ARGUMENT_ITEMS  "ITEMS"
#define RULE_ARGUMENT_NAMES  "NAMES"

/* Rows of a table for argp. */
#define RULE_OPTION(id, name, option, kind, help)                                      \
    {option, RULE_OPTION_FIRST + RULE_WORD_##id, RULE_ARGUMENT_##kind, 0, help, 0},
#define RULE_OPTIONS                                                                   \
    RULE_WORDS (RULE_OPTION){"rules", RULE_OPTION_SET, "NAME", 0,                      \
        "Beside these the rules that the database has under this name", 0},

typedef struct {
    json_t *object;  /* what was said, as the fields of a body; NULL: nothing; owned */
    const char *set; /* NULL: none */
} rule_options_t;

/* Of a parser: 0, or ARGP_ERR_UNKNOWN for an option that is none of these. Lists are like
 * --history's: with commas between, or JSON. */
error_t rule_options_parse (rule_options_t *self, int key, char *text);

/* At the end of the command line: wrong usage when what was said is no rule, or one that
 * needs to know who asks. */
void rule_options_check (const rule_options_t *self, struct argp_state *state);

/* They ask what only the database knows: categories, or rules under a name. */
bool rule_options_need_database (const rule_options_t *self);

/* What was said, with the rules of the set beside it; rules->texts is set. db: NULL where
 * none is needed. 0, or -1 with error. */
int rule_options_read (const rule_options_t *self, const model_t *model, db_t *db,
    rules_t *rules, char error[160]);

void rule_options_free (rule_options_t *self);

#endif
