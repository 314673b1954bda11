/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/access.h"

#include <stdio.h>
#include <string.h>

#include "actors/http/routes.h"
#include "base/clock.h"

static void
s_reply_needed (exchange_t *exchange, const char *challenge, const char *detail)
{
    exchange_set_header (exchange, "WWW-Authenticate", challenge);
    exchange_problem (exchange, PROBLEM_KEY_NEEDED, detail);
}

static void
s_reply_refused (exchange_t *exchange)
{
    s_reply_needed (exchange, "Bearer realm=\"sasrec\", error=\"invalid_token\"",
        "The key is unknown or revoked, or the session has ended.");
}

static void
s_reply_scope (exchange_t *exchange, unsigned scopes)
{
    char words[SCOPES_TEXT_SIZE], text[160];
    scopes_print (scopes, words);
    snprintf (text, sizeof text,
        "Bearer realm=\"sasrec\", error=\"insufficient_scope\", scope=\"%s\"", words);
    exchange_set_header (exchange, "WWW-Authenticate", text);
    snprintf (
        text, sizeof text, "This takes a key with one of these scopes: %s.", words);
    exchange_problem (exchange, PROBLEM_SCOPE_MISSING, text);
}

void
access_refuse_unproven (exchange_t *exchange)
{
    exchange_problem (exchange, PROBLEM_UNAVAILABLE,
        "Which keys hold is not known yet: their table could not be read.");
}

/* Behind a proxy everybody comes from the loopback. */
static bool
s_is_near (const http_context_t *context, const exchange_t *exchange)
{
    return context->loopback && address_is_loopback (&exchange->client) &&
           !exchange_request_header (exchange, "X-Forwarded-For");
}

/* Who is near may look at what the process itself knows (the page does), and no more: the
 * database may be there, and only its keys not be read. */
static bool
s_before_keys (const http_context_t *context, exchange_t *exchange)
{
    exchange->unproven = true;
    if (s_is_near (context, exchange) && exchange_only_reads (exchange))
        return true;
    access_refuse_unproven (exchange);
    return false;
}

/* No key could open the route: it is open, or nobody is let in. */
static bool
s_without_keys (
    const http_context_t *context, exchange_t *exchange, keyring_state_t state)
{
    if (state == KEYRING_NONE && context->loopback)
        return true;
    if (state == KEYRING_UNKNOWN)
        return s_before_keys (context, exchange);
    s_reply_needed (exchange, "Bearer realm=\"sasrec\"",
        "There is no key yet; the operator makes one: sasrec keys create.");
    return false;
}

static void
s_note (exchange_t *exchange, const keyring_caller_t *caller)
{
    memcpy (exchange->key_name, caller->name, sizeof exchange->key_name);
    memcpy (exchange->key_prefix, caller->prefix, sizeof exchange->key_prefix);
    exchange->session_end_s = caller->expires_s;
}

bool
access_by_key (http_context_t *context, exchange_t *exchange, keyring_caller_t *caller)
{
    const char *key = exchange_bearer (exchange);
    keyring_t *keyring = context->args->keyring;
    if (keyring && keyring_state (keyring) == KEYRING_UNKNOWN)
        access_refuse_unproven (exchange);
    else if (!key)
        s_reply_needed (exchange, "Bearer realm=\"sasrec\"",
            "Send a key: \"Authorization: Bearer sasrec_...\".");
    else if (!keyring || !keyring_find (keyring, key, caller))
        s_reply_refused (exchange);
    else {
        s_note (exchange, caller);
        return true;
    }
    return false;
}

/* A key that was sent counts, whatever cookie comes along. */
static bool
s_find_caller (http_context_t *context, exchange_t *exchange, keyring_caller_t *caller)
{
    const char *token = exchange_request_cookie (exchange, ACCESS_COOKIE);
    if (!token || exchange_bearer (exchange))
        return access_by_key (context, exchange, caller);
    int64_t now_s = clock_unix_ms () / 1000;
    bool found = keyring_find_session (context->args->keyring, token, now_s, caller);
    if (found)
        s_note (exchange, caller);
    else
        s_reply_refused (exchange);
    return found;
}

static bool
s_with_keys (http_context_t *context, exchange_t *exchange, unsigned scopes)
{
    keyring_caller_t caller;
    if (!s_find_caller (context, exchange, &caller))
        return false;
    if ((caller.scopes & scopes) == 0) {
        s_reply_scope (exchange, scopes);
        return false;
    }
    int64_t wait_us =
        keyring_take (context->args->keyring, caller.prefix, clock_monotonic_us ());
    if (wait_us > 0)
        exchange_problem_later (
            exchange, wait_us, "This key is used more often than it may be.");
    return wait_us == 0;
}

bool
access_policy (
    http_context_t *context, exchange_t *exchange, const router_match_t *match)
{
    unsigned scopes = routes[match->index].scopes;
    bool asks = scopes != 0 && !exchange->probes_only && !context->open;
    if (!asks)
        return true;
    keyring_state_t state = keyring_state (context->args->keyring);
    bool passes = state == KEYRING_KEYS ? s_with_keys (context, exchange, scopes)
                                        : s_without_keys (context, exchange, state);
    exchange_forget_secrets (exchange);
    return passes;
}
