/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fingerprint.h"

#include <sodium.h>
#include <string.h>
#include <uuid/uuid.h>

#include "base/hex.h"

#define BYTES 16

void
fingerprint (const void *bytes, size_t length, char text[FINGERPRINT_SIZE])
{
    uint8_t hash[BYTES];
    crypto_generichash (hash, sizeof hash, bytes, length, NULL, 0);
    hex_print (hash, sizeof hash, text);
    text[FINGERPRINT_SIZE - 1] = '\0';
}

/* Each with its NUL, so that "a", "bc" is not "ab", "c". */
void
fingerprint_uuid (const char *const *parts, size_t count, char text[UUID_TEXT_SIZE])
{
    crypto_generichash_state state;
    uuid_t hash;
    crypto_generichash_init (&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update (
            &state, (const uint8_t *)parts[i], strlen (parts[i]) + 1);
    crypto_generichash_final (&state, hash, sizeof hash);
    hash[6] = (uint8_t)(0x80 | (hash[6] & 0x0f));
    hash[8] = (uint8_t)(0x80 | (hash[8] & 0x3f));
    uuid_unparse_lower (hash, text);
}
