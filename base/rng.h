/* Random numbers that only depend on (seed, stream): xoshiro256** seeded by splitmix64
 * (Blackman & Vigna). One state per thread or purpose; no global state.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_RNG_H
#define SASREC_BASE_RNG_H

#include <stdint.h>

typedef struct {
    uint64_t state[4];
} rng_t;

void rng_seed (rng_t *self, uint64_t seed, uint64_t stream);
uint64_t rng_next (rng_t *self);
uint64_t rng_below (rng_t *self, uint64_t limit); /* uniform in [0, limit), no bias */
double rng_uniform (rng_t *self);                 /* [0, 1) */
double rng_normal (rng_t *self);                  /* mean 0, variance 1 */

#endif
