/* A message on interactions.events: what is read fits the row it becomes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "proto/interaction.h"

#include <math.h>

#include "tests/fuzz/message.h"

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    void *message = message_decode (TOPIC_INTERACTIONS, bytes, length);
    const interaction_t *interaction = message;
    if (interaction) {
        fuzz_check_sentence (interaction->user_id);
        assert (uuid_valid (interaction->event_id));
        bool named = *interaction->item_key;
        assert (!named || item_key_valid (interaction->item_key));
        assert (named == (interaction->item_id == -1));
        assert (interaction->item_id >= -1 && interaction->item_id <= JSON_INTEGER_MAX);
        assert (utf8_check (interaction->created_at) == UTF8_PLAIN);
        assert (!*interaction->event || utf8_check (interaction->event) == UTF8_PLAIN);
        assert (isfinite (interaction->value));
        assert (interaction->has_value || fpclassify (interaction->value) == FP_ZERO);
    }
    codec_destroy (TOPIC_INTERACTIONS, &message);
    return 0;
}
