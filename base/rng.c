/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <assert.h>
#include <math.h>

static uint64_t
s_splitmix64 (uint64_t *x)
{
    uint64_t z = *x += UINT64_C (0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C (0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t
s_rotl (uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void
rng_seed (rng_t *self, uint64_t seed, uint64_t stream)
{
    assert (self);
    uint64_t x = seed;
    x = s_splitmix64 (&x) ^ stream;
    for (int i = 0; i < 4; i++)
        self->state[i] = s_splitmix64 (&x);
}

uint64_t
rng_next (rng_t *self)
{
    uint64_t *s = self->state;
    uint64_t result = s_rotl (s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s_rotl (s[3], 45);
    return result;
}

uint64_t
rng_below (rng_t *self, uint64_t limit)
{
    assert (limit > 0);
    /* The lowest 2^64 mod limit values would make small results likelier. */
    uint64_t least = (0 - limit) % limit;
    uint64_t value;
    do
        value = rng_next (self);
    while (value < least);
    return value % limit;
}

double
rng_uniform (rng_t *self)
{
    return (double)(rng_next (self) >> 11) * 0x1.0p-53;
}

double
rng_normal (rng_t *self)
{
    /* Box-Muller; 1 - u is never 0. */
    double radius = sqrt (-2.0 * log (1.0 - rng_uniform (self)));
    return radius * cos (2.0 * M_PI * rng_uniform (self));
}
