/* What is on offer: the table items as the database has it now, as one model sees it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_OFFERED_H
#define SASREC_CLI_OFFERED_H

#include "model/serve/offer.h"
#include "store/db.h"

/* Fresh, or NULL with error: the items cannot be read. */
offer_t *offered_read (db_t *db, const model_t *model, char error[160]);

#endif
