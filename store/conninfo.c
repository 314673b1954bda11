/* SPDX-License-Identifier: Apache-2.0 */
#include "store/conninfo.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

#define PARAM_LIMIT 64 /* libpq knows some 45 keywords */
#define SCHEMA_HEAD "schema='"

struct conninfo {
    char *keys[PARAM_LIMIT + 1];   /* owned, as the values; both end in NULL */
    char *values[PARAM_LIMIT + 1]; /* of the keys */
    size_t count;                  /* of either */
    char *schema;                  /* or NULL */
};

/* A dead or replaced server is noticed in seconds, not in TCP's quarter of an hour. */
static const char *const s_defaults[][2] = {
    {"connect_timeout", "3"},
    {"tcp_user_timeout", "5000"},
    {"keepalives", "1"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "3"},
    {"target_session_attrs", "read-write"},
    {"fallback_application_name", "sasrec"},
};
#define DEFAULT_COUNT (sizeof s_defaults / sizeof s_defaults[0])

static char *
s_copy (const char *text)
{
    char *copy = strdup (text);
    assert (copy);
    return copy;
}

static size_t
s_find (const conninfo_t *self, const char *keyword)
{
    size_t at = 0;
    while (at < self->count && strcmp (self->keys[at], keyword) != 0)
        at++;
    return at;
}

void
conninfo_set (conninfo_t *self, const char *keyword, const char *value)
{
    size_t at = s_find (self, keyword);
    if (at == self->count) {
        assert (self->count < PARAM_LIMIT);
        self->keys[self->count++] = s_copy (keyword);
    }
    free (self->values[at]);
    self->values[at] = s_copy (value);
}

const char *
conninfo_get (const conninfo_t *self, const char *keyword)
{
    return self->values[s_find (self, keyword)];
}

const char *
conninfo_schema (const conninfo_t *self)
{
    return self->schema;
}

PGconn *
conninfo_connect (const conninfo_t *self)
{
    return PQconnectdbParams (
        (const char *const *)self->keys, (const char *const *)self->values, 0);
}

PGconn *
conninfo_start (const conninfo_t *self, const conninfo_hosts_t *hosts)
{
    const char *keys[PARAM_LIMIT + 4] = {0};
    const char *values[PARAM_LIMIT + 4] = {0};
    for (size_t i = 0; i < self->count; i++) {
        keys[i] = self->keys[i];
        values[i] = self->values[i];
    }
    if (hosts) { /* of a keyword that comes twice the last one counts */
        const char *const more[][2] = {{"host", hosts->host},
            {"hostaddr", hosts->hostaddr}, {"port", hosts->port}};
        for (size_t i = 0; i < 3; i++) {
            keys[self->count + i] = more[i][0];
            values[self->count + i] = more[i][1];
        }
    }
    return PQconnectStartParams (keys, values, 0);
}

PGPing
conninfo_ping (const conninfo_t *self)
{
    return PQpingParams (
        (const char *const *)self->keys, (const char *const *)self->values, 0);
}

void
conninfo_destroy (conninfo_t **self_p)
{
    conninfo_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        free (self->keys[i]);
        free (self->values[i]);
    }
    free (self->schema);
    free (self);
    *self_p = NULL;
}

/* Takes schema='NAME' and a blank off the head; a quote or a backslash in the name is
 * escaped as libpq's are. Returns what follows. */
static const char *
s_take_schema (conninfo_t *self, const char *text)
{
    if (strncmp (text, SCHEMA_HEAD, strlen (SCHEMA_HEAD)) != 0)
        return text;
    strbuf_t name = STRBUF_EMPTY;
    for (text += strlen (SCHEMA_HEAD); *text && *text != '\''; text++) {
        if (*text == '\\' && text[1])
            text++;
        strbuf_add_bytes (&name, text, 1);
    }
    self->schema = strbuf_take (&name);
    text += *text == '\'';
    return text + strspn (text, " ");
}

/* A URL with an "@" beyond the one that ends the user's part: libpq would take half of
 * the password for the host or the database, and say so wherever it fails. */
static bool
s_is_ambiguous (const char *text)
{
    const char *rest = strstr (text, "://");
    if (!rest)
        return false;
    rest += 3;
    const char *at = strpbrk (rest, "@/");
    if (at && *at == '@')
        rest = at + 1;
    at = strpbrk (rest, "@?");
    return at && *at == '@';
}

/* A password with a slash ends up there, too. Of several hosts there is a list. */
static bool
s_has_ports (const conninfo_t *self)
{
    const char *port = conninfo_get (self, "port");
    return !port || strspn (port, "0123456789,") == strlen (port);
}

static bool
s_add_all (conninfo_t *self, const char *text)
{
    PQconninfoOption *options =
        s_is_ambiguous (text) ? NULL : PQconninfoParse (text, NULL);
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        if (option->val)
            conninfo_set (self, option->keyword, option->val);
    PQconninfoFree (options);
    return options != NULL && s_has_ports (self);
}

conninfo_t *
conninfo_parse (const char *text, char error[160])
{
    conninfo_t *self = calloc (1, sizeof *self);
    assert (self);
    if (!s_add_all (self, s_take_schema (self, text))) {
        snprintf (error, 160,
            "not a connection string that libpq can read; in a URL, @ : / ? # %% and "
            "blanks of a password are written as %%40 %%3A %%2F %%3F %%23 %%25 %%20");
        conninfo_destroy (&self);
        return NULL;
    }
    for (size_t i = 0; i < DEFAULT_COUNT; i++)
        if (!conninfo_get (self, s_defaults[i][0]))
            conninfo_set (self, s_defaults[i][0], s_defaults[i][1]);
    return self;
}

static void
s_add_quoted (strbuf_t *out, const char *keyword, const char *value)
{
    strbuf_addf (out, "%s='", keyword);
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            strbuf_add (out, "\\");
        strbuf_add_bytes (out, value, 1);
    }
    strbuf_add (out, "' ");
}

static void
s_add_five (strbuf_t *out, const config_t *config)
{
    s_add_quoted (out, "host", config_text (config, CONFIG_PGHOST));
    s_add_quoted (out, "port", config_text (config, CONFIG_PGPORT));
    s_add_quoted (out, "user", config_text (config, CONFIG_PGUSER));
    s_add_quoted (out, "dbname", config_text (config, CONFIG_PGDATABASE));
    if (*config_text (config, CONFIG_PGPASSWORD)) /* else libpq looks into PGPASSFILE */
        s_add_quoted (out, "password", config_text (config, CONFIG_PGPASSWORD));
}

static bool
s_came_by_flag (const config_t *config, config_key_t key)
{
    return strcmp (config_origin (config, key), "flag") == 0;
}

/* A list of processes shows arguments to all who are on the machine. */
static int
s_check (const config_t *config, const char *conninfo, char error[160])
{
    char reason[160];
    conninfo_t *parsed = conninfo_parse (conninfo, reason);
    int rc = parsed ? 0 : -1;
    if (!parsed) {
        snprintf (error, 160, "POSTGRES_URL is %.140s", reason);
    } else if (s_came_by_flag (config, CONFIG_POSTGRES_URL) &&
               conninfo_get (parsed, "password")) {
        snprintf (error, 160,
            "--postgres-url must not hold the password, which everybody could read: "
            "use POSTGRES_URL, POSTGRES_URL_FILE or PGPASSFILE");
        rc = -1;
    }
    conninfo_destroy (&parsed);
    return rc;
}

char *
conninfo_of_config (const config_t *config, char error[160])
{
    strbuf_t out = STRBUF_EMPTY;
    const char *schema = config_text (config, CONFIG_SCHEMA);
    const char *url = config_text (config, CONFIG_POSTGRES_URL);
    if (*schema)
        s_add_quoted (&out, "schema", schema);
    if (*url)
        strbuf_add (&out, url);
    else
        s_add_five (&out, config);
    char *conninfo = strbuf_take (&out);
    if (s_check (config, conninfo, error)) {
        free (conninfo);
        conninfo = NULL;
    }
    return conninfo;
}

char *
conninfo_label (const char *conninfo)
{
    char error[160];
    strbuf_t out = STRBUF_EMPTY;
    conninfo_t *self = conninfo_parse (conninfo, error);
    const char *name = self ? conninfo_get (self, "dbname") : NULL;
    const char *host = self ? conninfo_get (self, "host") : NULL;
    const char *port = self ? conninfo_get (self, "port") : NULL;
    if (!host && self)
        host = conninfo_get (self, "hostaddr");
    if (name)
        strbuf_addf (&out, "database \"%s\"", name);
    else
        strbuf_add (&out, "the default database");
    if (host)
        strbuf_addf (&out, " at %s%s%s", host, port ? ":" : "", port ? port : "");
    conninfo_destroy (&self);
    return strbuf_take (&out);
}
