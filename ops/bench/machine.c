/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "model/kernel/simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define THREADS_MOST 8
#define ROUNDS       5
#define LEAST_BYTES  ((size_t)256 << 20) /* read in a round: several times if need be */
#define SUMS         4
#define PAGE         ((size_t)2 << 20)
#define WAKES        4000

static double
s_us (clockid_t clock)
{
    struct timespec now;
    clock_gettime (clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

double
machine_cpu_us (void)
{
    return s_us (CLOCK_THREAD_CPUTIME_ID);
}

double
machine_wall_us (void)
{
    return s_us (CLOCK_MONOTONIC);
}

typedef uint64_t word_t __attribute__ ((vector_size (64)));

typedef struct {
    const word_t *words;
    size_t count; /* a multiple of SUMS */
    size_t times;
    pthread_barrier_t *barrier;
    double us;    /* of the round */
    uint64_t sum; /* so that nothing is left out */
} reader_t;

SIMD_CLONES static uint64_t
s_sum (const word_t *words, size_t count)
{
    word_t sums[SUMS] = {0};
    for (size_t i = 0; i < count; i += SUMS) {
        sums[0] ^= words[i];
        sums[1] ^= words[i + 1];
        sums[2] ^= words[i + 2];
        sums[3] ^= words[i + 3];
    }
    word_t all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
    return all[0] ^ all[1] ^ all[2] ^ all[3] ^ all[4] ^ all[5] ^ all[6] ^ all[7];
}

static void *
s_read (void *context)
{
    reader_t *self = context;
    pthread_barrier_wait (self->barrier);
    double start = machine_cpu_us ();
    for (size_t i = 0; i < self->times; i++)
        self->sum += s_sum (self->words, self->count);
    self->us = machine_cpu_us () - start;
    return NULL;
}

/* Microseconds of the slowest. */
static double
s_round (reader_t *readers, size_t threads)
{
    pthread_t ids[THREADS_MOST];
    pthread_barrier_t barrier;
    pthread_barrier_init (&barrier, NULL, (unsigned)threads);
    for (size_t i = 0; i < threads; i++) {
        readers[i].barrier = &barrier;
        int rc = pthread_create (&ids[i], NULL, s_read, &readers[i]);
        assert (rc == 0);
    }
    double us = 0;
    for (size_t i = 0; i < threads; i++) {
        pthread_join (ids[i], NULL);
        us = readers[i].us > us ? readers[i].us : us;
    }
    pthread_barrier_destroy (&barrier);
    return us;
}

double
machine_read_rate (size_t bytes, size_t threads)
{
    assert (threads > 0 && threads <= THREADS_MOST);
    size_t part = bytes / threads / (SUMS * sizeof (word_t)) * SUMS;
    assert (part > 0);
    size_t taken = (threads * part * sizeof (word_t) + PAGE - 1) / PAGE * PAGE;
    word_t *words = aligned_alloc (PAGE, taken);
    assert (words);
    madvise (words, taken, MADV_HUGEPAGE);
    memset (words, 1, taken);
    reader_t readers[THREADS_MOST];
    size_t times = LEAST_BYTES / bytes ? LEAST_BYTES / bytes : 1;
    for (size_t i = 0; i < threads; i++)
        readers[i] =
            (reader_t){.words = words + i * part, .count = part, .times = times};
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double us = s_round (readers, threads);
        double rate = (double)(threads * part * sizeof (word_t) * times) / us * 1e6;
        best = rate > best ? rate : best;
    }
    free (words);
    return best;
}

/* Of the CPUs that the process may use, that one alone, as far as there is one. */
static void
s_stay_on (const cpu_set_t *all, int number)
{
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET (cpu, all) && number-- == 0) {
            cpu_set_t one;
            CPU_ZERO (&one);
            CPU_SET (cpu, &one);
            sched_setaffinity (0, sizeof one, &one);
        }
}

typedef struct {
    cpu_set_t cpus;
    int events[2]; /* mine, then the other's */
} echo_t;

static void *
s_echo (void *context)
{
    const echo_t *self = context;
    eventfd_t count;
    s_stay_on (&self->cpus, 1);
    for (int i = 0; i < WAKES; i++) {
        int rc = eventfd_read (self->events[0], &count);
        rc |= eventfd_write (self->events[1], 1);
        assert (rc == 0);
    }
    return NULL;
}

/* A round trip's half. */
static double
s_round_trips (echo_t *echo)
{
    pthread_t thread;
    eventfd_t count;
    int rc = pthread_create (&thread, NULL, s_echo, echo);
    assert (rc == 0);
    double start = machine_wall_us ();
    for (int i = 0; i < WAKES; i++) {
        rc = eventfd_write (echo->events[0], 1);
        rc |= eventfd_read (echo->events[1], &count);
        assert (rc == 0);
    }
    double us = (machine_wall_us () - start) / (2 * WAKES);
    pthread_join (thread, NULL);
    return us;
}

double
machine_wake_us (void)
{
    echo_t echo = {.events = {eventfd (0, EFD_CLOEXEC), eventfd (0, EFD_CLOEXEC)}};
    int rc = sched_getaffinity (0, sizeof echo.cpus, &echo.cpus);
    assert (rc == 0 && echo.events[0] >= 0 && echo.events[1] >= 0);
    s_stay_on (&echo.cpus, 0);
    double best = s_round_trips (&echo);
    for (int round = 1; round < ROUNDS; round++) {
        double us = s_round_trips (&echo);
        best = us < best ? us : best;
    }
    sched_setaffinity (0, sizeof echo.cpus, &echo.cpus);
    close (echo.events[0]);
    close (echo.events[1]);
    return best;
}

json_t *
machine_report (void)
{
    static const size_t sizes[] = {768 << 10, 16 << 20, 256 << 20, 1 << 30};
    static const char *const names[] = {"768K", "16M", "256M", "1G"};
    json_t *report =
        json_pack ("{s:f,s:f,s:f}", "f32_gflop_s", machine_f32_rate () / 1e9,
            "int8_gmac_s", machine_int8_rate () / 1e9, "wake_us", machine_wake_us ());
    for (size_t threads = 1; threads <= 2; threads++)
        for (size_t i = 0; i < 4; i++) {
            char name[40];
            snprintf (name, sizeof name, "read_%s_threads_%zu_gb_s", names[i], threads);
            double rate = machine_read_rate (sizes[i] * (i ? 1 : threads), threads);
            json_object_set_new (report, name, json_real (rate / 1e9));
        }
    return report;
}

#if defined(__x86_64__)

#define CHAINS 12

/* Chains that wait for nothing but themselves. */
__attribute__ ((target ("avx512f,avx512vnni"))) static int
s_multiply (size_t times)
{
    __m512i sums[CHAINS], a = _mm512_set1_epi32 ((int)times), b = a;
    for (size_t i = 0; i < CHAINS; i++)
        sums[i] = _mm512_set1_epi32 ((int)i);
    for (size_t i = 0; i < times; i++) {
#define STEP(n) sums[n] = _mm512_dpbusd_epi32 (sums[n], a, b)
        STEP (0), STEP (1), STEP (2), STEP (3), STEP (4), STEP (5);
        STEP (6), STEP (7), STEP (8), STEP (9), STEP (10), STEP (11);
        __asm__ volatile("" : "+v"(a), "+v"(b));
    }
    for (size_t i = 1; i < CHAINS; i++)
        sums[0] = _mm512_add_epi32 (sums[0], sums[i]);
    return _mm512_reduce_add_epi32 (sums[0]);
}

/* The largest of some rounds. step: so many operations a time. */
static double
s_best_rate (float (*multiply) (size_t), double step)
{
    const size_t times = 1000000;
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = machine_cpu_us ();
        volatile float sum = multiply (times);
        (void)sum;
        double rate = (double)times * step / (machine_cpu_us () - start) * 1e6;
        best = rate > best ? rate : best;
    }
    return best;
}

__attribute__ ((target ("avx512f"))) static float
s_fuse_512 (size_t times)
{
    __m512 sums[CHAINS], a = _mm512_set1_ps ((float)times * 1e-9f), b = a;
    for (size_t i = 0; i < CHAINS; i++)
        sums[i] = _mm512_set1_ps ((float)i);
    for (size_t i = 0; i < times; i++) {
#define FUSE(n) sums[n] = _mm512_fmadd_ps (a, b, sums[n])
        FUSE (0), FUSE (1), FUSE (2), FUSE (3), FUSE (4), FUSE (5);
        FUSE (6), FUSE (7), FUSE (8), FUSE (9), FUSE (10), FUSE (11);
#undef FUSE
        __asm__ volatile("" : "+v"(a), "+v"(b));
    }
    for (size_t i = 1; i < CHAINS; i++)
        sums[0] = _mm512_add_ps (sums[0], sums[i]);
    return _mm512_reduce_add_ps (sums[0]);
}

__attribute__ ((target ("avx2,fma"))) static float
s_fuse_256 (size_t times)
{
    __m256 sums[CHAINS], a = _mm256_set1_ps ((float)times * 1e-9f), b = a;
    for (size_t i = 0; i < CHAINS; i++)
        sums[i] = _mm256_set1_ps ((float)i);
    for (size_t i = 0; i < times; i++) {
#define FUSE(n) sums[n] = _mm256_fmadd_ps (a, b, sums[n])
        FUSE (0), FUSE (1), FUSE (2), FUSE (3), FUSE (4), FUSE (5);
        FUSE (6), FUSE (7), FUSE (8), FUSE (9), FUSE (10), FUSE (11);
#undef FUSE
        __asm__ volatile("" : "+x"(a), "+x"(b));
    }
    for (size_t i = 1; i < CHAINS; i++)
        sums[0] = _mm256_add_ps (sums[0], sums[i]);
    return sums[0][0] + sums[0][7];
}

double
machine_f32_rate (void)
{
    if (!__builtin_cpu_supports ("avx2") || !__builtin_cpu_supports ("fma"))
        return 0;
    double best = s_best_rate (s_fuse_256, CHAINS * 8 * 2.0);
    if (__builtin_cpu_supports ("avx512f")) {
        double wide = s_best_rate (s_fuse_512, CHAINS * 16 * 2.0);
        best = wide > best ? wide : best;
    }
    return best;
}

double
machine_int8_rate (void)
{
    if (!__builtin_cpu_supports ("avx512f") || !__builtin_cpu_supports ("avx512vnni"))
        return 0;
    const size_t times = 1000000;
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = machine_cpu_us ();
        volatile int sum = s_multiply (times);
        (void)sum;
        double us = machine_cpu_us () - start;
        double rate = (double)(times * CHAINS * 64) / us * 1e6;
        best = rate > best ? rate : best;
    }
    return best;
}

#else

double
machine_f32_rate (void)
{
    return 0;
}

double
machine_int8_rate (void)
{
    return 0;
}

#endif
