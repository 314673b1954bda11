/* SPDX-License-Identifier: Apache-2.0 */
#include "base/api_key.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/session_token.h"

#define MARK          "sasrec_"
#define MARK_LENGTH   (sizeof MARK - 1)
#define PREFIX_LENGTH (API_KEY_PREFIX_SIZE - 1)
#define SECRET_LENGTH 26
#define STACK_USED    1024 /* of hashing, which leaves its input there */

/* 32 of them, none that people take for another. */
static const char s_alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

static const struct {
    const char *word;
    unsigned scope;
} s_scopes[] = {{"predict", SCOPE_PREDICT}, {"read", SCOPE_READ},
    {"write", SCOPE_WRITE}, {"admin", SCOPE_ADMIN}};

#define SCOPE_COUNT (sizeof s_scopes / sizeof s_scopes[0])

void
api_key_init (void)
{
    int ready = sodium_init ();
    assert (ready >= 0);
}

bool
api_key_name_valid (const char *name)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-";
    size_t length = strlen (name);
    return length > 0 && length < API_KEY_NAME_SIZE && strspn (name, allowed) == length;
}

static unsigned
s_scope (const char *word, size_t length)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (strlen (s_scopes[i].word) == length &&
            !strncmp (s_scopes[i].word, word, length))
            return s_scopes[i].scope;
    return 0;
}

bool
scopes_parse (const char *text, unsigned *scopes)
{
    *scopes = 0;
    for (;;) {
        size_t length = strcspn (text, ",");
        unsigned scope = s_scope (text, length);
        if (scope == 0)
            return false;
        *scopes |= scope;
        if (!text[length])
            return true;
        text += length + 1;
    }
}

const char *
scopes_print (unsigned scopes, char text[SCOPES_TEXT_SIZE])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (scopes & s_scopes[i].scope)
            used += (size_t)snprintf (text + used, SCOPES_TEXT_SIZE - used, "%s%s",
                used > 0 ? "," : "", s_scopes[i].word);
    return text;
}

static char *
s_add_random (char *at, size_t length)
{
    uint8_t bytes[SECRET_LENGTH];
    randombytes_buf (bytes, length);
    for (size_t i = 0; i < length; i++)
        *at++ = s_alphabet[bytes[i] % (sizeof s_alphabet - 1)]; /* 256 is 8 times 32 */
    sodium_memzero (bytes, sizeof bytes);
    return at;
}

/* Of what is longer than any key, no more than it takes. */
static void
s_hash (const char *text, uint8_t hash[API_KEY_HASH_SIZE])
{
    crypto_generichash (hash, API_KEY_HASH_SIZE, (const uint8_t *)text,
        strnlen (text, API_KEY_TEXT_SIZE), NULL, 0);
}

void
api_key_make (api_key_t *self, char text[API_KEY_TEXT_SIZE])
{
    char *at = stpcpy (text, MARK);
    at = s_add_random (at, PREFIX_LENGTH);
    *at++ = '_';
    at = s_add_random (at, SECRET_LENGTH);
    *at = '\0';
    bool whole = api_key_prefix (text, self->prefix);
    assert (whole);
    s_hash (text, self->hash);
    session_token_seal (text, self->seal);
}

bool
api_key_prefix (const char *text, char prefix[API_KEY_PREFIX_SIZE])
{
    if (strlen (text) != API_KEY_TEXT_SIZE - 1 || strncmp (text, MARK, MARK_LENGTH) ||
        text[MARK_LENGTH + PREFIX_LENGTH] != '_')
        return false;
    memcpy (prefix, text + MARK_LENGTH, PREFIX_LENGTH);
    prefix[PREFIX_LENGTH] = '\0';
    return strspn (prefix, s_alphabet) == PREFIX_LENGTH;
}

bool
api_key_matches (const api_key_t *self, const char *text)
{
    static const uint8_t nobody[API_KEY_HASH_SIZE];
    uint8_t hash[API_KEY_HASH_SIZE];
    s_hash (text, hash);
    sodium_stackzero (STACK_USED);
    bool same = sodium_memcmp (hash, self ? self->hash : nobody, sizeof hash) == 0;
    return same && self;
}

void
api_key_forget (void *secret, size_t size)
{
    sodium_memzero (secret, size);
}
