/* Receipts and their settlements. SPDX-License-Identifier: Apache-2.0 */
#include "proto/receipt.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int
settlement_send (const receipt_t *receipt, receipt_outcome_t outcome, zsock_t *socket)
{
    settlement_t settlement;
    int sent;
    if (!receipt->held)
        return 0;
    memset (&settlement, 0, sizeof settlement); /* no stray bytes in its gaps */
    settlement.receipt = *receipt;
    settlement.outcome = outcome;
    do {
        sent = zmq_send (
            zsock_resolve (socket), &settlement, sizeof settlement, ZMQ_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

int
settlement_recv (settlement_t *settlement, zsock_t *socket)
{
    int size;
    do {
        size = zmq_recv (
            zsock_resolve (socket), settlement, sizeof *settlement, ZMQ_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    assert (size < 0 || size == (int)sizeof *settlement);
    return size < 0 ? -1 : 0;
}
