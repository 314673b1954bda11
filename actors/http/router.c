/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/router.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "actors/http/query.h"

/* The path may use up one segment where the template has its {parameter}. */
static bool
s_path_matches (const char *template, const char *path, const char **segment,
    size_t *segment_length)
{
    *segment_length = 0;
    while (*template) {
        if (*template == '{') {
            template = strchr (template, '}') + 1;
            *segment = path;
            *segment_length = strcspn (path, "/");
            if (*segment_length == 0)
                return false;
            path += *segment_length;
        } else if (*template ++ != *path++)
            return false;
    }
    return *path == '\0';
}

static void
s_append (router_match_t *match, const char *method, const char *more)
{
    size_t used = strlen (match->allow);
    snprintf (match->allow + used, sizeof match->allow - used, "%s%s", method, more);
}

static router_status_t
s_take_parameter (router_match_t *match, const char *segment, size_t length)
{
    bool good = query_decode (
        segment, length, false, match->parameter, sizeof match->parameter);
    if (!good)
        match->parameter[0] = '\0'; /* decoding may have filled it to the brim */
    return good ? ROUTER_FOUND : ROUTER_NOT_FOUND;
}

router_status_t
router_match (const route_t *routes, size_t route_count, const char *method,
    const char *path, router_match_t *match)
{
    bool known = false;
    const char *wanted = strcmp (method, "HEAD") ? method : "GET";
    match->allow[0] = match->parameter[0] = '\0';
    for (size_t i = 0; i < route_count; i++) {
        const char *segment = "";
        size_t length;
        if (!s_path_matches (routes[i].path, path, &segment, &length))
            continue;
        match->index = i;
        bool is_get = !strcmp (routes[i].method, "GET");
        if (!strcmp (routes[i].method, wanted))
            return match->status = s_take_parameter (match, segment, length);
        s_append (match, routes[i].method, is_get ? ", HEAD, " : ", ");
        known = true;
    }
    if (!known)
        return match->status = ROUTER_NOT_FOUND;
    s_append (match, "OPTIONS", "");
    bool options = !strcmp (method, "OPTIONS");
    return match->status = options ? ROUTER_OPTIONS : ROUTER_NOT_ALLOWED;
}
