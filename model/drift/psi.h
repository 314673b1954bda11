/* The population stability index of two histograms with the same bins:
 *
 *   PSI = sum over bins of (a - e) ln (a / e),  a, e: shares of the actual and the expected
 *
 * (Siddiqi, Credit Risk Scorecards, 2006; the same sum is Jeffreys' divergence). By his
 * rule of thumb below 0.1 nothing has changed, above 0.25 much has. Between samples of N
 * and M of the same population and B bins it is about (B - 1) (1/N + 1/M), not 0 (Yurdakul
 * and Naranjo, Statistical properties of the population stability index, 2020): few
 * requests ask for few bins. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DRIFT_PSI_H
#define SASREC_MODEL_DRIFT_PSI_H

#include <stddef.h>
#include <stdint.h>

/* No share is taken for smaller than half a request of the smaller sample: an empty bin
 * gives a finite number that grows with what is known about it, and one that both samples
 * hardly have, none, however large the other one is. At least 0; 0 when a sample is
 * empty. */
double psi_index (const uint64_t *expected, const uint64_t *actual, size_t bins);

#endif
