/* Points in time as text. SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t s_second_us = 1000000;
static const int64_t s_day_s = 86400;
static const int64_t s_least_us = -62135596800000000; /* 0001-01-01 */
static const int64_t s_most_us = 253402300799999999;  /* the end of 9999 */

/* Days since 1970-01-01 in the Gregorian calendar (Hinnant's days_from_civil). */
static int64_t
s_days (int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - 719468;
}

static int
s_month_length (int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month - 1] + (leap && month == 2);
}

/* Exactly `digits` digits at *text, which moves past them; -1 when there are fewer. */
static int
s_number (const char **text, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (!isdigit ((unsigned char)**text))
            return -1;
        value = value * 10 + (**text - '0');
    }
    return value;
}

static bool
s_skip (const char **text, const char *any)
{
    if (!**text || !strchr (any, **text))
        return false;
    (*text)++;
    return true;
}

/* ".25" or ",25" as millionths, 0 when there is none; digits past the sixth are cut. */
static int64_t
s_fraction (const char **text)
{
    if (!s_skip (text, ".,"))
        return 0;
    if (!isdigit ((unsigned char)**text))
        return -1;
    int64_t value = 0;
    for (int64_t unit = s_second_us / 10; isdigit ((unsigned char)**text); (*text)++) {
        value += unit * (**text - '0');
        unit /= 10;
    }
    return value;
}

/* Digits after an optional colon, 0 when there are none; -1: not below 60. */
static int
s_sixtieth (const char **text)
{
    bool colon = s_skip (text, ":");
    if (!colon && !isdigit ((unsigned char)**text))
        return 0;
    int value = s_number (text, 2);
    return value < 60 ? value : -1;
}

/* "Z", "UTC", "+hh", "+hhmm", "+hh:mm" or "+hh:mm:ss", perhaps after a space: seconds
 * east of UTC. False: none of these. */
static bool
s_zone (const char **text, int64_t *offset_s)
{
    *offset_s = 0;
    s_skip (text, " ");
    if (strncasecmp (*text, "UTC", 3) == 0 || strncasecmp (*text, "GMT", 3) == 0) {
        *text += 3;
        return true;
    }
    if (s_skip (text, "Zz"))
        return true;
    int sign = **text == '-' ? -1 : 1;
    if (!s_skip (text, "+-"))
        return false;
    int hours = s_number (text, 2);
    int minutes = hours < 0 ? -1 : s_sixtieth (text);
    int seconds = minutes < 0 ? -1 : s_sixtieth (text);
    *offset_s = (int64_t)sign * (hours * 3600 + minutes * 60 + seconds);
    return hours >= 0 && hours <= 23 && minutes >= 0 && seconds >= 0;
}

static bool
s_time_of_day (const char **text, int64_t *seconds, int64_t *fraction_us)
{
    int hour = s_number (text, 2);
    if (hour < 0 || hour > 23 || !s_skip (text, ":"))
        return false;
    int minute = s_number (text, 2);
    if (minute < 0 || minute > 59)
        return false;
    int second = s_skip (text, ":") ? s_number (text, 2) : 0;
    *fraction_us = s_fraction (text);
    *seconds =
        hour * 3600 + minute * 60 + second; /* a leap second is the next minute */
    return second >= 0 && second <= 60 && *fraction_us >= 0;
}

static int
s_check (int64_t unix_us, int64_t *result_us)
{
    if (unix_us < s_least_us || unix_us > s_most_us)
        return -1;
    *result_us = unix_us;
    return 0;
}

static int
s_read_calendar (const char *text, int64_t *unix_us, timestamp_kind_t *kind)
{
    int year = s_number (&text, 4);
    char dash[] = {*text, '\0'};
    if (year < 1 || !s_skip (&text, "-/"))
        return -1;
    int month = s_number (&text, 2);
    if (month < 1 || month > 12 || !s_skip (&text, dash))
        return -1;
    int day = s_number (&text, 2);
    if (day < 1 || day > s_month_length (year, month))
        return -1;
    int64_t seconds = 0;
    int64_t fraction_us = 0;
    int64_t offset_s = 0;
    if (*text &&
        (!s_skip (&text, "Tt ") || !s_time_of_day (&text, &seconds, &fraction_us)))
        return -1;
    *kind = *text ? TIMESTAMP_TEXT : TIMESTAMP_TEXT_UTC;
    if (*text && (!s_zone (&text, &offset_s) || *text))
        return -1;
    seconds += s_days (year, month, day) * s_day_s - offset_s;
    return s_check (seconds * s_second_us + fraction_us, unix_us);
}

/* A number: what stands before the point, and millionths after it. */
typedef struct {
    int64_t whole;
    int64_t millionths;
} s_number_t;

/* "8.81250949e8", as some libraries print floats. */
static int
s_read_exponent (const char *text, s_number_t *number)
{
    char *end;
    if (strspn (text, "-+.0123456789eE") != strlen (text))
        return -1;
    long double value = strtold (text, &end);
    if (*end || !(value > -9e18L && value < 9e18L))
        return -1;
    number->whole = (int64_t)value;
    number->millionths = llroundl ((value - (long double)number->whole) * 1e6L);
    return 0;
}

static int
s_read_number (const char *text, s_number_t *number)
{
    const char *start = text;
    bool negative = s_skip (&text, "-");
    if (!isdigit ((unsigned char)*text))
        return -1;
    if (strpbrk (text, "eE"))
        return s_read_exponent (start, number);
    int64_t whole = 0;
    for (; isdigit ((unsigned char)*text); text++) {
        if (whole > (INT64_MAX - 9) / 10)
            return -1;
        whole = whole * 10 + (*text - '0');
    }
    int64_t millionths = s_fraction (&text);
    if (millionths < 0 || *text)
        return -1;
    number->whole = negative ? -whole : whole;
    number->millionths = negative ? -millionths : millionths;
    return 0;
}

/* Of a year that people have data of. Nobody has any of that August of 1970 which these
 * numbers are as seconds. */
static bool
s_looks_like_a_day (s_number_t number)
{
    return number.whole >= 19000000 && number.whole < 21010000;
}

/* 20260228 */
static int
s_read_day (s_number_t number, int64_t *unix_us)
{
    int year = (int)(number.whole / 10000);
    int month = (int)(number.whole / 100 % 100);
    int day = (int)(number.whole % 100);
    if (!s_looks_like_a_day (number) || number.millionths != 0 || month < 1 ||
        month > 12 || day < 1 || day > s_month_length (year, month))
        return -1;
    return s_check (s_days (year, month, day) * s_day_s * s_second_us, unix_us);
}

/* By size: each unit has three decimal places of its own, seconds up to the year 5138,
 * the others from 1973. 0 is the same in all. */
static timestamp_kind_t
s_unit_of (s_number_t number)
{
    if (number.whole == 0 && number.millionths == 0)
        return TIMESTAMP_AUTO;
    if (number.whole > -100000000000 && number.whole < 100000000000)
        return TIMESTAMP_S;
    if (number.whole > -100000000000000 && number.whole < 100000000000000)
        return TIMESTAMP_MS;
    if (number.whole > -100000000000000000 && number.whole < 100000000000000000)
        return TIMESTAMP_US;
    return TIMESTAMP_NS;
}

static int
s_scale (s_number_t number, timestamp_kind_t unit, int64_t *unix_us)
{
    if (unit == TIMESTAMP_NS)
        return s_check (number.whole / 1000, unix_us);
    int64_t factor = unit == TIMESTAMP_US ? 1 : unit == TIMESTAMP_MS ? 1000 : 1000000;
    if (number.whole > s_most_us / factor || number.whole < s_least_us / factor)
        return -1;
    return s_check (
        number.whole * factor + number.millionths * factor / 1000000, unix_us);
}

int
timestamp_read (
    const char *text, timestamp_kind_t unit, int64_t *unix_us, timestamp_kind_t *kind)
{
    if (strlen (text) >= 5 && (text[4] == '-' || text[4] == '/'))
        return s_read_calendar (text, unix_us, kind);
    s_number_t number;
    if (s_read_number (text, &number) == -1)
        return -1;
    bool day = unit == TIMESTAMP_DAY ||
               (unit == TIMESTAMP_AUTO && s_looks_like_a_day (number));
    *kind = day ? TIMESTAMP_DAY : unit == TIMESTAMP_AUTO ? s_unit_of (number) : unit;
    return day ? s_read_day (number, unix_us) : s_scale (number, *kind, unix_us);
}

int
timestamp_parse (const char *text, int64_t *unix_us)
{
    timestamp_kind_t kind;
    return timestamp_read (text, TIMESTAMP_AUTO, unix_us, &kind);
}

/* As the words of --time-unit, and as people call them. */
static const char *const s_words[] = {"auto", "s", "ms", "us", "ns", "day"};
static const char *const s_names[] = {"unix time", "unix seconds", "unix milliseconds",
    "unix microseconds", "unix nanoseconds", "days like 20260228", "with a zone",
    "without a zone: taken as UTC"};

int
timestamp_unit (const char *word, timestamp_kind_t *unit)
{
    for (size_t i = 0; i < sizeof s_words / sizeof s_words[0]; i++) {
        if (strcmp (word, s_words[i]) == 0) {
            *unit = (timestamp_kind_t)i;
            return 0;
        }
    }
    return -1;
}

const char *
timestamp_kind_name (timestamp_kind_t kind)
{
    return s_names[kind];
}

/* The inverse of s_days. */
static void
s_civil (int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) /
        365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

void
timestamp_format (int64_t unix_us, char text[TIMESTAMP_SIZE])
{
    int64_t fraction = (unix_us % s_second_us + s_second_us) % s_second_us;
    int64_t seconds = (unix_us - fraction) / s_second_us;
    int64_t of_day = (seconds % s_day_s + s_day_s) % s_day_s;
    int64_t year, month, day;
    s_civil ((seconds - of_day) / s_day_s, &year, &month, &day);
    snprintf (text, TIMESTAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
        (unsigned)(year % 10000), (unsigned)month % 100, (unsigned)day % 100,
        (unsigned)(of_day / 3600) % 100, (unsigned)(of_day / 60 % 60),
        (unsigned)(of_day % 60), (unsigned)fraction % 1000000);
}
