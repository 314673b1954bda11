/* The elements of a body, and what is wrong with them, so that a client hears of all at once.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_FAULTS_H
#define SASREC_ACTORS_HTTP_FAULTS_H

#include "actors/http/exchange.h"

#define FAULTS_MOST 20 /* are told of a body */

typedef struct {
    json_fault_t faults[FAULTS_MOST];
    size_t count; /* of all of them, told or not */
} faults_t;

/* A fresh array of the body's elements (elements.h), or NULL: the problem has been replied. */
json_t *faults_read_elements (exchange_t *exchange, bool *single);

/* at: the pointer of the element, which comes before the fault's own. */
void faults_note (faults_t *self, const char *at, json_fault_t *fault);

/* True: there is none. False: the problem has been replied, of so many things ("items") of
 * which nothing was written. */
bool faults_none (
    const faults_t *self, exchange_t *exchange, size_t count, const char *things);

#endif
