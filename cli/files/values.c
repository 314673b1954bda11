/* The values of an interaction. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/values.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"
#include "base/utf8.h"

enum { S_SHOWN_MOST = 40 };

/* Whole characters that can be printed, at most S_SHOWN_MOST bytes of them. */
static void
s_show (const char *value, char shown[S_SHOWN_MOST + 4])
{
    const char *at = value;
    size_t length = 0;
    while (*at) {
        size_t step = utf8_length (at);
        bool plain = step > 0 && !utf8_is_control (at);
        if (length + (plain ? step : 1) > S_SHOWN_MOST) {
            memcpy (shown + length, "...", 4);
            return;
        }
        memcpy (shown + length, plain ? at : "?", plain ? step : 1);
        length += plain ? step : 1;
        at += step > 0 ? step : 1;
    }
    shown[length] = '\0';
}

int
values_refuse (const char *name, const char *value, const char *reason, char error[160])
{
    char shown[S_SHOWN_MOST + 4];
    s_show (value, shown);
    snprintf (error, 160, "%.30s \"%s\" %s", name, shown, reason);
    return -1;
}

/* A text that names something, of at most size bytes with its NUL. */
static int
s_copy_name (
    const char *name, const char *text, char *copy, size_t size, char error[160])
{
    size_t length = strlen (text);
    if (length >= size)
        return values_refuse (name, text, "is longer than 128 bytes", error);
    utf8_status_t status = utf8_check (text);
    if (status == UTF8_INVALID)
        return values_refuse (name, text, "is not valid UTF-8", error);
    if (status == UTF8_CONTROL)
        return values_refuse (name, text, "has a control character", error);
    memcpy (copy, text, length + 1);
    return 0;
}

static int
s_refuse_absent (const char *name, char error[160])
{
    snprintf (error, 160, "has no %.60s", name);
    return -1;
}

int
values_user (
    const char *name, const char *text, char user_id[VALUES_USER_SIZE], char error[160])
{
    if (!*text || strcmp (text, "\\N") == 0)
        return s_refuse_absent (name, error);
    return s_copy_name (name, text, user_id, VALUES_USER_SIZE, error);
}

int
values_item_key (
    const char *name, const char *text, char key[ITEM_KEY_SIZE], char error[160])
{
    if (values_is_null (text))
        return s_refuse_absent (name, error);
    return s_copy_name (name, text, key, ITEM_KEY_SIZE, error);
}

int
values_kind (
    const char *name, const char *text, char kind[VALUES_KIND_SIZE], char error[160])
{
    size_t length = strlen (text);
    if (length >= VALUES_KIND_SIZE)
        return values_refuse (name, text,
            "is longer than 64 bytes; --columns kind= leaves it out", error);
    if (utf8_check (text) != UTF8_PLAIN)
        return values_refuse (name, text,
            "is not valid UTF-8, or has a control character; --columns kind= leaves it "
            "out",
            error);
    memcpy (kind, text, length + 1);
    return 0;
}

int
values_number (const char *name, const char *text, double *value, char error[160])
{
    char *end;
    *value = strtod (text, &end);
    if (*end || end == text || !isfinite (*value))
        return values_refuse (
            name, text, "is no number; --columns value= leaves it out", error);
    return 0;
}

/* Behind ".": nothing but zeros, at least one. */
static bool
s_is_zero_fraction (const char *text)
{
    size_t zeros = *text == '.' ? strspn (text + 1, "0") : 0;
    return zeros > 0 && text[1 + zeros] == '\0';
}

static int
s_refuse_item (const char *name, const char *text, char error[160])
{
    char key[ITEM_KEY_SIZE];
    return values_refuse (name, text,
        values_item_key (name, text, key, error) == 0
            ? "is no integer from 0 to 9007199254740991; --item-ids keys takes texts"
            : "is neither an integer from 0 to 9007199254740991 nor a text of 1 to 128 "
              "bytes",
        error);
}

int
values_item (const char *name, const char *text, int64_t *item_id, char error[160])
{
    if (values_is_null (text))
        return s_refuse_absent (name, error);
    if (!isdigit ((unsigned char)*text) ||
        (*text == '0' && isdigit ((unsigned char)text[1])))
        return s_refuse_item (name, text, error);
    char *end;
    errno = 0;
    long long value = strtoll (text, &end, 10);
    if ((*end && !s_is_zero_fraction (end)) || errno != 0 || value > JSON_INTEGER_MAX)
        return s_refuse_item (name, text, error);
    *item_id = value;
    return 0;
}

bool
values_is_null (const char *text)
{
    static const char *const nulls[] = {
        "", "\\N", "NULL", "null", "NaN", "nan", "NaT", "None", "<NA>"};
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++) {
        if (strcmp (text, nulls[i]) == 0)
            return true;
    }
    return false;
}

char *
values_strip (char *text)
{
    text += strspn (text, " ");
    size_t length = strlen (text);
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    return text;
}
