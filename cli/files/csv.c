/* The fields of a CSV record. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Moves *text past the quoted field that begins there, and takes its quotes away. False
 * when it does not end. */
static bool
s_unquote (char **text)
{
    char *to = *text;
    char *from = *text + 1;
    for (; *from && (*from != '"' || from[1] == '"'); from++) {
        from += *from == '"';
        *to++ = *from;
    }
    if (*from != '"')
        return false;
    *text = from + 1;
    *to = '\0';
    return true;
}

/* Moves *text past the field and its comma; it is NULL after the last. */
static bool
s_field (char **text)
{
    char *end = *text;
    if (*end != '"')
        end += strcspn (end, ",\"");
    else if (!s_unquote (&end))
        return false;
    if (*end && *end != ',')
        return false;
    *text = *end ? end + 1 : NULL;
    *end = '\0';
    return true;
}

int
csv_split (char *text, char *fields[CSV_FIELDS_MOST], char error[160])
{
    int count = 0;
    while (text) {
        if (count == CSV_FIELDS_MOST) {
            snprintf (error, 160, "more than %d columns", CSV_FIELDS_MOST);
            return -1;
        }
        fields[count++] = text;
        if (!s_field (&text)) {
            snprintf (error, 160, "a quote is not closed, or stands inside a field");
            return -1;
        }
    }
    return count;
}
