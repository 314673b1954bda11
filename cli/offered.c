/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/offered.h"

#include <stdio.h>

#include "base/clock.h"
#include "store/facts.h"

static void
s_put (void *catalogue, const fact_t *fact)
{
    const catalogue_row_t row = {.item_id = fact->item_id,
        .hidden = fact->hidden,
        .from_ms = fact->from_ms,
        .until_ms = fact->until_ms};
    catalogue_put (catalogue, &row, fact->categories);
}

offer_t *
offered_read (db_t *db, const model_t *model, char error[160])
{
    catalogue_t *catalogue = catalogue_new ();
    facts_t *facts = facts_new ();
    db_status_t status = facts_read_all (facts, db, s_put, catalogue);
    offer_t *offer =
        status == DB_OK ? offer_new (catalogue, model, clock_unix_ms ()) : NULL;
    if (!offer)
        snprintf (error, 160, "cannot read the items: %.120s", db_error (db));
    facts_destroy (&facts);
    catalogue_destroy (&catalogue);
    return offer;
}
