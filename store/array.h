/* A PostgreSQL array in its binary form, as one parameter of a statement over UNNEST:
 * nothing to quote, whatever the text. Private to store/.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_ARRAY_H
#define SASREC_STORE_ARRAY_H

#include <stdint.h>

#include "base/strbuf.h"
#include "store/db.h"

#define ARRAY_TEXT 25 /* pg_type.oid of the elements, for $1::text[] */
#define ARRAY_INT8 20 /* $1::bigint[] */

typedef struct {
    strbuf_t bytes;
    uint32_t count;
} array_t;

void array_start (array_t *self, uint32_t type); /* empties it */
void array_free (array_t *self);
void array_add_text (array_t *self, const char *text); /* NULL: SQL NULL */
void array_add_int (array_t *self, int64_t value);

/* The parameter; valid until the next call on the array. */
db_param_t array_param (array_t *self);

/* Binary values in results and COPY. */
void array_put_be32 (strbuf_t *out, uint32_t value);
void array_put_be64 (strbuf_t *out, uint64_t value);
int64_t array_get_be64 (const char *bytes);

#endif
