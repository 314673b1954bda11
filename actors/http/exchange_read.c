/* Reading what a request says, with the problem as the answer when it says nonsense.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "actors/http/exchange.h"
#include "actors/http/fields.h"
#include "actors/http/query.h"

#define USER_ID_LIMIT 128
#define STRICT        "handling=strict"

json_t *
exchange_read_json (exchange_t *self)
{
    json_fault_t fault;
    json_t *object =
        json_read_object (self->body ? self->body : "", self->body_length, &fault);
    if (!object)
        exchange_problem_json (self, PROBLEM_INVALID_JSON, &fault);
    return object;
}

bool
exchange_read_integer (
    exchange_t *self, const char *name, int64_t low, int64_t high, int64_t *value)
{
    char text[32];
    query_status_t status = query_find (self->query, name, text, sizeof text);
    if (status == QUERY_ABSENT)
        return true;
    if (status == QUERY_FOUND && query_integer (text, low, high, value))
        return true;
    char detail[160];
    snprintf (detail, sizeof detail, "%s must be an integer from %lld to %lld", name,
        (long long)low, (long long)high);
    exchange_problem_parameter (self, name, detail);
    return false;
}

bool
exchange_read_text (exchange_t *self, const char *name, char *value, size_t size)
{
    query_status_t status = query_find (self->query, name, value, size);
    if (status == QUERY_ABSENT) {
        value[0] = '\0';
        return true;
    }
    if (status == QUERY_FOUND && query_text_valid (value, size - 1))
        return true;
    char detail[160];
    snprintf (detail, sizeof detail,
        "%s must be at most %zu bytes of UTF-8 without control characters", name,
        size - 1);
    exchange_problem_parameter (self, name, detail);
    return false;
}

bool
exchange_read_flag (exchange_t *self, const char *name, bool *value)
{
    char text[8];
    query_status_t status = query_find (self->query, name, text, sizeof text);
    if (status == QUERY_ABSENT)
        return true;
    bool yes = !strcmp (text, "") || !strcmp (text, "true") || !strcmp (text, "1");
    bool no = !strcmp (text, "false") || !strcmp (text, "0");
    if (status == QUERY_FOUND && (yes || no)) {
        *value = yes;
        return true;
    }
    char detail[160];
    snprintf (detail, sizeof detail, "%s must be true or false", name);
    exchange_problem_parameter (self, name, detail);
    return false;
}

bool
exchange_read_user (exchange_t *self)
{
    if (query_text_valid (self->parameter, USER_ID_LIMIT))
        return true;
    exchange_problem_parameter (self, "user_id",
        "user_id must be 1 to 128 bytes of UTF-8 without control characters");
    return false;
}

bool
exchange_read_item (exchange_t *self, int64_t *item_id)
{
    if (query_integer (self->parameter, 0, JSON_INTEGER_MAX, item_id))
        return true;
    exchange_problem_parameter (
        self, "item_id", "item_id must be an integer from 0 to 9007199254740991");
    return false;
}

static bool
s_is_strict (exchange_t *self)
{
    bool strict = query_prefers (exchange_request_header (self, "Prefer"), STRICT);
    if (strict)
        exchange_set_header (self, "Preference-Applied", STRICT);
    return strict;
}

bool
exchange_check_query (exchange_t *self, const char *const *known)
{
    json_fault_t fault;
    if (fields_check_query (
            self->query, known, s_is_strict (self), &self->warnings, &fault) == 0)
        return true;
    exchange_problem_parameter (self, fault.pointer, fault.detail);
    return false;
}

int
exchange_check_fields (exchange_t *self, const json_t *object, const char *const *known,
    const char *at, json_fault_t *fault)
{
    return fields_check (object, known, at, s_is_strict (self), &self->warnings, fault);
}

void
exchange_add_warnings (const exchange_t *self, strbuf_t *body)
{
    if (self->warnings.length > 0)
        strbuf_addf (body, ",\"warnings\":[%s]", self->warnings.data);
}
