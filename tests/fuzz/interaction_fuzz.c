/* A message on interactions.events: what is read fits the row it becomes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/interaction_check.h"
#include "tests/fuzz/message.h"

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    void *message = message_decode (TOPIC_INTERACTIONS, bytes, length);
    const interaction_t *interaction = message;
    if (interaction) {
        fuzz_check_interaction (interaction);
        assert (*interaction->event_id);
    }
    codec_destroy (TOPIC_INTERACTIONS, &message);
    return 0;
}
