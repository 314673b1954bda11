/* How an item is named: by an integer from 0 to 2^53 - 1, or by a key, any text of 1 to 128
 * bytes of UTF-8 without control characters. Inside, a key is an integer too: one of the
 * upper half, 2^52 to 2^53 - 1, and a function of the text alone, so that two databases, a
 * file and a checkpoint agree on it without having met. Integers below 2^52 are people's
 * own; no key's integer is among them. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_ITEM_KEY_H
#define SASREC_BASE_ITEM_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ITEM_KEY_SIZE  129                 /* with the NUL */
#define ITEM_KEY_FIRST (INT64_C (1) << 52) /* the smallest integer of a key */
#define ITEM_KEY_TRIES 16                  /* so many integers a key may have */

bool item_key_valid (const char *text);

/* 2^52 + the first 52 bits of the text's SHA-256: the function item_id_of of the database.
 * attempt: 0; where that integer belongs to another item, 1 and so on, which hash the text
 * with so many bytes 0x01 behind it. Of a million keys two meet in one catalogue of 9,000. */
int64_t item_key_id (const char *key, unsigned attempt);

/* The text is an integer as it is written plainly: no sign, no leading zero, 0 to
 * 2^53 - 1. */
bool item_key_is_integer (const char *text, int64_t *item_id);

/* In a list of items a key stands below 0: as the complement of the place where its text
 * begins, in the texts that belong to the list. */
static inline int64_t
item_key_reference (size_t place)
{
    return ~(int64_t)place;
}

static inline const char *
item_key_referred (int64_t item, const char *texts)
{
    return texts + ~item;
}

#endif
