/* The keys that hold now, as the table said last (actors/key_watch.h): who asks is found in
 * memory, in less than a microsecond, whether the database is there or not. Knows no socket
 * and no database; safe from any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_KEYRING_H
#define SASREC_ACTORS_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/api_key.h"

typedef struct keyring keyring_t;

typedef enum {
    KEYRING_UNKNOWN, /* the table was never read */
    KEYRING_NONE,    /* it never had a key */
    KEYRING_KEYS     /* it has keys, or had: those revoked count, too */
} keyring_state_t;

/* Who asks. */
typedef struct {
    char name[API_KEY_NAME_SIZE];
    char prefix[API_KEY_PREFIX_SIZE];
    unsigned scopes;
    int64_t expires_s; /* of a session, unix time; else 0 */
} keyring_caller_t;

keyring_t *keyring_new (void);
void keyring_destroy (keyring_t **self_p);

/* What the table says: keys (copied, in any order) are those that are not revoked; any: it
 * has a row. A key that was there before goes on with what is left of its rate. */
void keyring_replace (keyring_t *self, const api_key_t *keys, size_t count, bool any);

keyring_state_t keyring_state (const keyring_t *self);

/* By a key's whole text; by the token of a session that has not expired. False: nobody's,
 * which takes no longer to find out. */
bool keyring_find (keyring_t *self, const char *text, keyring_caller_t *caller);
bool keyring_find_session (
    keyring_t *self, const char *token, int64_t unix_s, keyring_caller_t *caller);

/* Whether the key still holds: for what lasts. */
bool keyring_has (keyring_t *self, const char *prefix);

/* A request of this key: 0, or after how many microseconds its rate allows one. */
int64_t keyring_take (keyring_t *self, const char *prefix, int64_t now_us);

#endif
