/* The bodies of POST /predict, /recommend, /interactions and /items, as handlers read them,
 * and the facts of catalogue.items.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "actors/http/elements.h"
#include "actors/http/fields.h"
#include "actors/http/problem.h"
#include "base/jsonplain.h"
#include "proto/fact.h"
#include "proto/item.h"
#include "proto/request.h"
#include "tests/fuzz/interaction_check.h"

static void
s_check_problem (problem_type_t type, const json_fault_t *fault)
{
    fuzz_check_fault (fault);
    problem_t problem = {.type = type,
        .detail = fault->detail,
        .pointer = type == PROBLEM_INVALID_FIELD ? fault->pointer : NULL,
        .line = fault->line,
        .column = fault->column};
    strbuf_t answer = STRBUF_EMPTY;
    problem_write (&problem, &answer);
    fuzz_check_json (&answer);
    strbuf_free (&answer);
}

/* The row and the Kafka message of what was accepted mean the same again. */
static void
s_check_round_trip (request_t *request)
{
    snprintf (request->request_id, sizeof request->request_id, "an-id");
    strbuf_t text = STRBUF_EMPTY;
    request_to_json (request, &text);
    json_fault_t fault;
    request_t *again = request_from_json (text.data, text.length, &fault);
    assert (again && again->k == request->k);
    strbuf_t rules = STRBUF_EMPTY, rules_again = STRBUF_EMPTY;
    rules_add_members (&request->rules, &rules);
    rules_add_members (&again->rules, &rules_again);
    assert (rules.length == rules_again.length &&
            memcmp (rules.data ? rules.data : "",
                rules_again.data ? rules_again.data : "", rules.length) == 0);
    strbuf_free (&rules);
    strbuf_free (&rules_again);
    assert (strcmp (again->user_id, request->user_id) == 0);
    assert (again->history_count == request->history_count);
    for (size_t i = 0; i < request->history_count; i++)
        assert (again->history[i] == request->history[i]);
    request_destroy (&again);
    strbuf_free (&text);
}

/* An item that is read is JSON for the store; one that is not says which field it was. */
static void
s_check_item (const json_t *element)
{
    for (int patch = 0; patch < 2; patch++) {
        json_fault_t fault = {0};
        strbuf_t text = STRBUF_EMPTY;
        if (item_read (element, patch, &text, &fault))
            s_check_problem (PROBLEM_INVALID_FIELD, &fault);
        else
            fuzz_check_json (&text);
        strbuf_free (&text);
    }
}

/* What is read fits a row; what is not says where in the body, and what nobody knows is
 * JSON again. */
static void
s_check_element (const json_t *element)
{
    json_fault_t fault = {0};
    interaction_t row = {0};
    strbuf_t warnings = STRBUF_EMPTY;
    if (!json_is_object (element))
        return;
    s_check_item (element);
    fields_check (element, interaction_fields, "/9999", false, &warnings, &fault);
    if (warnings.length > 0) {
        strbuf_t array = STRBUF_EMPTY;
        strbuf_addf (&array, "{\"warnings\":[%s]}", warnings.data);
        fuzz_check_json (&array);
        strbuf_free (&array);
    }
    strbuf_free (&warnings);
    if (interaction_read (&row, element, NULL, &fault)) {
        fields_place (&fault, "/9999");
        s_check_problem (PROBLEM_INVALID_FIELD, &fault);
    } else
        fuzz_check_interaction (&row);
}

/* What strangers write to catalogue.items means the same when we write it. */
static void
s_check_fact (const uint8_t *bytes, size_t length)
{
    json_fault_t fault = {0};
    strbuf_t text = STRBUF_EMPTY, again = STRBUF_EMPTY;
    fact_message_t *message =
        fact_message_from_json ((const char *)bytes, length, &fault);
    if (!message) {
        fuzz_check_fault (&fault);
        return;
    }
    fact_message_to_json (message, &text);
    fact_message_destroy (&message);
    message = fact_message_from_json (text.data, text.length, &fault);
    assert (message);
    fact_message_to_json (message, &again);
    assert (strcmp (text.data, again.data) == 0);
    fact_message_destroy (&message);
    strbuf_free (&text);
    strbuf_free (&again);
}

static void
s_check_elements (const uint8_t *bytes, size_t length, bool lines)
{
    bool single;
    json_fault_t fault = {0};
    json_t *elements =
        elements_read ((const char *)bytes, length, lines, &single, &fault);
    if (!elements)
        s_check_problem (PROBLEM_INVALID_JSON, &fault);
    for (size_t i = 0; i < json_array_size (elements); i++)
        s_check_element (json_array_get (elements, i));
    json_decref (elements);
}

/* What the quick reader reads is what jansson does. */
static void
s_check_plain (const uint8_t *bytes, size_t length)
{
    json_t *plain = jsonplain_read ((const char *)bytes, length);
    json_t *value = json_loadb (
        (const char *)bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    assert (!plain || json_equal (plain, value));
    json_decref (plain);
    json_decref (value);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    s_check_plain (bytes, length);
    s_check_elements (bytes, length, false);
    s_check_elements (bytes, length, true);
    s_check_fact (bytes, length);
    json_fault_t fault = {0};
    json_t *object = json_read_object ((const char *)bytes, length, &fault);
    if (!object) {
        s_check_problem (PROBLEM_INVALID_JSON, &fault);
        return 0;
    }
    request_t *request = request_new ();
    if (request_read_body (request, object, &fault)) {
        fields_guess (object, request_body_fields, &fault);
        s_check_problem (PROBLEM_INVALID_FIELD, &fault);
    } else
        s_check_round_trip (request);
    request_destroy (&request);
    json_decref (object);
    return 0;
}
