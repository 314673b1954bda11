/* An item as it stands in answers. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_ITEM_H
#define SASREC_ACTORS_HTTP_ITEM_H

#include "base/strbuf.h"
#include "store/items.h"

/* {"item_id","title","category"} */
void item_write (const item_t *item, strbuf_t *body);

#endif
