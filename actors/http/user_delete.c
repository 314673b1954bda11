/* DELETE /users/{user_id}: forgets a person. SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/context.h"
#include "actors/http/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/forget.h"

#define FORGET_WAIT_MS 60000 /* clients wait no longer; asking again goes on */

static void
s_reply (exchange_t *exchange, const forgotten_t *forgotten)
{
    strbuf_t body = STRBUF_EMPTY;
    strbuf_add (&body, "{\"user_id\":");
    strbuf_add_json_string (&body, exchange->parameter);
    strbuf_addf (&body, ",\"interactions\":%zu,\"predictions\":%zu}",
        forgotten->interactions, forgotten->predictions);
    exchange_reply_json (exchange, 200, &body);
}

/* Its cost grows with the table of predictions: a turn among the lists. */
void
user_delete (http_context_t *context, exchange_t *exchange)
{
    if (!exchange_read_user (exchange))
        return;
    db_t *db = http_context_take_db_for_list (context, exchange);
    if (!db)
        return;
    forgotten_t forgotten;
    db_status_t status = forget_user (
        db, exchange->parameter, clock_monotonic_ms () + FORGET_WAIT_MS, &forgotten);
    log_info ("http.user_deleted",
        log_int ("interactions", (int64_t)forgotten.interactions),
        log_int ("predictions", (int64_t)forgotten.predictions),
        log_str ("request_id", exchange->id));
    if (http_context_give_db_for_list (context, &db, status, exchange))
        s_reply (exchange, &forgotten);
}
