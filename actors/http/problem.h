/* Errors as RFC 9457 "application/problem+json": one table of the types there are.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_PROBLEM_H
#define SASREC_ACTORS_HTTP_PROBLEM_H

#include <stddef.h>

#include "base/jsonread.h"
#include "base/actor/ticket.h"
#include "base/strbuf.h"

#define PROBLEM_CONTENT_TYPE "application/problem+json"

typedef enum {
    PROBLEM_MALFORMED,
    PROBLEM_UNKNOWN_HOST,
    PROBLEM_TOO_MANY_REQUESTS,
    PROBLEM_INVALID_JSON,
    PROBLEM_INVALID_FIELD,
    PROBLEM_UNKNOWN_FIELD,
    PROBLEM_INVALID_PARAMETER,
    PROBLEM_FOREIGN_ORIGIN,
    PROBLEM_KEY_NEEDED,
    PROBLEM_SCOPE_MISSING,
    PROBLEM_NOT_FOUND,
    PROBLEM_UNKNOWN_REQUEST,
    PROBLEM_UNKNOWN_USER,
    PROBLEM_UNKNOWN_ITEM,
    PROBLEM_UNKNOWN_RULES,
    PROBLEM_NO_ITEM,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_BODY_TOO_LARGE,
    PROBLEM_UNKNOWN_ENCODING,
    PROBLEM_RELOAD_REFUSED,
    PROBLEM_IN_WORK,
    PROBLEM_KEY_REUSED,
    PROBLEM_FAILED,
    PROBLEM_OVERLOADED,
    PROBLEM_UNAVAILABLE,
    PROBLEM_COUNT
} problem_type_t;

typedef struct {
    problem_type_t type;
    const char *detail;     /* a sentence about this case */
    const char *request_id; /* of the HTTP request, or NULL */
    const char *pointer;    /* to the bad field of the body (RFC 6901), or NULL */
    const char *parameter;  /* the bad parameter of the URL, or NULL */
    int line;               /* of a syntax error, from 1; else 0 */
    int column;
    const json_fault_t *faults; /* more than one bad field, in place of the pointer */
    size_t fault_count;
    const char *warnings; /* of unknown fields (fields.h), without brackets; or NULL */
} problem_t;

int problem_status (problem_type_t type);

/* The last part of the type's URI. */
const char *problem_word (problem_type_t type);

/* What every status but TICKET_DONE is; reason is borrowed, and may be "". */
problem_t problem_of_ticket (ticket_status_t status, const char *reason);

/* Of a field of the body. fault is borrowed. */
problem_t problem_of_fault (const json_fault_t *fault);

/* {"type","title","status","detail","instance","request_id"} and, where they apply,
 * "line" and "column", or "errors":[{"pointer" or "parameter","detail"}], "warnings". The
 * instance is only there when the request id is a UUID. */
void problem_write (const problem_t *self, strbuf_t *out);

#endif
