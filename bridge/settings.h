/* What people say about how to reach Kafka: KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_*,
 * KAFKA_SSL_*, and any setting of librdkafka by SASREC_KAFKA_CONFIG. There is one Kafka
 * for a process, so this is the process's, and said before its first client is made.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_SETTINGS_H
#define SASREC_BRIDGE_SETTINGS_H

#include <stddef.h>

#include "base/config.h"

typedef struct {
    const char *name; /* librdkafka's: "sasl.username" */
    const char *value;
} setting_t;

/* Reads and checks them. -1 with error, which names the setting and never a value: it is
 * unknown to librdkafka, refused by it, or one that our promises hang on. */
int settings_use (const config_t *config, char error[160]);

/* All that were said, ours first; they live until settings_use is called again. */
const setting_t *settings_all (size_t *count);

#endif
