/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define LIMIT 64

static const struct {
    config_key_t key;
    const char *name;
} s_names[] = {
    {CONFIG_KAFKA_SECURITY_PROTOCOL, "security.protocol"},
    {CONFIG_KAFKA_SASL_MECHANISM, "sasl.mechanism"},
    {CONFIG_KAFKA_SASL_USERNAME, "sasl.username"},
    {CONFIG_KAFKA_SASL_PASSWORD, "sasl.password"},
    {CONFIG_KAFKA_SSL_CA_LOCATION, "ssl.ca.location"},
    {CONFIG_KAFKA_SSL_CERTIFICATE_LOCATION, "ssl.certificate.location"},
    {CONFIG_KAFKA_SSL_KEY_LOCATION, "ssl.key.location"},
    {CONFIG_KAFKA_SSL_KEY_PASSWORD, "ssl.key.password"},
};

/* No message is lost, done twice or acknowledged first because of these. */
static const char *const s_ours[] = {"bootstrap.servers", "metadata.broker.list",
    "group.id", "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset",
    "partition.assignment.strategy", "enable.idempotence", "acks",
    "request.required.acks", "enable.partition.eof", "partitioner",
    "allow.auto.create.topics"};

static char *s_text; /* of SASREC_KAFKA_CONFIG, cut into names and values */
static setting_t s_settings[LIMIT];
static size_t s_count;

static int
s_check (const char *name, const char *value, char error[160])
{
    char reason[256];
    for (size_t i = 0; i < sizeof s_ours / sizeof s_ours[0]; i++)
        if (strcmp (name, s_ours[i]) == 0) {
            snprintf (error, 160, "Kafka setting %.60s is not to be changed", name);
            return -1;
        }
    rd_kafka_conf_t *conf = rd_kafka_conf_new ();
    rd_kafka_conf_res_t rc =
        rd_kafka_conf_set (conf, name, value, reason, sizeof reason);
    rd_kafka_conf_destroy (conf);
    if (rc != RD_KAFKA_CONF_OK)
        snprintf (error, 160, "Kafka setting %.60s: %s", name,
            rc == RD_KAFKA_CONF_UNKNOWN ? "librdkafka knows none of this name"
                                        : "librdkafka refuses its value");
    return rc == RD_KAFKA_CONF_OK ? 0 : -1;
}

static int
s_add (const char *name, const char *value, char error[160])
{
    if (s_count == LIMIT) {
        snprintf (error, 160, "more than %d Kafka settings", LIMIT);
        return -1;
    }
    if (s_check (name, value, error))
        return -1;
    s_settings[s_count++] = (setting_t){name, value};
    return 0;
}

/* "name=value;name=value". */
static int
s_add_text (char *text, char error[160])
{
    char *rest = NULL;
    for (char *item = strtok_r (text, ";", &rest); item;
         item = strtok_r (NULL, ";", &rest)) {
        item += strspn (item, " \t\r");
        char *equals = strchr (item, '=');
        if (!*item)
            continue;
        if (!equals || equals == item) {
            snprintf (
                error, 160, "SASREC_KAFKA_CONFIG must be name=value;name=value;...");
            return -1;
        }
        *equals = '\0';
        if (s_add (item, equals + 1, error))
            return -1;
    }
    return 0;
}

int
settings_use (const config_t *config, char error[160])
{
    s_count = 0;
    for (size_t i = 0; i < sizeof s_names / sizeof s_names[0]; i++) {
        const char *value = config_text (config, s_names[i].key);
        if (*value && s_add (s_names[i].name, value, error))
            return -1;
    }
    free (s_text);
    s_text = strdup (config_text (config, CONFIG_KAFKA_CONFIG));
    assert (s_text);
    return s_add_text (s_text, error);
}

const setting_t *
settings_all (size_t *count)
{
    *count = s_count;
    return s_settings;
}
