/* POST /session and DELETE /session: a cookie in place of a key, for the page and for
 * EventSource, which cannot send headers. SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "actors/http/access.h"
#include "actors/http/routes.h"
#include "base/clock.h"
#include "base/session_token.h"

#define SESSION_S INT64_C (28800) /* a working day */

/* What a page of somebody else's makes a browser ask comes without it. */
static void
s_set_cookie (exchange_t *exchange, const char *token, int64_t age_s)
{
    char cookie[SESSION_TOKEN_SIZE + 128];
    snprintf (cookie, sizeof cookie,
        ACCESS_COOKIE "=%s; Path=/; Max-Age=%" PRId64 "; HttpOnly; SameSite=Strict%s",
        token, age_s, exchange->secure ? "; Secure" : "");
    exchange_set_header (exchange, "Set-Cookie", cookie);
    api_key_forget (cookie, sizeof cookie);
}

static void
s_reply (exchange_t *exchange, const keyring_caller_t *caller)
{
    strbuf_t body = STRBUF_EMPTY;
    char word[SCOPES_TEXT_SIZE];
    const char *comma = "";
    strbuf_addf (&body, "{\"name\":\"%s\",\"scopes\":[", caller->name);
    for (unsigned scope = 1; scope <= SCOPE_ALL; scope <<= 1)
        if (caller->scopes & scope) {
            strbuf_addf (&body, "%s\"%s\"", comma, scopes_print (scope, word));
            comma = ",";
        }
    strbuf_addf (&body, "],\"expires_in_s\":%" PRId64 "}", SESSION_S);
    exchange_reply_json (exchange, 200, &body);
}

void
session_post (http_context_t *context, exchange_t *exchange)
{
    keyring_caller_t caller;
    char token[SESSION_TOKEN_SIZE];
    if (!access_by_key (context, exchange, &caller))
        return;
    session_token_make (
        exchange_bearer (exchange), clock_unix_ms () / 1000 + SESSION_S, token);
    s_set_cookie (exchange, token, SESSION_S);
    api_key_forget (token, sizeof token);
    s_reply (exchange, &caller);
}

void
session_delete (http_context_t *context, exchange_t *exchange)
{
    (void)context;
    s_set_cookie (exchange, "", 0);
    exchange_reply_empty (exchange, 204);
}
