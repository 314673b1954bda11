/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/receipt.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/utf8.h"

static int
s_send (const settlement_t *settlement, zsock_t *socket)
{
    int sent;
    do {
        sent = zmq_send (
            zsock_resolve (socket), settlement, sizeof *settlement, ZMQ_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

int
settlement_send (const receipt_t *receipt, receipt_outcome_t outcome, zsock_t *socket)
{
    settlement_t settlement;
    if (!receipt->held)
        return 0;
    memset (&settlement, 0, sizeof settlement); /* no stray bytes in its gaps */
    settlement.receipt = *receipt;
    settlement.outcome = outcome;
    return s_send (&settlement, socket);
}

int
settlement_send_dead (const receipt_t *receipt, const char *reason, zsock_t *socket)
{
    settlement_t settlement;
    if (!receipt->held)
        return 0;
    memset (&settlement, 0, sizeof settlement);
    settlement.receipt = *receipt;
    settlement.outcome = RECEIPT_DEAD;
    utf8_copy (settlement.reason, sizeof settlement.reason, reason);
    return s_send (&settlement, socket);
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
