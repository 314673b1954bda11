/* What every Kafka client of ours shares: how it connects, how it logs, how it wakes an
 * actor's poll. Private to bridge/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_CLIENT_H
#define SASREC_BRIDGE_CLIENT_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "bridge/topics.h"

typedef struct {
    const char *bootstrap_servers;
    const char *client_id;
} client_args_t;

/* One setting; the name and the value are ours, so a refusal is a bug. */
void client_set (rd_kafka_conf_t *conf, const char *name, const char *value);

/* Connection settings, bounded back-off, and librdkafka's own lines in our log. NULL with
 * error: the server list is not one. */
rd_kafka_conf_t *client_conf (const client_args_t *args, char error[160]);

/* Takes conf, also on failure. NULL with error. */
rd_kafka_t *client_new (
    rd_kafka_type_t type, rd_kafka_conf_t **conf_p, char error[160]);

/* Ends a consumer of either kind; it leaves its group before, or not at all. librdkafka
 * 2.0 sometimes never returns from this once its broker was away (its issues 4131 and
 * 4674): false after CLIENT_DESTROY_S, and then it may still write to the fd it was given. */
#define CLIENT_DESTROY_S 1
bool client_destroy (rd_kafka_t **rk_p);

/* An event fd that becomes readable when the queue stops being empty (edge-triggered:
 * read it out with client_clear, then serve until nothing is left). */
int client_fd_new (void);
void client_watch (rd_kafka_queue_t *queue, int fd);
void client_clear (int fd);

/* librdkafka's error events: remembers when a broker refuses us (TLS, user, password). For
 * the error callbacks of our clients; those without one have it already. */
void client_note_error (rd_kafka_resp_err_t code, const char *reason);

/* No broker answered: why, as far as it is known. */
void client_no_answer (const char *bootstrap_servers, char error[160]);

/* The broker that leads the topic's first partition does not answer at the address that
 * it gives to its clients: one sentence that names it. topic NULL: the first broker. */
void client_unreachable (
    const struct rd_kafka_metadata *metadata, const char *topic, char error[160]);

/* The partitions of each of our topics; 0: it is not there, or has an error. */
void client_partitions (
    const struct rd_kafka_metadata *metadata, int counts[TOPIC_COUNT]);

#endif
