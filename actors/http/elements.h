/* The elements of a body: one object, an array of them, or one on each line (NDJSON).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ELEMENTS_H
#define SASREC_ACTORS_HTTP_ELEMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/jsonread.h"

/* A fresh array of whatever they are, or NULL with *fault: its line and column are the
 * body's. *single: the body was one object. lines: the client says that it is NDJSON;
 * else what is no JSON as a whole, but has an object on its first line, is taken for it.
 * Blank lines count for nothing. */
json_t *elements_read (
    const char *text, size_t length, bool lines, bool *single, json_fault_t *fault);

/* The content type is one of NDJSON's. */
bool elements_are_lines (const char *content_type);

#endif
