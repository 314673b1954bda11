/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"
#include "base/clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
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
    unsigned a = (unsigned)(next.counter >> 30);           /* 12 bits */
    unsigned b = (unsigned)(next.counter >> 16) & 0x3fffu; /* 14 bits */
    uint64_t c = (next.counter & 0xffffu) << 32 | (noise[1] & 0xffffffffu);
    snprintf (text, UUID_TEXT_SIZE, "%08x-%04x-7%03x-%04x-%012llx",
        (unsigned)(next.ms >> 16) & 0xffffffffu, (unsigned)next.ms & 0xffffu,
        a & 0xfffu, 0x8000u | b, (unsigned long long)c & 0xffffffffffffull);
}

bool
uuid_valid (const char *text)
{
    uuid_t bytes;
    return text && uuid_parse (text, bytes) == 0;
}

void
uuid_bytes (const char *text, unsigned char bytes[16])
{
    int rc = uuid_parse (text, bytes);
    assert (rc == 0);
    (void)rc;
}
