/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"
#include "base/clock.h"
#include "base/hex.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <uuid/uuid.h>

/* After the 48 bits of milliseconds come 42 bits that count within one millisecond from
 * a random start and in random steps (RFC 9562 section 6.2, method 2), then 32 bits
 * that are always fresh. */
#define COUNTER_BITS 42
#define STEP_MASK    0xffffffu

typedef struct {
    uint64_t ms;      /* of the last UUID; may run ahead of a clock that went back */
    uint64_t counter; /* of the last UUID, below 2^42 */
} s_sequence_t;

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static s_sequence_t s_last;

static s_sequence_t
s_advance (uint64_t now_ms, uint64_t noise)
{
    /* The top bit starts clear: room for 2^41 / 2^23 ids per millisecond. */
    uint64_t start = noise & ((UINT64_C (1) << (COUNTER_BITS - 1)) - 1);
    pthread_mutex_lock (&s_lock);
    if (now_ms > s_last.ms)
        s_last = (s_sequence_t){now_ms, start};
    else {
        s_last.counter += 1 + (noise & STEP_MASK);
        if (s_last.counter >> COUNTER_BITS)
            s_last = (s_sequence_t){s_last.ms + 1, start};
    }
    s_sequence_t next = s_last;
    pthread_mutex_unlock (&s_lock);
    return next;
}

static void
s_store (uint64_t value, unsigned char bytes[8]) /* big-endian */
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        bytes[i] = (unsigned char)value;
}

void
uuid_derive (const char *name, char text[UUID_TEXT_SIZE])
{
    static const uuid_t names = {0x5a, 0x5e, 0xc0, 0x01, 0x8c, 0x1d, 0x4f, 0x3b, 0x9a,
        0x77, 0x2e, 0x60, 0x1b, 0x94, 0xd3, 0x0f}; /* ours, chosen at random */
    uuid_t uuid;
    uuid_generate_sha1 (uuid, names, name, strlen (name));
    uuid_unparse_lower (uuid, text);
}

void
uuid_make (char text[UUID_TEXT_SIZE])
{
    assert (text);
    uint64_t noise[2];
    ssize_t got =
        getrandom (noise, sizeof noise, 0); /* up to 256 bytes: all or error */
    assert (got == (ssize_t)sizeof noise);
    (void)got;
    s_sequence_t next = s_advance ((uint64_t)clock_unix_ms (), noise[0]);
    uint64_t high = next.ms << 16 | UINT64_C (0x7000) | next.counter >> 30;
    uint64_t low = UINT64_C (2) << 62 | (next.counter & 0x3fffffffu) << 32 |
                   (noise[1] & 0xffffffffu);
    uuid_t uuid;
    s_store (high, uuid);
    s_store (low, uuid + 8);
    uuid_unparse_lower (uuid, text);
}

/* Called several times for each request, and uuid_parse of libuuid takes a thousand
 * instructions. */
static bool
s_parse (const char *text, unsigned char bytes[16])
{
    static const struct {
        size_t at, byte, count;
    } parts[] = {{0, 0, 4}, {9, 4, 2}, {14, 6, 2}, {19, 8, 2}, {24, 10, 6}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!hex_read (text + parts[i].at, bytes + parts[i].byte, parts[i].count) ||
            text[parts[i].at + 2 * parts[i].count] != (i < 4 ? '-' : '\0'))
            return false;
    return true;
}

bool
uuid_valid (const char *text)
{
    unsigned char bytes[16];
    return text && s_parse (text, bytes);
}

void
uuid_bytes (const char *text, unsigned char bytes[16])
{
    bool valid = s_parse (text, bytes);
    assert (valid);
    (void)valid;
}
