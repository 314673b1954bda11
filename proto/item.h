/* An item of the catalogue as a client says it, checked and in the one form that the store
 * takes. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_ITEM_H
#define SASREC_PROTO_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/item_key.h"
#include "base/jsonread.h"
#include "base/strbuf.h"

#define ITEM_TITLE_LIMIT    1000 /* bytes */
#define ITEM_CATEGORY_LIMIT 256
#define ITEM_CATEGORY_MOST  64 /* of one item */
#define ITEM_URL_LIMIT      2048

extern const char *const item_fields[]; /* those there are; ends with NULL */

/* Its name, "item_id": the integer, or the key with *item_id untouched; both are left when there is
 * none. -1 with *fault. */
int item_read_name (const json_t *object, int64_t *item_id, char key[ITEM_KEY_SIZE],
    json_fault_t *fault);

/* Appends what is said of the item as one JSON object: all fields, those that are not
 * given or null as null, or with patch those alone that are given, null among them.
 * "category" is one of "categories", which counts where both are given. Times become RFC
 * 3339 in UTC. -1 with *fault, and out as it was. */
int item_read (const json_t *object, bool patch, strbuf_t *out, json_fault_t *fault);

#endif
