/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/scored.h"

#include <assert.h>
#include <stdlib.h>

scored_t *
scored_new (const int64_t *items, size_t count, const result_t *result)
{
    scored_t *self = calloc (count + 1, sizeof *self);
    assert (self);
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = next < result->count && result->item_ids[next] == items[i];
        self[i] = (scored_t){.item_id = items[i], .known = known, .place = i};
        if (known)
            self[i].score = result->scores[next++];
    }
    assert (next == result->count);
    return self;
}

static int
s_compare (const void *left, const void *right)
{
    const scored_t *a = left, *b = right;
    if (a->known != b->known)
        return a->known ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

void
scored_rank (scored_t *self, size_t count)
{
    qsort (self, count, sizeof *self, s_compare);
}

void
scored_write (const scored_t *self, size_t count, strbuf_t *out)
{
    for (size_t i = 0; i < count; i++) {
        strbuf_add (out, i > 0 ? "," : "\"item_ids\":[");
        strbuf_add_json_int (out, self[i].item_id);
    }
    for (size_t i = 0; i < count; i++) {
        strbuf_add (out, i > 0 ? "," : "],\"scores\":[");
        if (self[i].known)
            strbuf_add_json_float (out, self[i].score);
        else
            strbuf_add (out, "null");
    }
    strbuf_add (out, "]");
}

void
scored_write_unknown (const scored_t *self, size_t count, strbuf_t *out)
{
    size_t written = 0;
    strbuf_add (out, ",\"unknown_items\":[");
    for (size_t i = 0; i < count; i++) {
        if (self[i].known)
            continue;
        strbuf_add (out, written++ > 0 ? "," : "");
        strbuf_add_json_int (out, self[i].item_id);
    }
    strbuf_add (out, "]");
}
