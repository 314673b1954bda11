/* What of an item concerns recommending it: on offer or not, from when until when, and its
 * categories. On Kafka a fact is one message of catalogue.items, with the item's id as key:
 * {"item_id","hidden","available_from","expires_at","categories"}.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_PROTO_FACT_H
#define SASREC_PROTO_FACT_H

#include <stdbool.h>
#include <stdint.h>

#define FACT_SEPARATOR '\x1f' /* between the names of categories */

typedef struct {
    int64_t item_id;
    bool hidden;            /* or deleted */
    int64_t from_ms;        /* unix ms, on offer from then on; INT64_MIN: always */
    int64_t until_ms;       /* unix ms, no longer from then on; INT64_MAX: for ever */
    const char *categories; /* names; "": none. Borrowed for the call */
} fact_t;

#endif
