/* A receipt: the duty to settle one Kafka message exactly once. Without Kafka no message
 * holds one. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_RECEIPT_H
#define SASREC_PROTO_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { RECEIPT_DONE, RECEIPT_RETRY, RECEIPT_DEAD } receipt_outcome_t;

typedef struct {
    bool held;          /* false: there is nothing to settle */
    uint16_t topic;     /* row of the topic table */
    int32_t partition;
    int64_t offset;
    uint32_t epoch;     /* of the assignment; older ones are settled into nothing */
} receipt_t;

#endif
