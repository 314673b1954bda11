/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/dead_letter.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

static const char *const s_words[] = {
    [DEAD_LETTER_UNREADABLE] = "unreadable",
    [DEAD_LETTER_TOO_LARGE] = "too_large",
    [DEAD_LETTER_UNFIT] = "unfit",
    [DEAD_LETTER_REFUSED] = "refused",
    [DEAD_LETTER_DEADLY] = "deadly",
};

const char *
dead_letter_word (dead_letter_class_t class)
{
    assert ((size_t) class < sizeof s_words / sizeof s_words[0]);
    return s_words[class];
}

bool
dead_letter_send (producer_t *producer, const record_t *record,
    dead_letter_class_t class, const char *reason, void *parcel)
{
    char partition[16], offset[24], attempts[16], failed_at[24];
    snprintf (partition, sizeof partition, "%" PRId32, record->partition);
    snprintf (offset, sizeof offset, "%" PRId64, record->offset);
    snprintf (attempts, sizeof attempts, "%d", record->attempts + 1);
    snprintf (failed_at, sizeof failed_at, "%" PRId64, clock_unix_ms ());
    const record_header_t headers[] = {
        {"dlq-topic", topic_name (record->topic)},
        {"dlq-partition", partition},
        {"dlq-offset", offset},
        {"dlq-error-class", dead_letter_word (class)},
        {"dlq-error", reason},
        {RECORD_ATTEMPTS_HEADER, attempts},
        {"dlq-failed-at", failed_at},
    };
    const record_t letter = {.topic = TOPIC_DEAD_LETTERS,
        .key = record->key,
        .key_size = record->key_size,
        .value = record->value,
        .value_size = record->value_size,
        .trace = record->trace,
        .headers = headers,
        .header_count = sizeof headers / sizeof headers[0]};
    return producer_send (producer, &letter, parcel);
}
