/* An API key: who holds it may ask the service what its scopes say. Its text,
 * sasrec_PREFIX_SECRET, is shown once and never kept: what is kept are its BLAKE2b hash and
 * its seal, and the prefix, by which people and the service recognize it. The secret has 130
 * random bits, so that a hash without salt or work is enough.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_API_KEY_H
#define SASREC_BASE_API_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rate.h"

#define API_KEY_NAME_SIZE   65 /* 1 to 64 of A-Z a-z 0-9 . _ - */
#define API_KEY_PREFIX_SIZE 9
#define API_KEY_TEXT_SIZE   43
#define API_KEY_HASH_SIZE   32
#define API_KEY_SEAL_SIZE   32 /* checks the sessions (base/session_token.h) it opened */

typedef enum {
    SCOPE_PREDICT = 1, /* ask for recommendations */
    SCOPE_READ = 2,    /* users, histories, items, models */
    SCOPE_WRITE = 4,   /* interactions, items; delete a user */
    SCOPE_ADMIN = 8,   /* change the model in use; metrics */
    SCOPE_ALL = 15
} scope_t;

#define SCOPES_TEXT_SIZE 32

/* What is kept of a key. */
typedef struct {
    char name[API_KEY_NAME_SIZE];
    char prefix[API_KEY_PREFIX_SIZE];
    uint8_t hash[API_KEY_HASH_SIZE];
    uint8_t seal[API_KEY_SEAL_SIZE];
    unsigned scopes; /* of scope_t */
    rate_t rate;
} api_key_t;

/* Finds out what this CPU can do; before the first key, and harmless afterwards. */
void api_key_init (void);

bool api_key_name_valid (const char *name);

/* "predict,read"; false: a word is no scope, or there is none. */
bool scopes_parse (const char *text, unsigned *scopes);
const char *scopes_print (unsigned scopes, char text[SCOPES_TEXT_SIZE]);

/* A fresh key: text is all there is of it, self gets prefix, hash and seal. */
void api_key_make (api_key_t *self, char text[API_KEY_TEXT_SIZE]);

/* The prefix of what looks like a key; false: it does not. */
bool api_key_prefix (const char *text, char prefix[API_KEY_PREFIX_SIZE]);

/* Whether text is this key; self NULL: it is not, found out in the same time. */
bool api_key_matches (const api_key_t *self, const char *text);

/* Overwrites what must not stay in memory. */
void api_key_forget (void *secret, size_t size);

#endif
