/* POST /recommend: the answer at once, without a row. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/ask.h"
#include "actors/http/routes.h"

void
recommend_post (http_context_t *context, exchange_t *exchange)
{
    request_t *request = ask_read (context, exchange);
    if (request)
        ask_once (context, exchange, &request);
}
