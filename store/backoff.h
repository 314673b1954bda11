/* When a sending is repeated. Private to store/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_BACKOFF_H
#define SASREC_STORE_BACKOFF_H

/* The first repeat comes 15 s after a sending, the next 30, 60 ... 960 s, each give or
 * take a fifth so that a batch does not come back as one. SQL; NEXT is for a row whose
 * column attempts does not count this sending yet. */
#define BACKOFF_FIRST "now () + interval '15 s' * (0.8 + 0.4 * random ())"
#define BACKOFF_NEXT                                                                   \
    "now () + interval '15 s' * 2 ^ least (attempts, 6) * (0.8 + 0.4 * random ())"

#endif
