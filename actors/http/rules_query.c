/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/rules_query.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "actors/http/query.h"
#include "proto/rule_words.h"

#define TEXT_SIZE     65536 /* a head has less */
#define NAME_OF_A_SET "rules"

static bool
s_refuse (exchange_t *exchange, const char *name)
{
    char detail[160];
    snprintf (detail, sizeof detail,
        "%s must be given once and be UTF-8 without control characters", name);
    exchange_problem_parameter (exchange, name, detail);
    return false;
}

static bool
s_refuse_long (exchange_t *exchange, const char *name)
{
    char detail[160];
    snprintf (detail, sizeof detail,
        "%s has at most %d elements in a URL: POST /recommend takes more", name,
        RULES_QUERY_LIST_LIMIT);
    exchange_problem_parameter (exchange, name, detail);
    return false;
}

static size_t
s_elements (const char *list)
{
    size_t count = 1;
    for (; *list; list++)
        count += *list == ',';
    return count;
}

static bool
s_read_word (exchange_t *exchange, const rule_word_t *word, char *text, json_t *object)
{
    query_status_t status =
        word->kind >= RULE_ITEMS
            ? query_find_list (exchange->query, word->name, text, TEXT_SIZE)
            : query_find (exchange->query, word->name, text, TEXT_SIZE);
    if (status == QUERY_ABSENT)
        return true;
    if (status == QUERY_BAD || !query_text_valid (text, TEXT_SIZE))
        return s_refuse (exchange, word->name);
    if (word->kind >= RULE_ITEMS && s_elements (text) > RULES_QUERY_LIST_LIMIT)
        return s_refuse_long (exchange, word->name);
    rule_words_put (object, word, text);
    return true;
}

static bool
s_read_set (exchange_t *exchange, char *text, json_t *object)
{
    query_status_t status =
        query_find (exchange->query, NAME_OF_A_SET, text, TEXT_SIZE);
    if (status == QUERY_BAD ||
        (status == QUERY_FOUND && !query_text_valid (text, TEXT_SIZE)))
        return s_refuse (exchange, NAME_OF_A_SET);
    if (status == QUERY_FOUND)
        json_object_set_new (object, NAME_OF_A_SET, json_string (text));
    return true;
}

/* As the fields of a body. False: the problem has been replied. */
static bool
s_read_words (exchange_t *exchange, json_t *object)
{
    char *text = malloc (TEXT_SIZE);
    assert (text);
    bool good = s_read_set (exchange, text, object);
    for (size_t i = 0; i < RULE_WORD_COUNT && good; i++)
        good = s_read_word (exchange, &rule_words[i], text, object);
    if (json_object_get (object, "seen") &&
        json_is_boolean (json_object_get (object, "include_seen")))
        json_object_del (object, "include_seen");
    free (text);
    return good;
}

/* A rule that is misspelt lets items through. */
static bool
s_check_names (exchange_t *exchange)
{
    const char *known[RULE_WORD_COUNT + 5] = {NAME_OF_A_SET, "k", "history", "expand"};
    for (size_t i = 0; i < RULE_WORD_COUNT; i++)
        known[4 + i] = rule_words[i].name;
    return exchange_check_query (exchange, known);
}

/* To read a list of keys as they are meant. */
static void
s_name (http_context_t *context, request_t *request)
{
    model_ref_t *ref = http_context_model (context);
    rules_t *rules = &request->rules;
    if (ref) {
        model_name_integers (
            model_ref_model (ref), rules->exclude, rules->exclude_count);
        model_name_integers (model_ref_model (ref), rules->allow, rules->allow_count);
    }
    model_ref_release (&ref);
}

bool
rules_query_read (http_context_t *context, exchange_t *exchange, request_t *request)
{
    json_fault_t fault;
    json_t *object = json_object ();
    bool good = s_check_names (exchange) && s_read_words (exchange, object);
    if (good && request_read_rules (request, object, &fault)) {
        const rule_word_t *word = rule_words_at (fault.pointer);
        exchange_problem_parameter (
            exchange, word ? word->name : NAME_OF_A_SET, fault.detail);
        good = false;
    }
    json_decref (object);
    if (good)
        s_name (context, request);
    return good;
}
