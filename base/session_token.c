/* "PREFIX.EXPIRES.SIGNATURE". SPDX-License-Identifier: Apache-2.0 */
#include "base/session_token.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PURPOSE        "sasrec session"
#define BASE64         sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define EXPIRES_DIGITS 12

static_assert (
    crypto_sign_PUBLICKEYBYTES == API_KEY_SEAL_SIZE, "a seal is a public key");

static void
s_key_pair (const char *key_text, uint8_t seal[API_KEY_SEAL_SIZE],
    uint8_t secret[crypto_sign_SECRETKEYBYTES])
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    crypto_generichash (seed, sizeof seed, (const uint8_t *)key_text, strlen (key_text),
        (const uint8_t *)PURPOSE, sizeof PURPOSE - 1);
    crypto_sign_seed_keypair (seal, secret, seed);
    sodium_memzero (seed, sizeof seed);
}

void
session_token_seal (const char *key_text, uint8_t seal[API_KEY_SEAL_SIZE])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    s_key_pair (key_text, seal, secret);
    sodium_memzero (secret, sizeof secret);
}

void
session_token_make (
    const char *key_text, int64_t expires_s, char text[SESSION_TOKEN_SIZE])
{
    uint8_t seal[API_KEY_SEAL_SIZE], secret[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[crypto_sign_BYTES];
    char prefix[API_KEY_PREFIX_SIZE];
    bool whole = api_key_prefix (key_text, prefix);
    assert (whole);
    int signed_length =
        snprintf (text, SESSION_TOKEN_SIZE, "%s.%" PRId64, prefix, expires_s);
    s_key_pair (key_text, seal, secret);
    crypto_sign_detached (signature, NULL, (const uint8_t *)text,
        (unsigned long long)signed_length, secret);
    sodium_memzero (secret, sizeof secret);
    char *at = text + signed_length;
    *at++ = '.';
    sodium_bin2base64 (at, (size_t)(text + SESSION_TOKEN_SIZE - at), signature,
        sizeof signature, BASE64);
}

bool
session_token_read (
    const char *text, char prefix[API_KEY_PREFIX_SIZE], int64_t *expires_s)
{
    size_t prefix_length = strcspn (text, ".");
    if (prefix_length != API_KEY_PREFIX_SIZE - 1 || !text[prefix_length])
        return false;
    const char *number = text + prefix_length + 1;
    size_t digits = strspn (number, "0123456789");
    if (digits == 0 || digits > EXPIRES_DIGITS || number[digits] != '.')
        return false;
    memcpy (prefix, text, prefix_length);
    prefix[prefix_length] = '\0';
    *expires_s = strtoll (number, NULL, 10);
    return true;
}

bool
session_token_sealed (const char *text, const uint8_t seal[API_KEY_SEAL_SIZE])
{
    uint8_t signature[crypto_sign_BYTES];
    size_t length;
    const char *point = strrchr (text, '.');
    if (!point || sodium_base642bin (signature, sizeof signature, point + 1,
                      strlen (point + 1), NULL, &length, NULL, BASE64))
        return false;
    return length == sizeof signature &&
           crypto_sign_verify_detached (signature, (const uint8_t *)text,
               (unsigned long long)(point - text), seal) == 0;
}
