/* The table rule_sets: rules under a name. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_RULE_SETS_H
#define SASREC_STORE_RULE_SETS_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "store/db.h"

/* rules: a JSON object, kept in place of what the name had; *created: it had none. */
db_status_t rule_sets_put (
    db_t *db, const char *name, const char *rules, bool *created);

/* *rules is fresh: the JSON object, NULL when there is no such set. */
db_status_t rule_sets_find (db_t *db, const char *name, char **rules);

/* *found false: there was none. */
db_status_t rule_sets_delete (db_t *db, const char *name, bool *found);

/* Appends [{"name":...,"updated_at":...}, ...] by name, at most `most` of them. */
db_status_t rule_sets_list (db_t *db, size_t most, strbuf_t *out);

#endif
