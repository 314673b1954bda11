/* Configuration: one table of settings, each with its flag, environment variable,
 * default, range and help. Later beats earlier: default, file (base/config_file.h),
 * environment, flag; an empty value is as good as none. Strings live with the config.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_CONFIG_H
#define SASREC_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    CONFIG_FILE,         /* SASREC_CONFIG: the file of the others */
    CONFIG_POSTGRES_URL, /* POSTGRES_URL; else the five below */
    CONFIG_PGHOST,
    CONFIG_PGPORT,
    CONFIG_PGUSER,
    CONFIG_PGDATABASE,
    CONFIG_PGPASSWORD,
    CONFIG_SCHEMA,    /* SASREC_SCHEMA; "" = what the role's search_path says */
    CONFIG_RETENTION, /* SASREC_RETENTION, seconds; 0 = finished requests are kept */
    CONFIG_KAFKA_BOOTSTRAP_SERVERS,
    CONFIG_KAFKA_SECURITY_PROTOCOL, /* this and the next: bridge/settings.h */
    CONFIG_KAFKA_SASL_MECHANISM,
    CONFIG_KAFKA_SASL_USERNAME,
    CONFIG_KAFKA_SASL_PASSWORD,
    CONFIG_KAFKA_SSL_CA_LOCATION,
    CONFIG_KAFKA_SSL_CERTIFICATE_LOCATION,
    CONFIG_KAFKA_SSL_KEY_LOCATION,
    CONFIG_KAFKA_SSL_KEY_PASSWORD,
    CONFIG_KAFKA_CONFIG,      /* SASREC_KAFKA_CONFIG */
    CONFIG_BIND,              /* SASREC_BIND, 127.0.0.1 */
    CONFIG_HOSTS,             /* SASREC_HOSTS: names we are called by, beside our own */
    CONFIG_TRUSTED_PROXIES,   /* SASREC_TRUSTED_PROXIES: networks */
    CONFIG_HTTP_PORT,         /* SASREC_HTTP_PORT, 8000 */
    CONFIG_UI_PORT,           /* SASREC_UI_PORT, 8501; 0 = no second listener */
    CONFIG_ADMIN_PORT,        /* SASREC_ADMIN_PORT, 8004; 0 = no listener for probes */
    CONFIG_ADMIN_BIND,        /* SASREC_ADMIN_BIND, 127.0.0.1 */
    CONFIG_CHECKPOINTS,       /* SASREC_CHECKPOINTS, "checkpoints" */
    CONFIG_WORKERS,           /* SASREC_WORKERS, 2: inference workers */
    CONFIG_BATCH_LIMIT,       /* SASREC_BATCH_LIMIT, 64 */
    CONFIG_KV_CACHE_MB,       /* SASREC_KV_CACHE_MB, 64; 0 = histories are not kept */
    CONFIG_ENCODER_PRECISION, /* SASREC_ENCODER_PRECISION, f32 */
    CONFIG_JOB_QUEUE_LIMIT,   /* SASREC_JOB_QUEUE_LIMIT, 20000 jobs waiting in a pool */
    CONFIG_SYNC_QUEUE_LIMIT,  /* SASREC_SYNC_QUEUE_LIMIT, 512 */
    CONFIG_BACKLOG_LIMIT,     /* SASREC_BACKLOG_LIMIT, 100000 accepted, unfinished */
    CONFIG_DEADLINE_S,        /* SASREC_DEADLINE_S, 900 */
    CONFIG_MAX_ATTEMPTS,      /* SASREC_MAX_ATTEMPTS, 5 */
    CONFIG_CONNECTION_LIMIT,  /* SASREC_CONNECTION_LIMIT, 512 */
    CONFIG_ADDRESS_LIMIT,     /* SASREC_ADDRESS_LIMIT, 256 connections per address */
    CONFIG_SSE_LIMIT,         /* SASREC_SSE_LIMIT, 128 streams */
    CONFIG_SSE_ADDRESS_LIMIT, /* SASREC_SSE_ADDRESS_LIMIT, 64 streams per client */
    CONFIG_SSE_LIFE_S,        /* SASREC_SSE_LIFE_S, 3600 s at most */
    CONFIG_TLS_CERT,          /* SASREC_TLS_CERT: PEM; "" = no TLS */
    CONFIG_TLS_KEY,           /* SASREC_TLS_KEY */
    CONFIG_OPEN,              /* SASREC_OPEN: no key is asked for */
    CONFIG_ADDRESS_RATE,     /* SASREC_ADDRESS_RATE: requests of an address; "" = any */
    CONFIG_AUDIT,            /* SASREC_AUDIT, changes */
    CONFIG_LOG_LEVEL,        /* LOG_LEVEL, info */
    CONFIG_LOG_FORMAT,       /* LOG_FORMAT, auto */
    CONFIG_LOG_FILE,         /* LOG_FILE; "" = stderr */
    CONFIG_OTLP_ENDPOINT,    /* OTEL_EXPORTER_OTLP_ENDPOINT; "" = no tracing */
    CONFIG_OTLP_HEADERS,     /* OTEL_EXPORTER_OTLP_HEADERS */
    CONFIG_OTEL_SERVICE,     /* OTEL_SERVICE_NAME, sasrec */
    CONFIG_OTEL_SAMPLER,     /* OTEL_TRACES_SAMPLER, parentbased_always_on */
    CONFIG_OTEL_SAMPLER_ARG, /* OTEL_TRACES_SAMPLER_ARG */
    CONFIG_COUNT
} config_key_t;

/* A duration is an integer of seconds, written as 90, 90s, 15m, 12h or 30d; a flag is 1 or 0,
 * written as yes or no (true, false, 1, 0). */
typedef enum {
    CONFIG_TEXT,
    CONFIG_INTEGER,
    CONFIG_DURATION,
    CONFIG_FLAG
} config_type_t;

typedef struct {
    const char *flag;     /* "http-port", for --http-port */
    const char *env;      /* "SASREC_HTTP_PORT" */
    const char *fallback; /* as text */
    const char *help;     /* one line */
    const char *words;    /* text only: the words allowed, "a|b"; NULL = any text */
    int64_t low;          /* integers and durations only */
    int64_t high;
    config_type_t type;
    /* Masked when printed. The variable SASREC_X_FILE names a file that holds it; and
     * so does the flag, when it ends in "-file": arguments can be read by everybody. */
    bool secret;
} config_item_t;

typedef struct config config_t;

/* Defaults and environment. A bad environment value, or a file of a secret that cannot
 * be read: NULL, error names the variable. */
config_t *config_new (char error[160]);
void config_destroy (config_t **self_p);

/* As a line of the file says it: by the variable's name, or X_FILE for a secret X.
 * Whatever environment and flags said, or will say, stays. -1 with error for a name that
 * is none of ours (the nearest is told), or a bad value. */
int config_offer (config_t *self, const char *name, const char *value, char error[160]);

/* By flag name; -1 with error for an unknown flag or a bad value. */
int config_set (config_t *self, const char *flag, const char *value, char error[160]);

const char *config_text (const config_t *self, config_key_t key);
int64_t config_integer (const config_t *self, config_key_t key);
/* "default", "config" (the file of settings), "environment", "flag"; "file" when the value
 * stands in a file of its own. */
const char *config_origin (const config_t *self, config_key_t key);
const config_item_t *config_item (config_key_t key);

/* The setting that the variable, X or for a secret X_FILE, says; CONFIG_COUNT: none. */
config_key_t config_find (const char *variable);

#endif
