/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_file.h"
#include "base/log.h"
#include "bridge/settings.h"
#include "cli/command_line.h"
#include "cli/unknown.h"
#include "store/conninfo.h"
#include "store/migrate.h"

const config_key_t command_database_settings[] = {CONFIG_POSTGRES_URL, CONFIG_PGHOST,
    CONFIG_PGPORT, CONFIG_PGUSER, CONFIG_PGDATABASE, CONFIG_PGPASSWORD, CONFIG_SCHEMA,
    CONFIG_COUNT};

const config_key_t command_kafka_settings[] = {CONFIG_KAFKA_BOOTSTRAP_SERVERS,
    CONFIG_KAFKA_SECURITY_PROTOCOL, CONFIG_KAFKA_SASL_MECHANISM,
    CONFIG_KAFKA_SASL_USERNAME, CONFIG_KAFKA_SASL_PASSWORD,
    CONFIG_KAFKA_SSL_CA_LOCATION, CONFIG_KAFKA_SSL_CERTIFICATE_LOCATION,
    CONFIG_KAFKA_SSL_KEY_LOCATION, CONFIG_KAFKA_SSL_KEY_PASSWORD, CONFIG_KAFKA_CONFIG,
    CONFIG_COUNT};

const config_key_t command_all_settings[] = {CONFIG_POSTGRES_URL, CONFIG_PGHOST,
    CONFIG_PGPORT, CONFIG_PGUSER, CONFIG_PGDATABASE, CONFIG_PGPASSWORD, CONFIG_SCHEMA,
    CONFIG_RETENTION, CONFIG_KAFKA_BOOTSTRAP_SERVERS, CONFIG_KAFKA_SECURITY_PROTOCOL,
    CONFIG_KAFKA_SASL_MECHANISM, CONFIG_KAFKA_SASL_USERNAME, CONFIG_KAFKA_SASL_PASSWORD,
    CONFIG_KAFKA_SSL_CA_LOCATION, CONFIG_KAFKA_SSL_CERTIFICATE_LOCATION,
    CONFIG_KAFKA_SSL_KEY_LOCATION, CONFIG_KAFKA_SSL_KEY_PASSWORD, CONFIG_KAFKA_CONFIG,
    CONFIG_BIND, CONFIG_HOSTS, CONFIG_TRUSTED_PROXIES, CONFIG_HTTP_PORT, CONFIG_UI_PORT,
    CONFIG_ADMIN_PORT, CONFIG_ADMIN_BIND, CONFIG_CHECKPOINTS, CONFIG_WORKERS,
    CONFIG_BATCH_LIMIT, CONFIG_KV_CACHE_MB, CONFIG_ENCODER_PRECISION,
    CONFIG_JOB_QUEUE_LIMIT, CONFIG_SYNC_QUEUE_LIMIT, CONFIG_BACKLOG_LIMIT,
    CONFIG_DEADLINE_S, CONFIG_MAX_ATTEMPTS, CONFIG_CONNECTION_LIMIT,
    CONFIG_ADDRESS_LIMIT, CONFIG_SSE_LIMIT, CONFIG_TLS_CERT, CONFIG_TLS_KEY,
    CONFIG_OPEN, CONFIG_ADDRESS_RATE, CONFIG_AUDIT, CONFIG_LOG_LEVEL, CONFIG_LOG_FORMAT,
    CONFIG_LOG_FILE, CONFIG_OTLP_ENDPOINT, CONFIG_OTLP_HEADERS, CONFIG_OTEL_SERVICE,
    CONFIG_OTEL_SAMPLER, CONFIG_OTEL_SAMPLER_ARG, CONFIG_COUNT};

static bool
s_uses_database (const command_spec_t *spec)
{
    const config_key_t *key = spec->settings;
    while (key && *key != CONFIG_COUNT && *key != CONFIG_POSTGRES_URL)
        key++;
    return key && *key == CONFIG_POSTGRES_URL;
}

static void
s_tell (void *context, const char *problem)
{
    command_fail (context, "%s", problem);
}

/* The file need not be there unless it was asked for. One that is not for our eyes is the
 * service's: who only answers a history on the same machine does without. */
static int
s_read_settings (command_t *self)
{
    const char *path = config_text (self->config, CONFIG_FILE);
    bool chosen = strcmp (config_origin (self->config, CONFIG_FILE), "default") != 0;
    if (!self->spec->settings)
        return 0;
    if (!chosen && access (path, R_OK) == -1) {
        if (errno == EACCES && !self->quiet)
            command_fail (self, "%s is not for you to read, and not used", path);
        return 0;
    }
    return config_file_load (self->config, path, s_tell, self) == 0 ? 0 : -1;
}

/* A connection string that cannot be read is wrong usage, wherever it came from. */
static void
s_read_conninfo (command_t *self)
{
    char error[160];
    if (!s_uses_database (self->spec))
        return;
    self->conninfo = conninfo_of_config (self->config, error);
    if (self->conninfo)
        return;
    command_fail (self, "%s", error);
    exit (argp_err_exit_status);
}

command_t *
command_new (const command_spec_t *spec, void *options, int argc, char **argv)
{
    char error[160];
    config_t *config = config_new (error);
    if (!config) {
        fprintf (stderr, "%s: %s\n", spec->name, error);
        return NULL;
    }
    command_t *self = calloc (1, sizeof *self);
    assert (self);
    self->spec = spec;
    self->config = config;
    self->options = options;
    if (command_line_describe (self)) {
        command_destroy (&self);
        return NULL;
    }
    command_line_parse (self, argc, argv);
    if (s_read_settings (self) == -1) {
        command_destroy (&self);
        return NULL;
    }
    s_read_conninfo (self);
    self->unknown_variables = unknown_variables (self->quiet ? NULL : spec->name);
    const char *level = config_text (config, CONFIG_LOG_LEVEL);
    bool chosen = strcmp (config_origin (config, CONFIG_LOG_LEVEL), "default") != 0;
    log_configure (chosen ? level : "warn", config_text (config, CONFIG_LOG_FORMAT));
    return self;
}

void
command_destroy (command_t **self_p)
{
    command_t *self = *self_p;
    if (!self)
        return;
    config_destroy (&self->config);
    free (self->conninfo);
    free (self);
    *self_p = NULL;
}

int64_t
command_integer (struct argp_state *state, const char *flag, const char *text,
    int64_t low, int64_t high)
{
    char *end;
    errno = 0;
    long long value = strtoll (text, &end, 10);
    if (errno != 0 || end == text || *end || value < low || value > high)
        argp_error (state, "%s must be a whole number from %lld to %lld, not '%s'",
            flag, (long long)low, (long long)high, text);
    return value;
}

double
command_real (struct argp_state *state, const char *flag, const char *text, double low,
    double high)
{
    char *end;
    double value = strtod (text, &end);
    if (end == text || *end || !isfinite (value) || value < low || value > high)
        argp_error (state, "%s must be a number from %g to %g, not '%s'", flag, low,
            high, text);
    return value;
}

int
command_fail (const command_t *self, const char *format, ...)
{
    fprintf (stderr, "%s: ", self->spec->name);
    va_list args;
    va_start (args, format);
    vfprintf (stderr, format, args);
    va_end (args);
    fputc ('\n', stderr);
    return COMMAND_FAILED;
}

int
command_refuse_file (const command_t *self, const char *file, const char *things,
    uint64_t rows, uint64_t bad)
{
    if (bad == 0)
        command_fail (self, "%s has no %s", file, things);
    else
        command_fail (self,
            "%" PRIu64 " bad line%s of %" PRIu64 " in %s; nothing was loaded", bad,
            bad == 1 ? "" : "s", rows + bad, file);
    return COMMAND_REFUSED;
}

int
command_answer (const command_t *self, json_t **object_p)
{
    assert (*object_p);
    int status = COMMAND_DONE;
    if (json_dumpf (*object_p, stdout, JSON_COMPACT | JSON_REAL_PRECISION (9)) == -1 ||
        puts ("") == EOF || fflush (stdout) == EOF)
        status = command_fail (self, "cannot write the answer: %s", strerror (errno));
    json_decref (*object_p);
    *object_p = NULL;
    return status;
}

db_t *
command_database (const command_t *self)
{
    char *label = conninfo_label (self->conninfo);
    db_t *db = db_new (self->conninfo, self->spec->name, 0);
    db_mute (db); /* the command says it in its own words */
    if (!db_ensure (db)) {
        bool missing = strstr (db_error (db), "does not exist") != NULL;
        command_fail (self, "cannot use %s: %s%s", label, db_error (db),
            missing ? "; run 'sasrec migrate'" : "");
        db_destroy (&db);
    } else if (!migrate_current (db)) {
        command_fail (self,
            "%s lacks our tables, or is older than this program; "
            "run 'sasrec migrate'",
            label);
        db_destroy (&db);
    }
    free (label);
    return db;
}

const char *
command_kafka (const command_t *self)
{
    const char *servers = config_text (self->config, CONFIG_KAFKA_BOOTSTRAP_SERVERS);
    char error[160];
    if (!*servers)
        command_fail (self, "no Kafka is configured: set KAFKA_BOOTSTRAP_SERVERS");
    else if (settings_use (self->config, error))
        command_fail (self, "%s", error);
    else
        return servers;
    return NULL;
}
