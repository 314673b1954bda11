/* A receipt: the duty to settle one Kafka message exactly once. Without Kafka no message
 * holds one. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_RECEIPT_H
#define SASREC_PROTO_RECEIPT_H

#include <czmq.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    RECEIPT_DONE,  /* its effect is durable */
    RECEIPT_RETRY, /* to be read again */
    RECEIPT_DEAD /* it can never be worked on: a dead letter, as it came, with a reason */
} receipt_outcome_t;

#define RECEIPT_REASON_SIZE 160

typedef struct {
    bool held;      /* false: there is nothing to settle */
    uint16_t topic; /* row of the topic table */
    int32_t partition;
    int64_t offset;
    uint32_t epoch; /* of the assignment; older ones are settled into nothing */
} receipt_t;

/* The message "this receipt is settled", to the bridge. It travels by value: nobody owns
 * it. */
typedef struct {
    receipt_t receipt;
    receipt_outcome_t outcome;
    char reason[RECEIPT_REASON_SIZE]; /* RECEIPT_DEAD: one sentence for people */
} settlement_t;

/* 0, also when nothing is held; -1 when the pipe is full: at most one settlement per
 * message that is out, so a pipe with that much room never is. */
int settlement_send (
    const receipt_t *receipt, receipt_outcome_t outcome, zsock_t *socket);

/* The same with RECEIPT_DEAD. reason: copied, cut between characters. */
int settlement_send_dead (
    const receipt_t *receipt, const char *reason, zsock_t *socket);

/* 0 and *settlement, or -1: nothing waits. */
int settlement_recv (settlement_t *settlement, zsock_t *socket);

#endif
