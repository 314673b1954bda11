/* FNV-1a, 64 bits: tells things apart that nobody forges. Where somebody could, it is
 * SHA-256. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_HASH_H
#define SASREC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START 0xcbf29ce484222325u

/* Goes on from hash, HASH_START at first: parts give the same as the whole. */
static inline uint64_t
hash_bytes (uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

#endif
