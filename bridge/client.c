/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/client.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "bridge/settings.h"

#define REFUSAL_MS 60000 /* librdkafka repeats it rarely */

static const uint64_t s_one = 1; /* what an event fd takes: eight bytes */

void
client_set (rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char reason[256];
    rd_kafka_conf_res_t rc =
        rd_kafka_conf_set (conf, name, value, reason, sizeof reason);
    if (rc != RD_KAFKA_CONF_OK)
        log_error ("kafka.setting", log_str ("name", name), log_str ("reason", reason));
    assert (rc == RD_KAFKA_CONF_OK);
}

/* Called from any of librdkafka's threads. That a broker is away is told once, by health,
 * not at every attempt to connect. */
static void
s_log (const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    bool attempt = strcmp (facility, "FAIL") == 0 || strcmp (facility, "ERROR") == 0;
    log_field_t fields[] = {
        log_str ("facility", facility), log_str ("text", text), {.key = NULL}};
    log_write (level <= LOG_ERR && !attempt ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
        "kafka.client", fields);
}

static pthread_mutex_t s_refusal_lock = PTHREAD_MUTEX_INITIALIZER;
static char s_refusal[120]; /* the last; "" = none yet */
static int64_t s_refusal_ms;

void
client_note_error (rd_kafka_resp_err_t code, const char *reason)
{
    if (code != RD_KAFKA_RESP_ERR__AUTHENTICATION && code != RD_KAFKA_RESP_ERR__SSL)
        return;
    pthread_mutex_lock (&s_refusal_lock);
    utf8_copy (s_refusal, sizeof s_refusal, reason);
    s_refusal_ms = clock_monotonic_ms ();
    pthread_mutex_unlock (&s_refusal_lock);
}

void
client_no_answer (const char *bootstrap_servers, char error[160])
{
    pthread_mutex_lock (&s_refusal_lock);
    if (s_refusal[0] && clock_monotonic_ms () - s_refusal_ms < REFUSAL_MS)
        snprintf (error, 160, "Kafka refuses us: %s", s_refusal);
    else
        snprintf (error, 160, "no Kafka broker answers at %.100s", bootstrap_servers);
    pthread_mutex_unlock (&s_refusal_lock);
}

static void
s_error (rd_kafka_t *rk, int code, const char *reason, void *context)
{
    (void)rk, (void)context;
    client_note_error (code, reason);
}

rd_kafka_conf_t *
client_conf (const client_args_t *args, char error[160])
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new ();
    assert (conf && args->bootstrap_servers && args->client_id);
    if (rd_kafka_conf_set (conf, "bootstrap.servers", args->bootstrap_servers, reason,
            sizeof reason) != RD_KAFKA_CONF_OK) {
        snprintf (error, 160, "bad list of Kafka servers: %.120s", reason);
        rd_kafka_conf_destroy (conf);
        return NULL;
    }
    client_set (conf, "client.id", args->client_id);
    client_set (conf, "socket.nagle.disable", "true");
    client_set (conf, "socket.keepalive.enable", "true");
    client_set (conf, "socket.timeout.ms", "10000");
    client_set (conf, "socket.connection.setup.timeout.ms", "3000");
    client_set (conf, "reconnect.backoff.ms", "100");
    client_set (conf, "reconnect.backoff.max.ms", "1000");
    client_set (conf, "log.connection.close", "false");
    client_set (conf, "topic.metadata.refresh.interval.ms", "10000");
    rd_kafka_conf_set_log_cb (conf, s_log);
    rd_kafka_conf_set_error_cb (conf, s_error);
    return conf;
}

rd_kafka_t *
client_new (rd_kafka_type_t type, rd_kafka_conf_t **conf_p, char error[160])
{
    char reason[256] = "";
    size_t count;
    const setting_t *settings = settings_all (&count);
    for (size_t i = 0; i < count; i++) /* last: people's word wins */
        client_set (*conf_p, settings[i].name, settings[i].value);
    rd_kafka_t *rk = rd_kafka_new (type, *conf_p, reason, sizeof reason);
    if (!rk) {
        snprintf (error, 160, "no Kafka client: %.120s", reason);
        rd_kafka_conf_destroy (*conf_p);
    }
    *conf_p = NULL;
    return rk;
}

static void *
s_destroy (void *rk)
{
    rd_kafka_destroy_flags (rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

bool
client_destroy (rd_kafka_t **rk_p)
{
    pthread_t thread;
    struct timespec limit;
    clock_gettime (CLOCK_REALTIME, &limit);
    limit.tv_sec += CLIENT_DESTROY_S;
    int rc = pthread_create (&thread, NULL, s_destroy, *rk_p);
    assert (rc == 0);
    *rk_p = NULL;
    if (pthread_timedjoin_np (thread, NULL, &limit) == 0)
        return true;
    pthread_detach (thread);
    log_warn ("bridge.client_abandoned", log_int ("seconds", CLIENT_DESTROY_S));
    return false;
}

int
client_fd_new (void)
{
    int fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert (fd >= 0);
    return fd;
}

void
client_watch (rd_kafka_queue_t *queue, int fd)
{
    rd_kafka_queue_io_event_enable (queue, fd, &s_one, sizeof s_one);
}

void
client_clear (int fd)
{
    uint64_t count;
    ssize_t size;
    do {
        size = read (fd, &count, sizeof count);
    } while (size < 0 && errno == EINTR);
}

void
client_partitions (const struct rd_kafka_metadata *metadata, int counts[TOPIC_COUNT])
{
    memset (counts, 0, TOPIC_COUNT * sizeof *counts);
    for (int i = 0; i < metadata->topic_cnt; i++) {
        topic_t topic;
        const rd_kafka_metadata_topic_t *row = &metadata->topics[i];
        if (topic_find (row->topic, &topic) == 0 && !row->err)
            counts[topic] = row->partition_cnt;
    }
}

static int32_t
s_leader (const struct rd_kafka_metadata *metadata, const char *topic)
{
    for (int i = 0; topic && i < metadata->topic_cnt; i++)
        if (strcmp (metadata->topics[i].topic, topic) == 0 &&
            metadata->topics[i].partition_cnt > 0)
            return metadata->topics[i].partitions[0].leader;
    return metadata->broker_cnt > 0 ? metadata->brokers[0].id : -1;
}

void
client_unreachable (
    const struct rd_kafka_metadata *metadata, const char *topic, char error[160])
{
    int32_t leader = s_leader (metadata, topic);
    snprintf (error, 160, "Kafka answers, but names no broker for its topics");
    for (int i = 0; i < metadata->broker_cnt; i++)
        if (metadata->brokers[i].id == leader)
            snprintf (error, 160,
                "Kafka says to use %.60s:%d (advertised.listeners), which does not "
                "answer",
                metadata->brokers[i].host, metadata->brokers[i].port);
}
