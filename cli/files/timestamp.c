/* Points in time as text. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/timestamp.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const int64_t s_second_us = 1000000;
static const int64_t s_day_s = 86400;
static const int64_t s_least_s = -62135596800; /* 0001-01-01 */
static const int64_t s_most_s = 253402300799;  /* 9999-12-31T23:59:59 */

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

/* ".25" as microseconds, 0 when there is none; digits past the sixth are cut. */
static int64_t
s_fraction (const char **text)
{
    if (!s_skip (text, "."))
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

/* "Z" or "+hh:mm" as seconds east of UTC. */
static bool
s_offset (const char **text, int64_t *offset_s)
{
    *offset_s = 0;
    if (s_skip (text, "Zz"))
        return true;
    int sign = **text == '-' ? -1 : 1;
    if (!s_skip (text, "+-"))
        return false;
    int hours = s_number (text, 2);
    if (hours < 0 || hours > 23 || !s_skip (text, ":"))
        return false;
    int minutes = s_number (text, 2);
    *offset_s = (int64_t)sign * (hours * 3600 + minutes * 60);
    return minutes >= 0 && minutes < 60;
}

static bool
s_time_of_day (const char **text, int64_t *seconds, int64_t *fraction_us)
{
    int hour = s_number (text, 2);
    if (hour < 0 || hour > 23 || !s_skip (text, ":"))
        return false;
    int minute = s_number (text, 2);
    if (minute < 0 || minute > 59 || !s_skip (text, ":"))
        return false;
    int second = s_number (text, 2);
    *fraction_us = s_fraction (text);
    *seconds =
        hour * 3600 + minute * 60 + second; /* a leap second is the next minute */
    return second >= 0 && second <= 60 && *fraction_us >= 0;
}

static int
s_parse_calendar (const char *text, int64_t *unix_us)
{
    int year = s_number (&text, 4);
    if (year < 1 || !s_skip (&text, "-"))
        return -1;
    int month = s_number (&text, 2);
    if (month < 1 || month > 12 || !s_skip (&text, "-"))
        return -1;
    int day = s_number (&text, 2);
    if (day < 1 || day > s_month_length (year, month))
        return -1;
    int64_t seconds = 0;
    int64_t fraction_us = 0;
    int64_t offset_s = 0;
    if (*text &&
        (!s_skip (&text, "Tt ") || !s_time_of_day (&text, &seconds, &fraction_us) ||
            !s_offset (&text, &offset_s)))
        return -1;
    if (*text)
        return -1;
    seconds += s_days (year, month, day) * s_day_s - offset_s;
    if (seconds < s_least_s || seconds > s_most_s)
        return -1;
    *unix_us = seconds * s_second_us + fraction_us;
    return 0;
}

static int
s_parse_unix (const char *text, int64_t *unix_us)
{
    bool negative = s_skip (&text, "-");
    if (!isdigit ((unsigned char)*text))
        return -1;
    int64_t seconds = 0;
    for (; isdigit ((unsigned char)*text); text++) {
        seconds = seconds * 10 + (*text - '0');
        if (seconds > s_most_s)
            return -1;
    }
    int64_t fraction_us = s_fraction (&text);
    if (fraction_us < 0 || *text || (negative && seconds > -s_least_s))
        return -1;
    int64_t us = seconds * s_second_us + fraction_us;
    *unix_us = negative ? -us : us;
    return 0;
}

int
timestamp_parse (const char *text, int64_t *unix_us)
{
    bool calendar = strlen (text) >= 5 && text[4] == '-';
    return calendar ? s_parse_calendar (text, unix_us) : s_parse_unix (text, unix_us);
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
