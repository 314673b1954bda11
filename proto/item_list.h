/* Items in JSON: integers and keys, in one list or alone; and the keys of an answer, beside
 * its item_ids. What a key is: base/item_key.h. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_ITEM_LIST_H
#define SASREC_PROTO_ITEM_LIST_H

#include "base/item_key.h"
#include "base/jsonread.h"
#include "base/strbuf.h"

#define ITEM_LIST_MUST_BE                                                              \
    "must be an integer from 0 to 9007199254740991, or a key: 1 to 128 bytes without " \
    "control characters"

/* One: *item_id, or the key with item_id untouched. -1: neither. */
int item_list_read_one (const json_t *value, int64_t *item_id, char key[ITEM_KEY_SIZE]);

/* A required array of at most so many. *items is fresh (NULL when empty); the keys among
 * them are references (item_key_reference) into *texts, to which their texts are added. */
int item_list_read (const json_t *object, const char *field, size_t most,
    int64_t **items, size_t *count, strbuf_t *texts, json_fault_t *fault);

/* [10,"SKU-12"]: such a list. */
void item_list_to_json (
    strbuf_t *out, const int64_t *items, size_t count, const char *texts);

/* ,"item_keys":["SKU-12",null]: count texts, each ended by a NUL, "" for none. Nothing
 * when texts is NULL. */
void item_list_add_keys (strbuf_t *out, const char *texts, size_t count);

#endif
