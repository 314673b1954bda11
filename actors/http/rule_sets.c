/* /rules and /rules/{name}: rules under a name, for requests that name it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/rule_sets.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/http/context.h"
#include "actors/http/fields.h"
#include "actors/http/routes.h"
#include "proto/rules.h"

#define LIST_LIMIT 1000

static const char *const s_fields[] = {RULES_FIELDS, NULL};

static bool
s_read_name (exchange_t *exchange)
{
    if (rules_name_valid (exchange->parameter))
        return true;
    exchange_problem_parameter (
        exchange, "name", "name must be 1 to 64 letters, digits, '.', '_' and '-'");
    return false;
}

static void
s_reply_unknown (exchange_t *exchange)
{
    exchange_problem (
        exchange, PROBLEM_UNKNOWN_RULES, "No rules are kept under this name.");
}

/* rules: a JSON object. */
static void
s_reply (exchange_t *exchange, int status, const char *rules)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"name\":");
    strbuf_add_json_string (&body, exchange->parameter);
    strbuf_addf (&body, ",\"rules\":%s}", rules);
    exchange_reply_json (exchange, status, &body);
}

/* An unknown field is refused, whatever the client prefers: a rule that was meant would
 * be missing for as long as the set is in use. */
static int
s_check (const json_t *object, json_fault_t *fault)
{
    strbuf_t none = STRBUF_EMPTY, texts = STRBUF_EMPTY;
    rules_t rules = {.texts = &texts};
    int rc = fields_check (object, s_fields, "", true, &none, fault) ||
                     rules_read (&rules, object, fault)
                 ? -1
                 : 0;
    rules_free (&rules);
    strbuf_free (&texts);
    return rc;
}

/* The body as compact JSON, fresh; NULL: the problem has been replied. */
static char *
s_read_rules (exchange_t *exchange)
{
    json_fault_t fault;
    json_t *object = exchange_read_json (exchange);
    char *rules = NULL;
    if (object && s_check (object, &fault) == 0) {
        rules = json_dumps (object, JSON_COMPACT);
        assert (rules);
    } else if (object)
        exchange_problem_json (exchange, PROBLEM_INVALID_FIELD, &fault);
    json_decref (object);
    return rules;
}

void
rule_set_put (http_context_t *context, exchange_t *exchange)
{
    char *rules = s_read_name (exchange) ? s_read_rules (exchange) : NULL;
    if (!rules)
        return;
    bool created;
    db_t *db = http_context_take_db (context, exchange);
    if (db) {
        db_status_t status = rule_sets_put (db, exchange->parameter, rules, &created);
        if (http_context_give_db (context, &db, status, exchange))
            s_reply (exchange, created ? 201 : 200, rules);
    }
    free (rules);
}

void
rule_set_get (http_context_t *context, exchange_t *exchange)
{
    char *rules;
    db_t *db = s_read_name (exchange) ? http_context_take_db (context, exchange) : NULL;
    if (!db)
        return;
    db_status_t status = rule_sets_find (db, exchange->parameter, &rules);
    if (http_context_give_db (context, &db, status, exchange)) {
        if (rules)
            s_reply (exchange, 200, rules);
        else
            s_reply_unknown (exchange);
    }
    free (rules);
}

void
rule_set_delete (http_context_t *context, exchange_t *exchange)
{
    bool found;
    db_t *db = s_read_name (exchange) ? http_context_take_db (context, exchange) : NULL;
    if (!db)
        return;
    db_status_t status = rule_sets_delete (db, exchange->parameter, &found);
    if (!http_context_give_db (context, &db, status, exchange))
        return;
    if (found)
        exchange_reply_empty (exchange, 204);
    else
        s_reply_unknown (exchange);
}

void
rule_sets_get (http_context_t *context, exchange_t *exchange)
{
    db_t *db = http_context_take_db (context, exchange);
    if (!db)
        return;
    strbuf_t body = STRBUF_EMPTY;
    db_status_t status = rule_sets_list (db, LIST_LIMIT, &body);
    if (http_context_give_db (context, &db, status, exchange))
        exchange_reply_json (exchange, 200, &body);
    strbuf_free (&body);
}
