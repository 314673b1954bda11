/* Reading JSON from strangers with jansson, safely: depth is checked before the
 * parser's recursion, duplicate keys are refused, and a getter that fails says which
 * field, what it must be, and where (an RFC 6901 pointer).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_JSONREAD_H
#define SASREC_BASE_JSONREAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_LIMIT 8
#define JSON_INTEGER_MAX 9007199254740991 /* 2^53 - 1 */

/* What was wrong with a text or a field. */
typedef struct {
    char detail[160]; /* a sentence: "history[3] must be an integer from 0 to ..." */
    char pointer[96]; /* "/history/3"; "" for the whole text */
    int line;         /* of a syntax error, from 1; else 0 */
    int column;
    bool unknown; /* the field is none there is */
} json_fault_t;

/* Fills the fault of a field that was read, and made no sense. Always -1. */
int json_fail (json_fault_t *fault, const char *pointer, const char *detail);

/* A fresh reference, or NULL with *fault. The root of an object must be one. Numbers beyond
 * 64 bits, and U+0000 anywhere, are left to whoever wants the field: that can say its name.
 * (Integers become reals; what no double holds, 1e999, a text of U+0000.) */
json_t *json_read_value (const char *text, size_t length, json_fault_t *fault);
json_t *json_read_object (const char *text, size_t length, json_fault_t *fault);

/* It is a text with U+0000, or has one in it. */
bool json_has_nul (const json_t *value);

/* The object has the field, and it is not null: null counts as absent. */
bool json_read_given (const json_t *object, const char *key);

/* The value is an integer in the range, as JSON Schema has it: 3, and 3.0 and 3e0 as well;
 * else false, and *integer as it was. */
bool json_integral (const json_t *value, int64_t low, int64_t high, int64_t *integer);

/* Optional fields: absent (or null) leaves *value and returns 0. Wrong type or outside
 * the range: -1 with *fault. Integers as json_integral has them. */
int json_read_integer (const json_t *object, const char *key, int64_t low, int64_t high,
    int64_t *value, json_fault_t *fault);
int json_read_number (/* an integer or a real one */
    const json_t *object, const char *key, double *value, json_fault_t *fault);
int json_read_within (const json_t *object, const char *key, double low, double high,
    double *value, json_fault_t *fault); /* any JSON number */
int json_read_bool (
    const json_t *object, const char *key, bool *value, json_fault_t *fault);

/* Borrowed from the object. length in bytes; control characters are refused. */
int json_read_string (const json_t *object, const char *key, size_t least, size_t most,
    const char **value, json_fault_t *fault);

/* A required array of integers; *values is fresh (free it; NULL when empty or -1). */
int json_read_integers (const json_t *object, const char *key, size_t most, int64_t low,
    int64_t high, int64_t **values, size_t *count, json_fault_t *fault);

/* A required array of strings, each as json_read_string wants it. Borrowed from the object;
 * NULL with *fault. */
const json_t *json_read_strings (const json_t *object, const char *key, size_t most,
    size_t shortest, size_t longest, json_fault_t *fault);

#endif
