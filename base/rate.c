/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    char unit;
    int period_s;
} s_units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};

#define UNIT_COUNT (sizeof s_units / sizeof s_units[0])

/* Behind the number: nothing, or "/" and a unit. */
static int
s_period (const char *text)
{
    if (!*text)
        return 1;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (text[0] == '/' && text[1] == s_units[i].unit && !text[2])
            return s_units[i].period_s;
    return 0;
}

bool
rate_parse (const char *text, rate_t *self)
{
    int64_t count = 0;
    size_t digits = strspn (text, "0123456789");
    *self = (rate_t){0, 1};
    if (!*text)
        return true;
    for (size_t i = 0; i < digits && count <= RATE_LIMIT; i++)
        count = 10 * count + (text[i] - '0');
    int period_s = s_period (text + digits);
    bool never = count == 0 && text[digits];
    if (digits == 0 || count > RATE_LIMIT || period_s == 0 || never)
        return false;
    *self = (rate_t){count, period_s};
    return true;
}

const char *
rate_print (const rate_t *self, char text[RATE_TEXT_SIZE])
{
    text[0] = '\0';
    for (size_t i = 0; i < UNIT_COUNT && self->count > 0; i++)
        if (s_units[i].period_s == self->period_s)
            snprintf (
                text, RATE_TEXT_SIZE, "%" PRId64 "/%c", self->count, s_units[i].unit);
    return text;
}

int64_t
bucket_take (bucket_t *self, const rate_t *rate, int64_t now_us)
{
    if (rate->count == 0)
        return 0;
    double per_us = (double)rate->count / (1e6 * rate->period_s);
    double used = self->used - (double)(now_us - self->at_us) * per_us;
    self->used = used > 0 ? used : 0;
    self->at_us = now_us;
    double missing = self->used + 1 - (double)rate->count;
    if (missing > 0)
        return (int64_t)ceil (missing / per_us);
    self->used += 1;
    return 0;
}
