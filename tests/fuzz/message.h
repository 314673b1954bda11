/* A message of one topic, as the bridge takes it from Kafka: read, or refused with a
 * sentence; what was read is written again, reads again and is the same text from then
 * on. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_FUZZ_MESSAGE_H
#define SASREC_TESTS_FUZZ_MESSAGE_H

#include "bridge/codec.h"
#include "tests/fuzz/fuzz.h"

static inline void *
message_decode (topic_t topic, const void *bytes, size_t length)
{
    record_t record = {.topic = topic, .value = bytes, .value_size = length};
    codec_fault_t fault;
    void *message = NULL;
    codec_status_t status = codec_decode (&record, &message, &fault);
    assert ((status == CODEC_READ) == (message != NULL));
    if (status == CODEC_UNREADABLE || status == CODEC_TOO_LARGE) {
        fuzz_check_sentence (fault.reason);
        assert (utf8_check (fault.request_id) == UTF8_PLAIN);
    }
    return message;
}

/* first is what the bridge writes of any message, second what it writes of the first. */
static inline void
message_check_round_trip (topic_t topic, void **message_p)
{
    strbuf_t first = STRBUF_EMPTY, second = STRBUF_EMPTY;
    record_t record;
    codec_encode (topic, *message_p, &first, &record);
    fuzz_check_json (&first);
    void *again = message_decode (topic, first.data, first.length);
    assert (again);
    codec_encode (topic, again, &second, &record);
    assert (strcmp (first.data, second.data) == 0);
    codec_destroy (topic, &again);
    strbuf_free (&first);
    strbuf_free (&second);
}

#endif
