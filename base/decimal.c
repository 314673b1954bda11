/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 9 /* of a float */

/* The digits of value end before end; where they begin. */
static char *
s_digits (uint64_t value, char *end)
{
    do
        *--end = (char)('0' + value % 10);
    while (value /= 10);
    return end;
}

size_t
decimal_int (int64_t value, char text[DECIMAL_SIZE])
{
    char digits[DECIMAL_SIZE], *end = digits + sizeof digits;
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char *begin = s_digits (magnitude, end);
    if (value < 0)
        *--begin = '-';
    size_t length = (size_t)(end - begin);
    memcpy (text, begin, length);
    text[length] = '\0';
    return length;
}

/* The power of ten of the first digit, for 1e-4 <= value < 1e9. */
static int
s_exponent (double value)
{
    static const double powers[] = {
        1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    int exponent = -4;
    for (size_t i = 0; i < sizeof powers / sizeof *powers && value >= powers[i]; i++)
        exponent++;
    return exponent;
}

/* Nine digits with the point after the first and exponent more of them, without the zeros
 * at the end; below 1, zeros come first. */
static size_t
s_place (const char digits[DIGITS], int exponent, char *text)
{
    char *at = text;
    int count = DIGITS;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    if (exponent < 0) {
        memcpy (at, "0.000", (size_t)(1 - exponent));
        at += 1 - exponent;
    }
    for (int i = 0; i < count || i <= exponent; i++) {
        if (i > 0 && i == exponent + 1)
            *at++ = '.';
        *at++ = i < count ? digits[i] : '0';
    }
    *at = '\0';
    return (size_t)(at - text);
}

/* 24 bits of a float times 10^12, of which 28 bits are not zero, fit into the 53 of a
 * double: the product is exact, and rounded once. */
size_t
decimal_float (float value, char text[DECIMAL_SIZE])
{
    static const double scales[] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
    double magnitude = fabs ((double)value);
    if (!(magnitude >= 1e-4 && magnitude < 1e9))
        return (size_t)snprintf (text, DECIMAL_SIZE, "%.9g", (double)value);
    int exponent = s_exponent (magnitude);
    uint64_t scaled = (uint64_t)rint (magnitude * scales[DIGITS - 1 - exponent]);
    if (scaled == 1000000000) { /* 9.999999999 */
        scaled /= 10;
        exponent++;
    }
    if (exponent == DIGITS) /* 1e+09 */
        return (size_t)snprintf (text, DECIMAL_SIZE, "%.9g", (double)value);
    char digits[DIGITS];
    s_digits (scaled, digits + DIGITS);
    size_t sign = value < 0;
    if (sign)
        text[0] = '-';
    return sign + s_place (digits, exponent, text + sign);
}
