/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/faults.h"

#include <stdio.h>

#include "actors/http/elements.h"
#include "actors/http/fields.h"
#include "base/utf8.h"

json_t *
faults_read_elements (exchange_t *exchange, bool *single)
{
    json_fault_t fault;
    bool lines =
        elements_are_lines (exchange_request_header (exchange, "Content-Type"));
    json_t *elements = elements_read (exchange->body ? exchange->body : "",
        exchange->body_length, lines, single, &fault);
    if (!elements)
        exchange_problem_json (exchange, PROBLEM_INVALID_JSON, &fault);
    return elements;
}

void
faults_note (faults_t *self, const char *at, json_fault_t *fault)
{
    fields_place (fault, at);
    if (self->count < FAULTS_MOST)
        self->faults[self->count] = *fault;
    self->count++;
}

bool
faults_none (
    const faults_t *self, exchange_t *exchange, size_t count, const char *things)
{
    char detail[100 + sizeof self->faults[0].detail];
    size_t told = self->count < FAULTS_MOST ? self->count : FAULTS_MOST;
    if (told == 0)
        return true;
    snprintf (detail, sizeof detail,
        "%zu of %zu %.20s are not valid, and nothing was written. The first: %s",
        self->count, count, things, self->faults[0].detail);
    utf8_trim (detail);
    exchange_problem_fields (exchange, detail, self->faults, told);
    return false;
}
