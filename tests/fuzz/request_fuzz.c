/* A message on inference.requests. SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/message.h"

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    void *message = message_decode (TOPIC_REQUESTS, bytes, length);
    if (message)
        message_check_round_trip (TOPIC_REQUESTS, &message);
    codec_destroy (TOPIC_REQUESTS, &message);
    return 0;
}
