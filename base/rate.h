/* How often somebody may ask: so many in a second, minute or hour, kept by a token bucket
 * that holds that many at once. Plain values; time enters as an argument
 * (clock_monotonic_us). SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_RATE_H
#define SASREC_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define RATE_TEXT_SIZE 24
#define RATE_LIMIT     1000000 /* in a period, at most */

typedef struct {
    int64_t count; /* in a period, and at once; 0: no limit */
    int period_s;  /* 1, 60 or 3600 */
} rate_t;

/* "100/s", "6000/m", "10/h"; "100" is "100/s", "" and "0" are no limit. False: it is none of
 * these ("0/s" might mean either), *self is no limit. */
bool rate_parse (const char *text, rate_t *self);

/* "100/s"; "" for no limit. */
const char *rate_print (const rate_t *self, char text[RATE_TEXT_SIZE]);

/* What is left; all zeroes is a full one. */
typedef struct {
    double used; /* tokens, at the time below */
    int64_t at_us;
} bucket_t;

/* Takes a token: 0, or after how many microseconds there is one (nothing was taken). */
int64_t bucket_take (bucket_t *self, const rate_t *rate, int64_t now_us);

#endif
