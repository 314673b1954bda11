/* A message on inference.results. SPDX-License-Identifier: Apache-2.0 */
#include "proto/result.h"
#include "tests/fuzz/message.h"

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    void *message = message_decode (TOPIC_RESULTS, bytes, length);
    const result_t *result = message;
    if (result)
        assert (utf8_check (result->error) != UTF8_INVALID); /* PostgreSQL takes it */
    if (message)
        message_check_round_trip (TOPIC_RESULTS, &message);
    codec_destroy (TOPIC_RESULTS, &message);
    return 0;
}
