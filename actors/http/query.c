/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/query.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

static int
s_hex (char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower ((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
query_decode (
    const char *text, size_t length, bool plus_is_space, char *value, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < length ? s_hex (text[i + 1]) : -1;
            int low = high >= 0 ? s_hex (text[i + 2]) : -1;
            if (low < 0 || (high == 0 && low == 0))
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space)
            c = ' ';
        if (used + 1 >= size)
            return false;
        value[used++] = c;
    }
    value[used] = '\0';
    return true;
}

/* The next value of that name, still encoded; NULL: there is no other. *query moves on. */
static const char *
s_next_value (const char **query, const char *name, size_t *value_length)
{
    size_t name_length = strlen (name);
    while (*query && **query) {
        const char *pair = *query;
        size_t length = strcspn (pair, "&"), key = strcspn (pair, "=&");
        *query += length + (pair[length] == '&');
        if (key != name_length || memcmp (pair, name, key))
            continue;
        size_t start = key < length ? key + 1 : length;
        *value_length = length - start;
        return pair + start;
    }
    return NULL;
}

query_status_t
query_find (const char *query, const char *name, char *value, size_t size)
{
    size_t length;
    const char *found = s_next_value (&query, name, &length);
    if (!found)
        return QUERY_ABSENT;
    if (!query_decode (found, length, true, value, size) ||
        s_next_value (&query, name, &length))
        return QUERY_BAD;
    return QUERY_FOUND;
}

bool
query_next_name (const char **query, char *name, size_t size)
{
    const char *pair = *query;
    if (!pair || !*pair)
        return false;
    size_t length = strcspn (pair, "&"), key = strcspn (pair, "=&");
    if (!query_decode (pair, key, true, name, size))
        snprintf (name, size, "%.*s", (int)key, pair);
    *query += length + (pair[length] == '&');
    return true;
}

query_status_t
query_find_list (const char *query, const char *name, char *values, size_t size)
{
    query_status_t status = QUERY_ABSENT;
    const char *found;
    size_t length, used = 0;
    while ((found = s_next_value (&query, name, &length))) {
        if (status == QUERY_FOUND)
            values[used++] = ','; /* in place of the NUL */
        if (used == size ||
            !query_decode (found, length, true, values + used, size - used))
            return QUERY_BAD;
        used += strlen (values + used);
        status = QUERY_FOUND;
    }
    return status;
}

/* ".0" behind the digits: whose numbers are all of one kind write an integer so. */
static void
s_skip_zeros (const char **text)
{
    size_t zeros = **text == '.' ? strspn (*text + 1, "0") : 0;
    if (zeros > 0)
        *text += 1 + zeros;
}

/* Reads digits at *text and moves it behind them. */
static bool
s_read_integer (const char **text, int64_t low, int64_t high, int64_t *value)
{
    if (!isdigit ((unsigned char)**text))
        return false;
    int64_t sum = 0;
    for (; isdigit ((unsigned char)**text); (*text)++) {
        int digit = **text - '0';
        if (sum > (INT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    s_skip_zeros (text);
    *value = sum;
    return sum >= low && sum <= high;
}

bool
query_integer (const char *text, int64_t low, int64_t high, int64_t *value)
{
    return s_read_integer (&text, low, high, value) && *text == '\0';
}

bool
query_integers (const char *text, int64_t low, int64_t high, int64_t *values,
    size_t most, size_t *count)
{
    *count = 0;
    for (;;) {
        if (*count == most || !s_read_integer (&text, low, high, &values[*count]))
            return false;
        (*count)++;
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

bool
query_text_valid (const char *text, size_t most)
{
    return strlen (text) <= most && utf8_check (text) == UTF8_PLAIN;
}

int
query_prefer_wait (const char *header, int most)
{
    for (const char *at = header; at && *at; at += *at == ',') {
        at += strspn (at, " \t");
        size_t length = strcspn (at, ",");
        if (length > 5 && !strncasecmp (at, "wait=", 5)) {
            const char *digits = at + 5;
            int64_t seconds;
            if (!s_read_integer (&digits, 1, INT64_MAX, &seconds))
                return -1;
            digits += strspn (digits, " \t");
            if (digits != at + length && *digits != ';')
                return -1;
            return seconds < most ? (int)seconds : most;
        }
        at += length;
    }
    return -1;
}

bool
query_prefers (const char *header, const char *preference)
{
    size_t wanted = strlen (preference);
    for (const char *at = header; at && *at; at += *at == ',') {
        at += strspn (at, " \t");
        size_t length = strcspn (at, ",");
        size_t word = strcspn (at, ",; \t");
        if (word == wanted && !strncasecmp (at, preference, wanted))
            return true;
        at += length;
    }
    return false;
}
