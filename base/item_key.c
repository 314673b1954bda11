/* SPDX-License-Identifier: Apache-2.0 */
#include "base/item_key.h"

#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <string.h>

#include "base/jsonread.h"
#include "base/utf8.h"

bool
item_key_valid (const char *text)
{
    size_t length = strnlen (text, ITEM_KEY_SIZE);
    return length > 0 && length < ITEM_KEY_SIZE && utf8_check (text) == UTF8_PLAIN;
}

int64_t
item_key_id (const char *key, unsigned attempt)
{
    unsigned char text[ITEM_KEY_SIZE + ITEM_KEY_TRIES], hash[crypto_hash_sha256_BYTES];
    size_t length = strlen (key);
    uint64_t bits = 0;
    assert (length < ITEM_KEY_SIZE && attempt <= ITEM_KEY_TRIES);
    memcpy (text, key, length);
    memset (text + length, 1, attempt);
    crypto_hash_sha256 (hash, text, length + attempt);
    for (int i = 0; i < 7; i++)
        bits = bits << 8 | hash[i];
    return ITEM_KEY_FIRST | (int64_t)(bits >> 4);
}

bool
item_key_is_integer (const char *text, int64_t *item_id)
{
    int64_t value = 0;
    const char *at = text;
    for (; isdigit ((unsigned char)*at) && value <= JSON_INTEGER_MAX / 10; at++)
        value = value * 10 + (*at - '0');
    if (at == text || *at || value > JSON_INTEGER_MAX || (*text == '0' && text[1]))
        return false;
    *item_id = value;
    return true;
}
