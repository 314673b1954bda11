/* Which field of an item a name in a file means, by the names that shops, libraries and
 * public data sets give it; and its value, brought into the form that the service takes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_ITEM_ROW_H
#define SASREC_CLI_FILES_ITEM_ROW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The item that an object of a file (cli/files/objects) is: "item_id" (an integer; a text
 * where keys), "title", "categories", "hidden", "available_from", "expires_at", "attributes",
 * "image_url", each where the file has it. item: what the file calls the id; NULL: as people
 * call it. Categories may stand in one text, with bars between them. A fresh object, or NULL
 * with error. */
json_t *item_row_take (
    const json_t *object, const char *item, bool keys, char error[160]);

/* The item is no integer, but may be a key. */
bool item_row_has_key (const json_t *object, const char *item);

/* The field that a name means in the object, or NULL: it is left out. item: as above. */
const char *item_row_meaning (const json_t *object, const char *item, const char *name);

#endif
