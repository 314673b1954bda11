/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/fields.h"

#include <stdio.h>
#include <string.h>

#include "actors/http/query.h"
#include "base/suggest.h"
#include "base/utf8.h"

#define WARNINGS_MOST 4096 /* bytes: who sends more unknown fields knows by then */
#define KEY_SIZE      61   /* of a key that is shown */
#define GUESSES_MOST  16 /* unknown fields: each is compared with all that are known */

/* What is shown of a stranger's key: no control characters, no half a character. */
static void
s_show (const char *key, char shown[KEY_SIZE])
{
    size_t length = 0;
    for (size_t bytes; *key && (bytes = utf8_length (key)) > 0; key += bytes) {
        if (length + bytes >= KEY_SIZE)
            break;
        if (utf8_is_control (key))
            shown[length++] = '?';
        else {
            memcpy (shown + length, key, bytes);
            length += bytes;
        }
    }
    shown[length] = '\0';
}

/* RFC 6901: '~' and '/' have names of their own. */
static void
s_point (const char *at, const char *shown, char *pointer, size_t size)
{
    size_t length = (size_t)snprintf (pointer, size, "%s/", at);
    for (; *shown && length + 3 < size; shown++) {
        if (*shown == '~' || *shown == '/') {
            pointer[length++] = '~';
            pointer[length++] = *shown == '~' ? '0' : '1';
        } else
            pointer[length++] = *shown;
    }
    pointer[length] = '\0';
    utf8_trim (pointer);
}

/* The known field that was meant by what is shown of a key, or NULL. */
static const char *
s_meant (const char *shown, const char *const *known)
{
    size_t count = 0;
    while (known[count])
        count++;
    return suggest (shown, known, count);
}

static void
s_describe (
    const char *shown, const char *const *known, const char *thing, json_fault_t *fault)
{
    *fault = (json_fault_t){.unknown = true};
    const char *meant = s_meant (shown, known);
    snprintf (fault->detail, sizeof fault->detail, "%s is no %s of this%s%s%s", shown,
        thing, meant ? ": did you mean " : "", meant ? meant : "", meant ? "?" : "");
}

static bool
s_is_known (const char *key, const char *const *known)
{
    while (*known && strcmp (*known, key))
        known++;
    return *known != NULL;
}

static void
s_add (strbuf_t *warnings, const char *place, const json_fault_t *fault)
{
    strbuf_add (warnings, warnings->length > 0 ? ",{\"detail\":" : "{\"detail\":");
    strbuf_add_json_string (warnings, fault->detail);
    strbuf_addf (warnings, ",\"%s\":", place);
    strbuf_add_json_string (warnings, fault->pointer);
    strbuf_add (warnings, "}");
}

int
fields_check (const json_t *object, const char *const *known, const char *at,
    bool strict, strbuf_t *warnings, json_fault_t *fault)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value)
    {
        if (s_is_known (key, known))
            continue;
        if (!strict && warnings->length >= WARNINGS_MOST)
            break; /* a guess at what was meant costs more than reading the field */
        json_fault_t found;
        char shown[KEY_SIZE];
        s_show (key, shown);
        s_describe (shown, known, "field", &found);
        s_point (strict ? "" : at, shown, found.pointer, sizeof found.pointer);
        if (strict) {
            *fault = found;
            return -1;
        }
        s_add (warnings, "pointer", &found);
    }
    return 0;
}

int
fields_check_query (const char *query, const char *const *known, bool strict,
    strbuf_t *warnings, json_fault_t *fault)
{
    char name[KEY_SIZE], shown[KEY_SIZE];
    while (query_next_name (&query, name, sizeof name)) {
        if (!*name || s_is_known (name, known))
            continue;
        if (!strict && warnings->length >= WARNINGS_MOST)
            break;
        json_fault_t found;
        s_show (name, shown);
        s_describe (shown, known, "parameter", &found);
        memcpy (found.pointer, shown, sizeof shown);
        if (strict) {
            *fault = found;
            return -1;
        }
        s_add (warnings, "parameter", &found);
    }
    return 0;
}

void
fields_guess (const json_t *object, const char *const *known, json_fault_t *fault)
{
    const char *key, *missing = fault->pointer + (*fault->pointer == '/');
    json_t *value;
    size_t looked = 0;
    if (!s_is_known (missing, known) || json_read_given (object, missing))
        return;
    json_object_foreach ((json_t *)object, key, value)
    {
        char shown[KEY_SIZE];
        if (s_is_known (key, known))
            continue;
        if (looked++ == GUESSES_MOST)
            return;
        s_show (key, shown);
        const char *meant = s_meant (shown, known);
        if (!meant || strcmp (meant, missing))
            continue;
        snprintf (fault->detail, sizeof fault->detail,
            "\"%s\" is missing; did you mean it by \"%s\"?", missing, shown);
        return;
    }
}

void
fields_place (json_fault_t *fault, const char *at)
{
    char pointer[sizeof fault->pointer];
    snprintf (pointer, sizeof pointer, "%.20s%.*s", at,
        (int)(sizeof pointer - strlen (at) - 1), fault->pointer);
    memcpy (fault->pointer, pointer, sizeof pointer);
}
