/* Unicode 15, table 3-7. SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdio.h>

#include <string.h>

size_t
utf8_length (const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned char first = at[0];
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high)
        return 0;
    size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool
utf8_is_control (const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
}

utf8_status_t
utf8_check (const char *text)
{
    while (*text) {
        size_t length = utf8_length (text);
        if (length == 0)
            return UTF8_INVALID;
        if (utf8_is_control (text))
            return UTF8_CONTROL;
        text += length;
    }
    return UTF8_PLAIN;
}

void
utf8_plain (char *text)
{
    while (*text) {
        size_t length = utf8_length (text);
        bool plain = length > 0 && !utf8_is_control (text);
        length = length > 0 ? length : 1;
        if (!plain)
            memset (text, '?', length);
        text += length;
    }
}

/* The last byte that begins a character is at most 3 from the end. */
void
utf8_trim (char *text)
{
    size_t length = strlen (text), start = length;
    while (start > 0 && length - start < 3 && (text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xc2 &&
        utf8_length (text + start - 1) == 0)
        text[start - 1] = '\0';
}

void
utf8_copy (char *to, size_t size, const char *from)
{
    if (snprintf (to, size, "%s", from) >= (int)size)
        utf8_trim (to);
}
