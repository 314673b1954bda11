/* Items on a command line: 10,20,SKU-7, or a JSON list ["a, b",20].
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_ITEM_OPTION_H
#define SASREC_CLI_ITEM_OPTION_H

#include "base/strbuf.h"
#include "model/serve/model.h"

#define ITEM_OPTION_LIMIT 10000 /* as over HTTP */

typedef struct {
    int64_t *items; /* integers, and references to keys in texts (base/item_key.h) */
    size_t count;
    strbuf_t texts;
} item_option_t;

/* What is written as an integer is one, unless the model has no such item, but one of this
 * key; in a JSON list strings are keys. Without a model (NULL) the form alone is checked. -1:
 * no list of items, or too long. Free it in any case. */
int item_option_read (item_option_t *self, const model_t *model, const char *text);
void item_option_free (item_option_t *self);

#endif
