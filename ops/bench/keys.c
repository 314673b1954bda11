/* What it costs a request that somebody asks who it is, in microseconds of CPU: the right key
 * among so many, one that nobody made, one with a prefix that is known, a session, a rate, and
 * the fingerprint of a body. One JSON object on stdout; exit status 1 when the right key takes
 * more than a microsecond, or a wrong one more than the right one and a tenth.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench_keys [KEYS]     1000 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/http/address_rates.h"
#include "actors/keyring.h"
#include "base/clock.h"
#include "base/fingerprint.h"
#include "base/session_token.h"
#include "machine.h"

enum { ASKED = 1000, ROUNDS = 400 };

typedef struct {
    keyring_t *ring;
    size_t count;
    char (*texts)[API_KEY_TEXT_SIZE]; /* of the keys */
    char wrong[ASKED][API_KEY_TEXT_SIZE];
    char near[ASKED][API_KEY_TEXT_SIZE]; /* the last letter is another */
    char token[SESSION_TOKEN_SIZE];
    address_rates_t *rates;
    size_t found; /* so that nothing is left out */
} bench_t;

static void
s_make (bench_t *self, size_t count)
{
    api_key_t *keys = calloc (count, sizeof *keys), nobody;
    const rate_t rate = {1000000, 1};
    self->ring = keyring_new ();
    self->count = count;
    self->texts = calloc (count, sizeof *self->texts);
    assert (keys && self->texts);
    for (size_t i = 0; i < count; i++) {
        api_key_make (&keys[i], self->texts[i]);
        keys[i].scopes = SCOPE_ALL;
        keys[i].rate = rate;
    }
    keyring_replace (self->ring, keys, count, true);
    free (keys);
    for (size_t i = 0; i < ASKED; i++) {
        api_key_make (&nobody, self->wrong[i]);
        memcpy (self->near[i], self->texts[i % count], sizeof self->near[i]);
        self->near[i][API_KEY_TEXT_SIZE - 2] ^= 1;
    }
    session_token_make (self->texts[0], clock_unix_ms () / 1000 + 3600, self->token);
    self->rates = address_rates_new (&rate);
}

static void
s_right (bench_t *self, size_t i)
{
    keyring_caller_t caller;
    self->found += keyring_find (self->ring, self->texts[i % self->count], &caller);
}

static void
s_wrong (bench_t *self, size_t i)
{
    keyring_caller_t caller;
    self->found += keyring_find (self->ring, self->wrong[i], &caller);
}

static void
s_near (bench_t *self, size_t i)
{
    keyring_caller_t caller;
    self->found += keyring_find (self->ring, self->near[i], &caller);
}

static void
s_session (bench_t *self, size_t i)
{
    keyring_caller_t caller;
    (void)i;
    self->found += keyring_find_session (self->ring, self->token, 0, &caller);
}

static void
s_rate (bench_t *self, size_t i)
{
    char prefix[API_KEY_PREFIX_SIZE];
    api_key_prefix (self->texts[i % self->count], prefix);
    self->found += keyring_take (self->ring, prefix, clock_monotonic_us ()) == 0;
}

static void
s_address (bench_t *self, size_t i)
{
    address_t address = {{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)i}};
    self->found +=
        address_rates_take (self->rates, &address, clock_monotonic_us ()) == 0;
}

static void
s_fingerprint (bench_t *self, size_t i)
{
    static char body[200];
    char text[FINGERPRINT_SIZE];
    body[0] = (char)i;
    fingerprint (body, sizeof body, text);
    self->found += text[0] == '0';
}

/* The best of some rounds: what else runs only adds. */
static double
s_measure (bench_t *self, void (*ask) (bench_t *self, size_t i), size_t rounds)
{
    double best = 1e9;
    for (size_t round = 0; round < rounds; round++) {
        double start = machine_cpu_us ();
        for (size_t i = 0; i < ASKED; i++)
            ask (self, i);
        double each = (machine_cpu_us () - start) / ASKED;
        best = each < best ? each : best;
    }
    return best;
}

int
main (int argc, char **argv)
{
    static bench_t self;
    s_make (&self, argc > 1 ? strtoul (argv[1], NULL, 10) : 1000);
    double right = s_measure (&self, s_right, ROUNDS);
    double wrong = s_measure (&self, s_wrong, ROUNDS);
    double near = s_measure (&self, s_near, ROUNDS);
    printf ("{\"keys\":%zu,\"right_us\":%.3f,\"wrong_us\":%.3f,\"near_us\":%.3f,"
            "\"session_us\":%.1f,\"rate_us\":%.3f,\"address_rate_us\":%.3f,"
            "\"fingerprint_us\":%.3f}\n",
        self.count, right, wrong, near, s_measure (&self, s_session, 5),
        s_measure (&self, s_rate, ROUNDS), s_measure (&self, s_address, ROUNDS),
        s_measure (&self, s_fingerprint, ROUNDS));
    return right < 1 && wrong <= 1.1 * right && near <= 1.1 * right ? 0 : 1;
}
