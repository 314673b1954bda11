/* The query of a URL, the segments of its path, and the texts of both: decoded strictly,
 * because what a lenient decoder makes of a bad one is anyone's guess. Knows no request.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_QUERY_H
#define SASREC_ACTORS_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    QUERY_ABSENT,
    QUERY_FOUND,
    QUERY_BAD /* given twice, longer than the room, or not percent-encoded text */
} query_status_t;

/* query: what stands behind '?', or NULL. The decoded value goes into value (a plus is a
 * space); a name without '=' has the value "". */
query_status_t query_find (
    const char *query, const char *name, char *value, size_t size);

/* As query_find, of a list: all that stands behind the name, "ids=1,2" or "ids=1&ids=2", with
 * commas between them. */
query_status_t query_find_list (
    const char *query, const char *name, char *values, size_t size);

/* The next name, as it stands where it cannot be decoded and cut to what fits; *query moves
 * on behind its value. False: there is no other. */
bool query_next_name (const char **query, char *name, size_t size);

/* Percent-decodes length bytes and ends them with a NUL; false when they do not fit,
 * hold "%00" or a broken escape. A plus stays a plus unless plus_is_space. */
bool query_decode (
    const char *text, size_t length, bool plus_is_space, char *value, size_t size);

/* Decimal digits only, or ".0" behind them, within the range. */
bool query_integer (const char *text, int64_t low, int64_t high, int64_t *value);

/* "1,2,3": at least one and at most `most` integers from low to high into values. */
bool query_integers (const char *text, int64_t low, int64_t high, int64_t *values,
    size_t most, size_t *count);

/* Valid UTF-8 without control characters (nor U+0080 to U+009F), at most `most` bytes. */
bool query_text_valid (const char *text, size_t most);

/* The preference ("handling=strict") stands in a Prefer header (RFC 7240), in any case. */
bool query_prefers (const char *header, const char *preference);

/* The seconds of "wait=N" in a Prefer header (RFC 7240), at most `most`; -1 when it is
 * not there or makes no sense: preferences that are not understood are ignored. */
int query_prefer_wait (const char *header, int most);

#endif
