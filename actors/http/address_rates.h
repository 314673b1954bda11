/* How often each client asks: a token bucket per address (address_same_client), in a table
 * that does not grow. With more clients at a time than it has places, the one that has not
 * asked for longest begins anew. Safe from any thread; time enters as an argument
 * (clock_monotonic_us). SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ADDRESS_RATES_H
#define SASREC_ACTORS_HTTP_ADDRESS_RATES_H

#include <stdint.h>

#include "actors/http/address.h"
#include "base/rate.h"

typedef struct address_rates address_rates_t;

/* NULL when rate is no limit. */
address_rates_t *address_rates_new (const rate_t *rate);
void address_rates_destroy (address_rates_t **self_p);

/* A request of this client: 0, or after how many microseconds it may ask again. */
int64_t address_rates_take (
    address_rates_t *self, const address_t *client, int64_t now_us);

#endif
