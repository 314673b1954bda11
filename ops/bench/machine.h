/* What this machine can do at best, measured in the run that a result is set beside. Times
 * are a thread's own on the CPU: what never waits takes them on an idle machine, and what
 * else runs on a busy one is not counted, but for its share of caches and memory.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BENCH_MACHINE_H
#define SASREC_BENCH_MACHINE_H

#include <jansson.h>
#include <stddef.h>

double machine_cpu_us (void);
/* Of the clock: where threads wait for each other. */
double machine_wall_us (void);

/* Bytes a second of memory read by so many threads, each its part of bytes; best of some
 * rounds. threads: at most 8. */
double machine_read_rate (size_t bytes, size_t threads);

/* Multiplications and additions of floats a second of one core (fused, AVX-512 or AVX2; 0
 * where it has neither). */
double machine_f32_rate (void);

/* Products of 8 bits a second that one core adds up (vpdpbusd); 0 where it has none. */
double machine_int8_rate (void);

/* Microseconds from a thread's eventfd_write until the other one, which slept on another
 * core, is there. */
double machine_wake_us (void);

/* All of these, by name, of one thread and of two; fresh. */
json_t *machine_report (void);

#endif
