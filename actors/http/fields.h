/* Fields of a body that nobody here knows: slips of the pen as a rule, "histroy". A client
 * that does not care is warned; one that does (Prefer: handling=strict) is refused. Knows
 * no request. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_FIELDS_H
#define SASREC_ACTORS_HTTP_FIELDS_H

#include <stdbool.h>

#include "base/jsonread.h"
#include "base/strbuf.h"

/* known: ends with NULL; at: the pointer of the object inside the body, "" or "/3". Adds
 * {"detail","pointer"} for each unknown field to warnings, with commas between them, as
 * long as they stay short. strict: -1 with the first of them in *fault instead, whose
 * pointer is the object's own, and which is marked as unknown. */
int fields_check (const json_t *object, const char *const *known, const char *at,
    bool strict, strbuf_t *warnings, json_fault_t *fault);

/* The same of a query's parameters: {"detail","parameter"}, and with strict a pointer
 * that is the parameter's name. */
int fields_check_query (const char *query, const char *const *known, bool strict,
    strbuf_t *warnings, json_fault_t *fault);

/* A field is missing, as *fault says, and another, which nobody knows, may be meant by it:
 * the detail asks that, and *fault is left alone otherwise. */
void fields_guess (const json_t *object, const char *const *known, json_fault_t *fault);

/* The object's fields in place of its own: "/item_id" of the element at "/3" is
 * "/3/item_id". */
void fields_place (json_fault_t *fault, const char *at);

#endif
