/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/hosts.h"

#include <string.h>
#include <strings.h>

size_t
hosts_name_length (const char *authority)
{
    size_t bracket = *authority == '[' ? strcspn (authority, "]") : 0;
    return bracket + strcspn (authority + bracket, ":");
}

static bool
s_is (const char *host, size_t length, const char *name, size_t name_length)
{
    return length == name_length && !strncasecmp (host, name, length);
}

/* ".example.com" stands for all names below it, and for itself without the dot. */
static bool
s_matches (const char *host, size_t length, const char *name, size_t name_length)
{
    if (*name != '.')
        return s_is (host, length, name, name_length) ||
               s_is ("*", 1, name, name_length);
    if (length >= name_length)
        return s_is (host + length - name_length, name_length, name, name_length);
    return s_is (host, length, name + 1, name_length - 1);
}

static bool
s_listed (const char *host, size_t length, const char *names)
{
    while (*(names += strspn (names, ", \t"))) {
        size_t name_length = strcspn (names, ", \t");
        if (s_matches (host, length, names, name_length))
            return true;
        names += name_length;
    }
    return false;
}

/* Behind the host stands nothing, or a port. */
static bool
s_port_valid (const char *text)
{
    if (*text != ':')
        return *text == '\0';
    return strspn (text + 1, "0123456789") == strlen (text + 1);
}

bool
hosts_allow (
    const char *authority, const char *bind, const address_t *local, const char *more)
{
    size_t length = authority ? hosts_name_length (authority) : 0;
    if (length == 0 || !s_port_valid (authority + length))
        return false;
    address_t named;
    if (address_parse (authority, length, &named) &&
        (address_is_loopback (&named) || address_equal (&named, local)))
        return true;
    return s_listed (authority, length, ".localhost") ||
           s_is (authority, length, bind, strlen (bind)) ||
           s_listed (authority, length, more);
}
