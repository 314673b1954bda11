/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/announce.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "bridge/producer.h"

#define TRY_MS 100

static void
s_delivered (void *context, topic_t topic, void *parcel, producer_outcome_t outcome)
{
    (void)topic, (void)parcel;
    *(bool *)context = outcome == PRODUCER_SAFE;
}

static void
s_send (producer_t *producer, const char *version, int64_t deadline_ms)
{
    strbuf_t value = STRBUF_EMPTY;
    strbuf_add (&value, "{\"event\":\"MODEL_UPDATED\",\"timestamp\":");
    strbuf_add_json_int (&value, clock_unix_ms ());
    strbuf_add (&value, ",\"version\":");
    strbuf_add_json_string (&value, version);
    strbuf_add (&value, "}");
    const record_t record = {
        .topic = TOPIC_CONTROL, .value = value.data, .value_size = value.length};
    while (
        !producer_send (producer, &record, NULL) && clock_monotonic_ms () < deadline_ms)
        producer_flush (producer, TRY_MS);
    strbuf_free (&value);
}

int
announce_model (
    const char *bootstrap_servers, const char *version, int timeout_ms, char error[160])
{
    bool safe = false;
    int64_t deadline_ms = clock_monotonic_ms () + timeout_ms;
    const producer_args_t args = {
        bootstrap_servers, "sasrec-train", s_delivered, &safe};
    producer_t *producer = producer_new (&args, error);
    if (!producer)
        return -1;
    bool there = producer_meet (producer, TOPIC_CONTROL, timeout_ms, error) == 0;
    if (there)
        s_send (producer, version, deadline_ms);
    int64_t left_ms = deadline_ms - clock_monotonic_ms ();
    producer_flush (producer, there && left_ms > TRY_MS ? (int)left_ms : TRY_MS);
    if (there && !safe)
        snprintf (error, 160, "no Kafka broker at %.80s took it", bootstrap_servers);
    producer_destroy (&producer);
    return safe ? 0 : -1;
}
