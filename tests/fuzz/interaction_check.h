/* What holds of every interaction that was read, from HTTP or from Kafka: it fits its row.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_FUZZ_INTERACTION_CHECK_H
#define SASREC_TESTS_FUZZ_INTERACTION_CHECK_H

#include <math.h>

#include "proto/interaction.h"
#include "tests/fuzz/fuzz.h"

static inline void
fuzz_check_interaction (const interaction_t *self)
{
    fuzz_check_sentence (self->user_id);
    assert (!*self->event_id || uuid_valid (self->event_id));
    bool named = *self->item_key;
    assert (!named || item_key_valid (self->item_key));
    assert (named == (self->item_id == -1));
    assert (self->item_id >= -1 && self->item_id <= JSON_INTEGER_MAX);
    assert (utf8_check (self->created_at) == UTF8_PLAIN);
    assert (!*self->event || utf8_check (self->event) == UTF8_PLAIN);
    assert (isfinite (self->value));
    assert (self->has_value || fpclassify (self->value) == FP_ZERO);
}

#endif
