/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rule_options.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/rule_sets.h"

static void
s_put (rule_options_t *self, const rule_word_t *word, const char *text)
{
    json_fault_t fault;
    json_t *list = word->kind >= RULE_ITEMS && *text == '['
                       ? json_read_value (text, strlen (text), &fault)
                       : NULL;
    if (!self->object)
        self->object = json_object ();
    if (list)
        rule_words_put_value (self->object, word, list);
    else
        rule_words_put (self->object, word, text);
}

error_t
rule_options_parse (rule_options_t *self, int key, char *text)
{
    if (key == RULE_OPTION_SET) {
        self->set = text;
        return 0;
    }
    if (key < RULE_OPTION_FIRST || key >= RULE_OPTION_SET)
        return ARGP_ERR_UNKNOWN;
    s_put (self, &rule_words[key - RULE_OPTION_FIRST], text ? text : "");
    return 0;
}

static int
s_read (const rule_options_t *self, rules_t *rules, json_fault_t *fault)
{
    return self->object ? rules_read (rules, self->object, fault) : 0;
}

void
rule_options_check (const rule_options_t *self, struct argp_state *state)
{
    strbuf_t texts = STRBUF_EMPTY;
    rules_t rules = {.texts = &texts};
    json_fault_t fault;
    if (s_read (self, &rules, &fault))
        argp_error (state, "%s", fault.detail);
    if (rules.seen_event[0])
        argp_error (state,
            "--seen must be exclude, include or only; by an event, like "
            "'%s', the service alone knows it",
            rules.seen_event);
    if (self->set && !rules_name_valid (self->set))
        argp_error (
            state, "--rules must be a name of letters, digits, '.', '_' and '-'");
    rules_free (&rules);
    strbuf_free (&texts);
}

bool
rule_options_need_database (const rule_options_t *self)
{
    return self->set || json_object_get (self->object, "categories");
}

static int
s_merge_set (const char *name, db_t *db, rules_t *rules, char error[160])
{
    char *text;
    json_fault_t fault;
    db_status_t status = rule_sets_find (db, name, &text);
    int rc = -1;
    if (status != DB_OK)
        snprintf (error, 160, "cannot read the rules: %.120s", db_error (db));
    else if (!text)
        snprintf (error, 160, "no rules are kept under the name %s", name);
    else if ((rc = rules_merge_text (rules, text, &fault)))
        snprintf (error, 160, "%s", fault.detail);
    else if (rules->seen_event[0]) {
        snprintf (error, 160,
            "the rules %.64s ask for seen events, which the service "
            "alone knows",
            name);
        rc = -1;
    }
    free (text);
    return rc;
}

int
rule_options_read (const rule_options_t *self, const model_t *model, db_t *db,
    rules_t *rules, char error[160])
{
    json_fault_t fault;
    int rc = s_read (self, rules, &fault);
    assert (rc == 0); /* it was checked */
    model_name_integers (model, rules->exclude, rules->exclude_count);
    model_name_integers (model, rules->allow, rules->allow_count);
    return self->set ? s_merge_set (self->set, db, rules, error) : 0;
}

void
rule_options_free (rule_options_t *self)
{
    json_decref (self->object);
    self->object = NULL;
}
