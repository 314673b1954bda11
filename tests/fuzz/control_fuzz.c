/* A message on system.control: only says "look at current", or nothing.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/message.h"

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    void *message = message_decode (TOPIC_CONTROL, bytes, length);
    codec_destroy (TOPIC_CONTROL, &message);
    return 0;
}
