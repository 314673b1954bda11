/* The body of POST /predict and POST /recommend, as handlers read it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "actors/http/problem.h"
#include "proto/request.h"
#include "tests/fuzz/fuzz.h"

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
    assert (again->include_seen == request->include_seen);
    assert (strcmp (again->user_id, request->user_id) == 0);
    assert (again->history_count == request->history_count);
    for (size_t i = 0; i < request->history_count; i++)
        assert (again->history[i] == request->history[i]);
    request_destroy (&again);
    strbuf_free (&text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    json_fault_t fault = {0};
    json_t *object = json_read_object ((const char *)bytes, length, &fault);
    if (!object) {
        s_check_problem (PROBLEM_INVALID_JSON, &fault);
        return 0;
    }
    request_t *request = request_new ();
    if (request_read_body (request, object, &fault))
        s_check_problem (PROBLEM_INVALID_FIELD, &fault);
    else
        s_check_round_trip (request);
    request_destroy (&request);
    json_decref (object);
    return 0;
}
