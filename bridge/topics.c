/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/topics.h"

#include <assert.h>
#include <string.h>

#define HOUR_MS INT64_C (3600000)
#define DAY_MS  (24 * HOUR_MS)
#define MIB     INT64_C (1048576)

/* Requests and results live on in PostgreSQL: what Kafka keeps only has to outlast an
 * outage. 12 partitions are shared evenly by 2, 3, 4, 6 or 12 workers. */
static const topic_row_t s_rows[TOPIC_COUNT] = {
    [TOPIC_REQUESTS] = {"inference.requests", 12, DAY_MS, 128 * MIB, 16 * MIB, MIB,
        true, false},
    [TOPIC_RESULTS] = {"inference.results", 12, DAY_MS, 128 * MIB, 16 * MIB, MIB, true,
        false},
    [TOPIC_ENDED] = {"inference.ended", 12, DAY_MS, 32 * MIB, 8 * MIB, MIB / 8, true,
        false},
    [TOPIC_CONTROL] = {"system.control", 1, 7 * DAY_MS, 16 * MIB, 4 * MIB, MIB / 8,
        false, false},
    [TOPIC_INTERACTIONS] = {"interactions.events", 12, 7 * DAY_MS, 512 * MIB, 32 * MIB,
        MIB, false, false},
    /* One partition: in the order of their writing. */
    [TOPIC_CATALOGUE] = {"catalogue.items", 1, -1, -1, 16 * MIB, MIB / 2, false, true},
    [TOPIC_DEAD_LETTERS] = {"inference.dlq", 12, 30 * DAY_MS, 128 * MIB, 16 * MIB,
        2 * MIB, false, false},
};

const topic_row_t *
topic_row (topic_t topic)
{
    assert (topic < TOPIC_COUNT);
    return &s_rows[topic];
}

const char *
topic_name (topic_t topic)
{
    return topic_row (topic)->name;
}

int
topic_find (const char *name, topic_t *topic)
{
    for (int i = 0; i < TOPIC_COUNT; i++) {
        if (strcmp (s_rows[i].name, name) != 0)
            continue;
        *topic = (topic_t)i;
        return 0;
    }
    return -1;
}
