/* Items as clients read them. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ITEMS_H
#define SASREC_ACTORS_HTTP_ITEMS_H

#include "actors/http/context.h"
#include "store/items.h"

/* The item, and whether the model in use knows it ("in_model"); model: NULL knows none. */
void items_add_one (const item_t *item, const model_ref_t *model, strbuf_t *body);

/* Writing: gives the connection back as http_context_give_db does, but what was refused for
 * its data is the client's to mend, and told in PostgreSQL's words (an owner's trigger). */
bool items_give_db (
    http_context_t *context, db_t **db_p, db_status_t status, exchange_t *exchange);

#endif
