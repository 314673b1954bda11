/* What the SIMD passes share: one source compiled for several CPUs (the loader picks),
 * and an exp that vectorises. Include only from C files of model/.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_SIMD_H
#define SASREC_MODEL_KERNEL_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SIMD_SANITIZED_ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SIMD_SANITIZED_ 1
#endif

/* Sanitizers instrument the resolver, which runs before they are ready; clang 14 gives
 * the clones a name that other files do not find. */
#if defined(__x86_64__) && defined(__linux__) && !defined(SIMD_SANITIZED_) &&          \
    !defined(__clang__)
#define SIMD_CLONES                                                                    \
    __attribute__ ((target_clones ("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SIMD_CLONES
#endif
#define SIMD_INLINE static inline __attribute__ ((always_inline))

/* Before a loop of a constant, small count whose arrays shall be registers. */
#if defined(__clang__)
#define SIMD_UNROLL _Pragma ("clang loop unroll(full)")
#else
#define SIMD_UNROLL _Pragma ("GCC unroll 8")
#endif

/* e^x for x in [-87, 88], clamped outside; relative error below 2e-7. Cody-Waite
 * reduction and the degree 5 polynomial of Cephes expf. */
SIMD_INLINE float
simd_exp (float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    float n = (x * 1.44269504f + magic) - magic;
    float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float power;
    memcpy (&power, &bits, sizeof (power));
    return p * power;
}

/* 32 well-mixed bits from a counter and a key of 64 bits (the lowbias32 finaliser of
 * C. Wellons with the key's other half put in between). */
SIMD_INLINE uint32_t
simd_hash (uint32_t counter, uint64_t key)
{
    uint32_t x = counter + (uint32_t)key;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= (uint32_t)(key >> 32);
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    return x;
}

#endif
