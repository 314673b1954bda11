/* To which partition of a topic a producer sends when the key does not decide: to one for a
 * few milliseconds, then to another at random. librdkafka sends one request per partition
 * with messages, so messages that are spread by key go in nearly as many requests, and
 * those are what a broker spends its time on. Knows no clock and no Kafka.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_STICKY_H
#define SASREC_BRIDGE_STICKY_H

#include <stdint.h>

#include "base/rng.h"

#define STICKY_MS 5 /* with one partition: short beside what people notice */

typedef struct {
    int32_t count; /* partitions of the topic; 0: not known yet */
    int32_t partition;
    int64_t until_ms;
    rng_t rng;
} sticky_t;

void sticky_init (sticky_t *self, uint64_t seed);

/* What the broker says now. */
void sticky_set_count (sticky_t *self, int32_t count);

/* The partition to send to, or -1 while their number is not known. */
int32_t sticky_partition (sticky_t *self, int64_t now_ms);

#endif
