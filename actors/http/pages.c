/* GET /, /docs, /openapi.json and /assets/{name}: what is built into the program.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "actors/http/context.h"
#include "actors/http/routes.h"

static const char s_policy[] =
    "default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/* What a name with a hash stands for never changes. Of the others browsers ask each time,
 * and the ETag makes that cheap. */
static void
s_reply_asset (http_context_t *context, exchange_t *exchange, const char *name)
{
    const asset_t *asset = assets_find (context->assets, name);
    if (!asset) {
        exchange_problem (exchange, PROBLEM_NOT_FOUND, "There is no such file.");
        return;
    }
    const asset_body_t *body =
        asset_body (asset, exchange_request_header (exchange, "Accept-Encoding"));
    exchange_set_header (exchange, "Cache-Control",
        asset->lasting ? "public, max-age=31536000, immutable" : "no-cache");
    exchange_set_header (exchange, "Vary", "Accept-Encoding");
    exchange_set_header (exchange, "ETag", body->etag);
    exchange_set_header (exchange, "Content-Security-Policy", s_policy);
    exchange_set_header (exchange, "Referrer-Policy", "same-origin");
    const char *known = exchange_request_header (exchange, "If-None-Match");
    if (known && strstr (known, body->etag)) {
        exchange_reply_empty (exchange, 304);
        return;
    }
    if (body->coding)
        exchange_set_header (exchange, "Content-Encoding", body->coding);
    exchange_reply_bytes (
        exchange, 200, asset->content_type, body->bytes, body->length);
}

void
page_get (http_context_t *context, exchange_t *exchange)
{
    s_reply_asset (context, exchange, "index.html");
}

void
docs_get (http_context_t *context, exchange_t *exchange)
{
    s_reply_asset (context, exchange, "docs.html");
}

void
openapi_get (http_context_t *context, exchange_t *exchange)
{
    s_reply_asset (context, exchange, "openapi.json");
}

void
asset_get (http_context_t *context, exchange_t *exchange)
{
    s_reply_asset (context, exchange, exchange->parameter);
}
