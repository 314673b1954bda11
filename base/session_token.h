/* A session: what a browser holds in place of a key, for some hours. A token names the key's
 * prefix and when it ends, and is signed (Ed25519) by a secret that only the key's text
 * gives; the seal that checks it is kept with the key. So every process checks it without
 * asking anybody, whoever reads the table of keys cannot make one, and with its key it is
 * revoked. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_SESSION_TOKEN_H
#define SASREC_BASE_SESSION_TOKEN_H

#include "base/api_key.h"

#define SESSION_TOKEN_SIZE 128 /* room for the longest */

/* The seal of a key. */
void session_token_seal (const char *key_text, uint8_t seal[API_KEY_SEAL_SIZE]);

/* key_text: the whole key. */
void session_token_make (
    const char *key_text, int64_t expires_s, char text[SESSION_TOKEN_SIZE]);

/* What it says, unchecked; false: it is none. expires_s: unix seconds. */
bool session_token_read (
    const char *text, char prefix[API_KEY_PREFIX_SIZE], int64_t *expires_s);

/* Whether it was made with the key of this seal. */
bool session_token_sealed (const char *text, const uint8_t seal[API_KEY_SEAL_SIZE]);

#endif
