/* SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"
#include "base/strbuf.h"
#include "base/suggest.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Who may say a value; a later one wins. */
typedef enum { S_DEFAULT, S_CONFIG, S_ENVIRONMENT, S_FLAG } s_rank_t;

/* How a value was said. */
typedef struct {
    s_rank_t rank;
    bool in_file;     /* the value stands in a file that was named */
    const char *name; /* how the user called the setting, for errors */
} s_said_t;

typedef struct {
    char *text;      /* never NULL once assigned */
    int64_t integer; /* of integers */
    s_rank_t rank;
    bool in_file;
} s_value_t;

struct config {
    s_value_t values[CONFIG_COUNT];
};

#define TEXT_(flag, env, fallback, help)                                               \
    {                                                                                  \
        flag, env, fallback, help, NULL, 0, 0, CONFIG_TEXT, false                      \
    }
#define SECRET_(flag, env, help)                                                       \
    {                                                                                  \
        flag, env, "", help, NULL, 0, 0, CONFIG_TEXT, true                             \
    }
#define WORDS_(flag, env, fallback, words, help)                                       \
    {                                                                                  \
        flag, env, fallback, help, words, 0, 0, CONFIG_TEXT, false                     \
    }
#define INTEGER_(flag, env, fallback, low, high, help)                                 \
    {                                                                                  \
        flag, env, fallback, help, NULL, low, high, CONFIG_INTEGER, false              \
    }

#define FLAG_(flag, env, help)                                                         \
    {                                                                                  \
        flag, env, "no", help, NULL, 0, 1, CONFIG_FLAG, false                          \
    }

#define DURATION_(flag, env, fallback, low, high, help)                                \
    {                                                                                  \
        flag, env, fallback, help, NULL, low, high, CONFIG_DURATION, false             \
    }

static const config_item_t s_items[CONFIG_COUNT] = {
    [CONFIG_FILE] = TEXT_ ("config", "SASREC_CONFIG", "/etc/sasrec/sasrec.conf",
        "file with settings, NAME=VALUE as in the environment, which wins"),
    [CONFIG_POSTGRES_URL] = SECRET_ ("postgres-url", "POSTGRES_URL",
        "libpq connection URL; wins over the five below"),
    [CONFIG_PGHOST] =
        TEXT_ ("pghost", "PGHOST", "localhost", "PostgreSQL host or socket folder"),
    [CONFIG_PGPORT] =
        INTEGER_ ("pgport", "PGPORT", "5432", 1, 65535, "PostgreSQL port"),
    [CONFIG_PGUSER] =
        TEXT_ ("pguser", "PGUSER", "", "PostgreSQL user; else the system's user name"),
    [CONFIG_PGDATABASE] =
        TEXT_ ("pgdatabase", "PGDATABASE", "sasrec", "PostgreSQL database"),
    [CONFIG_PGPASSWORD] = SECRET_ ("pgpassword-file", "PGPASSWORD",
        "file with PostgreSQL's password; or PGPASSFILE, as for psql"),
    [CONFIG_SCHEMA] = TEXT_ ("schema", "SASREC_SCHEMA", "",
        "schema of our tables; else the first of the role's search_path"),
    [CONFIG_RETENTION] = DURATION_ ("retention", "SASREC_RETENTION", "0", 0, 3155760000,
        "how long finished requests are kept, as 30d, 12h or 90m; 0 = for ever"),
    [CONFIG_KAFKA_BOOTSTRAP_SERVERS] = TEXT_ ("kafka-bootstrap-servers",
        "KAFKA_BOOTSTRAP_SERVERS", "", "host:port,... of Kafka; empty = without Kafka"),
    [CONFIG_KAFKA_SECURITY_PROTOCOL] = TEXT_ ("kafka-security-protocol",
        "KAFKA_SECURITY_PROTOCOL", "", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
    [CONFIG_KAFKA_SASL_MECHANISM] = TEXT_ ("kafka-sasl-mechanism",
        "KAFKA_SASL_MECHANISM", "", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, ..."),
    [CONFIG_KAFKA_SASL_USERNAME] = TEXT_ (
        "kafka-sasl-username", "KAFKA_SASL_USERNAME", "", "who we are for Kafka"),
    [CONFIG_KAFKA_SASL_PASSWORD] = SECRET_ ("kafka-sasl-password-file",
        "KAFKA_SASL_PASSWORD", "file with the password for Kafka"),
    [CONFIG_KAFKA_SSL_CA_LOCATION] = TEXT_ ("kafka-ssl-ca-location",
        "KAFKA_SSL_CA_LOCATION", "", "file of the CAs that Kafka's certificate is of"),
    [CONFIG_KAFKA_SSL_CERTIFICATE_LOCATION] = TEXT_ ("kafka-ssl-certificate-location",
        "KAFKA_SSL_CERTIFICATE_LOCATION", "", "file of our certificate (PEM)"),
    [CONFIG_KAFKA_SSL_KEY_LOCATION] = TEXT_ ("kafka-ssl-key-location",
        "KAFKA_SSL_KEY_LOCATION", "", "file of its private key (PEM)"),
    [CONFIG_KAFKA_SSL_KEY_PASSWORD] = SECRET_ ("kafka-ssl-key-password-file",
        "KAFKA_SSL_KEY_PASSWORD", "file with the key's password"),
    [CONFIG_KAFKA_CONFIG] = SECRET_ ("kafka-config-file", "SASREC_KAFKA_CONFIG",
        "file with a line of librdkafka settings: name=value;name=value"),
    [CONFIG_BIND] = TEXT_ (
        "bind", "SASREC_BIND", "127.0.0.1", "address to listen on; 0.0.0.0 = all"),
    [CONFIG_HOSTS] = TEXT_ ("hosts", "SASREC_HOSTS", "",
        "names the service is called by beside localhost: "
        "rec.example.com,.example.com"),
    [CONFIG_TRUSTED_PROXIES] = TEXT_ ("trusted-proxies", "SASREC_TRUSTED_PROXIES", "",
        "networks whose X-Forwarded-* are believed: 127.0.0.1,10.0.0.0/8"),
    [CONFIG_HTTP_PORT] =
        INTEGER_ ("http-port", "SASREC_HTTP_PORT", "8000", 1, 65535, "port of the API"),
    [CONFIG_UI_PORT] = INTEGER_ (
        "ui-port", "SASREC_UI_PORT", "8501", 0, 65535, "port of the page; 0 = none"),
    [CONFIG_ADMIN_PORT] = INTEGER_ ("admin-port", "SASREC_ADMIN_PORT", "8004", 0, 65535,
        "port of the probes and metrics; 0 = none; worker 8001, db-writer 8002"),
    [CONFIG_ADMIN_BIND] = TEXT_ ("admin-bind", "SASREC_ADMIN_BIND", "127.0.0.1",
        "address of the probes and metrics"),
    [CONFIG_CHECKPOINTS] = TEXT_ (
        "checkpoints", "SASREC_CHECKPOINTS", "checkpoints", "folder of the models"),
    [CONFIG_WORKERS] =
        INTEGER_ ("workers", "SASREC_WORKERS", "2", 1, 256, "inference threads"),
    [CONFIG_BATCH_LIMIT] = INTEGER_ ("batch-limit", "SASREC_BATCH_LIMIT", "64", 1, 4096,
        "most requests that one worker computes together"),
    [CONFIG_KV_CACHE_MB] = INTEGER_ ("kv-cache-mb", "SASREC_KV_CACHE_MB", "64", 0,
        1048576, "MB for histories whose users come back; 0 = nothing is kept"),
    [CONFIG_ENCODER_PRECISION] =
        WORDS_ ("encoder-precision", "SASREC_ENCODER_PRECISION", "f32", "f32|bf16",
            "how the encoder multiplies; bf16: where it is faster and exact enough"),
    [CONFIG_JOB_QUEUE_LIMIT] = INTEGER_ ("job-queue-limit", "SASREC_JOB_QUEUE_LIMIT",
        "20000", 1, 10000000, "most jobs waiting for a worker"),
    [CONFIG_SYNC_QUEUE_LIMIT] = INTEGER_ ("sync-queue-limit", "SASREC_SYNC_QUEUE_LIMIT",
        "512", 1, 1000000, "most at-once requests waiting for a worker"),
    [CONFIG_BACKLOG_LIMIT] =
        INTEGER_ ("backlog-limit", "SASREC_BACKLOG_LIMIT", "100000", 1, 100000000,
            "most accepted, unfinished jobs; beyond it POST gets 503"),
    [CONFIG_DEADLINE_S] = INTEGER_ ("deadline-s", "SASREC_DEADLINE_S", "900", 1, 604800,
        "seconds until an unfinished job expires"),
    [CONFIG_MAX_ATTEMPTS] = INTEGER_ ("max-attempts", "SASREC_MAX_ATTEMPTS", "5", 1,
        1000, "times a job is sent before it fails"),
    [CONFIG_CONNECTION_LIMIT] = INTEGER_ ("connection-limit", "SASREC_CONNECTION_LIMIT",
        "512", 1, 65535, "most HTTP connections of a listener"),
    [CONFIG_ADDRESS_LIMIT] = INTEGER_ ("address-limit", "SASREC_ADDRESS_LIMIT", "256",
        1, 65535, "most HTTP connections of one client"),
    [CONFIG_SSE_LIMIT] = INTEGER_ (
        "sse-limit", "SASREC_SSE_LIMIT", "128", 0, 65535, "most event streams"),
    [CONFIG_SSE_ADDRESS_LIMIT] = INTEGER_ ("sse-address-limit",
        "SASREC_SSE_ADDRESS_LIMIT", "64", 1, 65535, "most event streams of one client"),
    [CONFIG_SSE_LIFE_S] = INTEGER_ ("sse-life-s", "SASREC_SSE_LIFE_S", "3600", 1, 86400,
        "longest life of an event stream"),
    [CONFIG_TLS_CERT] = TEXT_ ("tls-cert", "SASREC_TLS_CERT", "",
        "file of the certificate for API and page, with its chain (PEM); empty = no "
        "TLS"),
    [CONFIG_TLS_KEY] =
        TEXT_ ("tls-key", "SASREC_TLS_KEY", "", "file of its private key (PEM)"),
    [CONFIG_OPEN] = FLAG_ (
        "open", "SASREC_OPEN", "ask nobody for a key, whoever can reach the service"),
    [CONFIG_ADDRESS_RATE] = TEXT_ ("address-rate", "SASREC_ADDRESS_RATE", "",
        "most requests of one client, as 100/s, 600/m or 1000/h; empty = any number"),
    [CONFIG_AUDIT] = WORDS_ ("audit", "SASREC_AUDIT", "changes", "changes|all|none",
        "requests by key that the log names: those that change something, or all"),
    [CONFIG_LOG_LEVEL] = WORDS_ ("log-level", "LOG_LEVEL", "info",
        "debug|info|warn|error", "least level that is logged"),
    [CONFIG_LOG_FORMAT] = WORDS_ ("log-format", "LOG_FORMAT", "auto", "auto|json|text",
        "auto = json unless stderr is a terminal"),
    [CONFIG_LOG_FILE] = TEXT_ ("log-file", "LOG_FILE", "",
        "file of the log, opened anew on SIGHUP; empty = stderr"),
    [CONFIG_OTLP_ENDPOINT] = TEXT_ ("otlp-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT", "",
        "where spans go, by OTLP over HTTP: http://localhost:4318; empty = no tracing"),
    [CONFIG_OTLP_HEADERS] = SECRET_ ("otlp-headers-file", "OTEL_EXPORTER_OTLP_HEADERS",
        "file with headers for it: name=value,name=value"),
    [CONFIG_OTEL_SERVICE] = TEXT_ ("otel-service-name", "OTEL_SERVICE_NAME", "sasrec",
        "name of the service in traces"),
    [CONFIG_OTEL_SAMPLER] =
        WORDS_ ("otel-traces-sampler", "OTEL_TRACES_SAMPLER", "parentbased_always_on",
            "always_on|always_off|traceidratio|parentbased_always_on|"
            "parentbased_always_off|parentbased_traceidratio",
            "which requests are traced; parentbased: who asks decides, if he traces"),
    [CONFIG_OTEL_SAMPLER_ARG] = TEXT_ ("otel-traces-sampler-arg",
        "OTEL_TRACES_SAMPLER_ARG", "", "share of traceidratio, from 0 to 1"),
};

static bool
s_word_allowed (const char *words, const char *text)
{
    size_t length = strlen (text);
    while (words) {
        const char *end = strchrnul (words, '|');
        if ((size_t)(end - words) == length && strncmp (words, text, length) == 0)
            return true;
        words = *end ? end + 1 : NULL;
    }
    return false;
}

static bool
s_parse_integer (const config_item_t *item, const char *text, int64_t *integer)
{
    if (!*text || strspn (text, "-0123456789") != strlen (text))
        return false;
    char *end;
    errno = 0;
    long long value = strtoll (text, &end, 10);
    if (errno != 0 || *end || value < item->low || value > item->high)
        return false;
    *integer = value;
    return true;
}

/* Seconds, or a number with its unit. */
static bool
s_parse_duration (const config_item_t *item, const char *text, int64_t *seconds)
{
    static const char units[] = "smhd";
    static const int64_t worth[] = {1, 60, 3600, 86400};
    char *end;
    errno = 0;
    long long value = strtoll (text, &end, 10);
    const char *unit = *end ? strchr (units, *end) : units;
    if (errno != 0 || end == text || *text < '0' || *text > '9' || !unit ||
        (*end && end[1]) || value > item->high / worth[unit - units])
        return false;
    *seconds = value * worth[unit - units];
    return *seconds >= item->low;
}

static bool
s_parse_flag (const char *text, int64_t *integer)
{
    static const char *const words[2][3] = {{"no", "false", "0"}, {"yes", "true", "1"}};
    for (int value = 0; value < 2; value++)
        for (size_t i = 0; i < sizeof words[value] / sizeof words[value][0]; i++)
            if (strcmp (text, words[value][i]) == 0) {
                *integer = value;
                return true;
            }
    return false;
}

/* 0, or -1 with error; *integer is the value of what is a number. */
static int
s_check (const config_item_t *item, const char *text, const char *name,
    int64_t *integer, char error[160])
{
    if (item->type == CONFIG_INTEGER && !s_parse_integer (item, text, integer))
        snprintf (error, 160,
            "%s must be an integer from %" PRId64 " to %" PRId64 ", not \"%.40s\"",
            name, item->low, item->high, text);
    else if (item->type == CONFIG_DURATION && !s_parse_duration (item, text, integer))
        snprintf (error, 160, "%s must be a time like 30d, 12h or 90m, not \"%.40s\"",
            name, text);
    else if (item->type == CONFIG_FLAG && !s_parse_flag (text, integer))
        snprintf (error, 160, "%s must be yes or no, not \"%.40s\"", name, text);
    else if (item->words && !s_word_allowed (item->words, text))
        snprintf (
            error, 160, "%s must be one of %s, not \"%.40s\"", name, item->words, text);
    else
        return 0;
    return -1;
}

/* What was said by somebody who counts more stays. */
static int
s_assign (
    config_t *self, config_key_t key, const char *text, s_said_t said, char error[160])
{
    int64_t integer = 0;
    s_value_t *value = &self->values[key];
    if (s_check (&s_items[key], text, said.name, &integer, error) == -1)
        return -1;
    if (value->text && value->rank > said.rank)
        return 0;
    char *copy = strdup (text);
    assert (copy);
    free (value->text);
    *value = (s_value_t){copy, integer, said.rank, said.in_file};
    return 0;
}

static void
s_default_user (config_t *self)
{
    char space[4096], error[160];
    struct passwd entry, *found = NULL;
    getpwuid_r (geteuid (), &entry, space, sizeof space, &found);
    if (found)
        s_assign (self, CONFIG_PGUSER, found->pw_name, (s_said_t){.name = ""}, error);
}

/* The first line of a file: a secret. */
static int
s_assign_file (
    config_t *self, config_key_t key, const char *path, s_said_t said, char error[160])
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen (path, "re");
    ssize_t length = file ? getline (&line, &size, file) : -1;
    if (length < 0)
        snprintf (error, 160, "%s: cannot read \"%.60s\": %.60s", said.name, path,
            file ? "it is empty" : strerror (errno));
    if (file)
        fclose (file);
    int rc = -1;
    if (length >= 0) {
        line[strcspn (line, "\r\n")] = 0;
        said.in_file = true;
        rc = s_assign (self, key, line, said, error);
    }
    free (line);
    return rc;
}

/* By the variable's name, which is the setting's or, for a secret, X_FILE. */
static int
s_assign_named (
    config_t *self, config_key_t key, const char *text, s_said_t said, char error[160])
{
    if (!*text)
        return 0;
    if (strcmp (said.name, s_items[key].env) == 0)
        return s_assign (self, key, text, said, error);
    return s_assign_file (self, key, text, said, error);
}

/* SASREC_X, or for a secret SASREC_X_FILE. An empty variable is as good as none. */
static int
s_assign_environment (config_t *self, config_key_t key, char error[160])
{
    const config_item_t *item = &s_items[key];
    char name[80];
    snprintf (name, sizeof name, "%s_FILE", item->env);
    const char *text = getenv (item->env);
    const char *path = item->secret ? getenv (name) : NULL;
    bool direct = text && *text;
    s_said_t said = {.rank = S_ENVIRONMENT, .name = direct ? item->env : name};
    return s_assign_named (self, key, direct ? text : path ? path : "", said, error);
}

config_t *
config_new (char error[160])
{
    assert (error);
    config_t *self = calloc (1, sizeof *self);
    assert (self);
    for (int i = 0; i < CONFIG_COUNT; i++) {
        const config_item_t *item = &s_items[i];
        int rc = s_assign (self, (config_key_t)i, item->fallback,
            (s_said_t){.name = item->flag}, error);
        assert (rc == 0); /* the table obeys its own ranges */
        if (s_assign_environment (self, (config_key_t)i, error) != 0) {
            config_destroy (&self);
            return NULL;
        }
    }
    if (!*config_text (self, CONFIG_PGUSER))
        s_default_user (self);
    return self;
}

void
config_destroy (config_t **self_p)
{
    assert (self_p);
    config_t *self = *self_p;
    if (!self)
        return;
    for (int i = 0; i < CONFIG_COUNT; i++)
        free (self->values[i].text);
    free (self);
    *self_p = NULL;
}

static bool
s_names_a_file (const config_item_t *item)
{
    const char *end = strrchr (item->flag, '-');
    return item->secret && end && strcmp (end, "-file") == 0;
}

int
config_set (config_t *self, const char *flag, const char *value, char error[160])
{
    assert (self && flag && value && error);
    for (int i = 0; i < CONFIG_COUNT; i++) {
        if (strcmp (s_items[i].flag, flag) != 0)
            continue;
        char name[40];
        snprintf (name, sizeof name, "--%s", flag);
        s_said_t said = {.rank = S_FLAG, .name = name};
        if (s_names_a_file (&s_items[i]))
            return s_assign_file (self, (config_key_t)i, value, said, error);
        return s_assign (self, (config_key_t)i, value, said, error);
    }
    snprintf (error, 160, "unknown option --%.60s", flag);
    return -1;
}

config_key_t
config_find (const char *variable)
{
    for (int i = 0; i < CONFIG_COUNT; i++) {
        size_t length = strlen (s_items[i].env);
        if (strncmp (s_items[i].env, variable, length) == 0 &&
            (!variable[length] ||
                (s_items[i].secret && strcmp (variable + length, "_FILE") == 0)))
            return (config_key_t)i;
    }
    return CONFIG_COUNT;
}

static int
s_refuse_name (const char *name, char error[160])
{
    const char *names[CONFIG_COUNT];
    for (int i = 0; i < CONFIG_COUNT; i++)
        names[i] = s_items[i].env;
    const char *meant = suggest (name, names, CONFIG_COUNT);
    if (meant)
        snprintf (error, 160, "%.60s is no setting; did you mean %s?", name, meant);
    else
        snprintf (error, 160, "%.60s is no setting; 'sasrec config' lists them", name);
    return -1;
}

int
config_offer (config_t *self, const char *name, const char *value, char error[160])
{
    assert (self && name && value && error);
    config_key_t key = config_find (name);
    if (key == CONFIG_COUNT)
        return s_refuse_name (name, error);
    if (key == CONFIG_FILE) {
        snprintf (error, 160, "%s cannot stand in the file that it names", name);
        return -1;
    }
    s_said_t said = {.rank = S_CONFIG, .name = name};
    return s_assign_named (self, key, value, said, error);
}

const char *
config_text (const config_t *self, config_key_t key)
{
    assert (self && key < CONFIG_COUNT);
    return self->values[key].text;
}

int64_t
config_integer (const config_t *self, config_key_t key)
{
    assert (self && key < CONFIG_COUNT);
    assert (s_items[key].type != CONFIG_TEXT);
    return self->values[key].integer;
}

const char *
config_origin (const config_t *self, config_key_t key)
{
    static const char *const origins[] = {[S_DEFAULT] = "default",
        [S_CONFIG] = "config",
        [S_ENVIRONMENT] = "environment",
        [S_FLAG] = "flag"};
    assert (self && key < CONFIG_COUNT);
    const s_value_t *value = &self->values[key];
    return value->in_file ? "file" : origins[value->rank];
}

const config_item_t *
config_item (config_key_t key)
{
    assert (key < CONFIG_COUNT);
    return &s_items[key];
}
