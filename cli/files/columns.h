/* Which column of a file is the user, the item, the time, the event's id, its kind and its
 * value: by the names that databases, libraries and public data sets give them, or as
 * somebody said.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_COLUMNS_H
#define SASREC_CLI_FILES_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    COLUMN_USER,
    COLUMN_ITEM,
    COLUMN_TIME,
    COLUMN_EVENT_ID,
    COLUMN_KIND,
    COLUMN_VALUE,
    COLUMN_COUNT
} column_t;

/* "user", "item", "time", "event", "kind", "value": as --columns calls them. */
const char *column_word (column_t column);
/* What we call it: "user_id", "item_id", "created_at", "event_id", "event", "value". */
const char *column_name (column_t column);
/* The column of a word of length bytes, or COLUMN_COUNT. */
column_t column_by_word (const char *word, size_t length);

/* How well a name in a file fits the column: 0 is its own name, larger is less usual,
 * -1 not at all. Letters' case, "_", "-", spaces and a type after ":" do not count. */
int column_fit (column_t column, const char *name);

#define COLUMN_PLAIN_SIZE 40
/* "User-ID:token" is "userid". */
void column_plain (const char *name, char plain[COLUMN_PLAIN_SIZE]);

#endif
