/* What the fuzz targets share. Each is one function of libFuzzer's shape; what must hold
 * is an assertion (NDEBUG is never defined), the sanitizers see the rest.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_FUZZ_FUZZ_H
#define SASREC_TESTS_FUZZ_FUZZ_H

#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "base/jsonread.h"
#include "base/strbuf.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);

/* Whatever a stranger sent, what we say about it is a sentence that JSON can hold. */
static inline void
fuzz_check_sentence (const char *text)
{
    assert (strlen (text) > 0 && utf8_check (text) == UTF8_PLAIN);
}

static inline void
fuzz_check_fault (const json_fault_t *fault)
{
    fuzz_check_sentence (fault->detail);
    assert (utf8_check (fault->pointer) == UTF8_PLAIN);
    assert (!fault->pointer[0] || fault->pointer[0] == '/');
    assert (fault->line >= 0 && fault->column >= 0);
}

/* What we write is read by any JSON parser. */
static inline void
fuzz_check_json (const strbuf_t *text)
{
    json_t *object =
        json_loadb (text->data, text->length, JSON_REJECT_DUPLICATES, NULL);
    assert (json_is_object (object));
    json_decref (object);
}

#endif
