/* The columns event and value of interactions, as NULL where somebody's view has none of
 * these names: within LATERAL they are then found outside of it. Where it has, the plan is
 * that of the plain table. Private to store/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_ABSENT_H
#define SASREC_STORE_ABSENT_H

/* For FROM: the rows `i` with these columns, event and value. */
#define ABSENT_INTERACTIONS(columns)                                                   \
    "(SELECT NULL::text AS event, NULL::float8 AS value) AS absent,"                   \
    " LATERAL (SELECT " columns ", event::text, value::float8 FROM interactions) AS i"

#endif
