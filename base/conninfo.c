/* Configuration, the two functions about PostgreSQL's address.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"
#include "base/strbuf.h"

#include <assert.h>
#include <string.h>

/* A dead or replaced server is noticed in seconds, not in TCP's quarter of an hour. The
 * user's own words in POSTGRES_URL come later, and libpq lets the last one win. */
static const char *const s_extra[][2] = {
    {"connect_timeout", "3"},
    {"tcp_user_timeout", "5000"},
    {"keepalives", "1"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "3"},
    {"target_session_attrs", "read-write"},
    {"fallback_application_name", "sasrec"},
};
#define EXTRA_COUNT (sizeof s_extra / sizeof s_extra[0])

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
s_add_extra_quoted (strbuf_t *out)
{
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        s_add_quoted (out, s_extra[i][0], s_extra[i][1]);
}

/* What follows "postgresql://", NULL when url is none. */
static const char *
s_after_scheme (const char *url)
{
    if (strncmp (url, "postgresql://", 13) == 0)
        return url + 13;
    return strncmp (url, "postgres://", 11) == 0 ? url + 11 : NULL;
}

/* What follows "user:password@", or rest itself. */
static const char *
s_after_user (const char *rest)
{
    const char *at = strpbrk (rest, "@/");
    return at && *at == '@' ? at + 1 : rest;
}

static void
s_add_url (strbuf_t *out, const char *url)
{
    const char *rest = s_after_scheme (url);
    if (!rest) { /* keywords and values */
        s_add_extra_quoted (out);
        strbuf_add (out, url);
        return;
    }
    const char *query = strchrnul (s_after_user (rest), '?');
    strbuf_add_bytes (out, url, (size_t)(query - url));
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        strbuf_addf (out, "%s%s=%s", i == 0 ? "?" : "&", s_extra[i][0], s_extra[i][1]);
    if (query[0] && query[1])
        strbuf_addf (out, "&%s", query + 1);
}

char *
config_conninfo (const config_t *self)
{
    assert (self);
    strbuf_t out = STRBUF_EMPTY;
    const char *url = config_text (self, CONFIG_POSTGRES_URL);
    if (*url) {
        s_add_url (&out, url);
        return strbuf_take (&out);
    }
    s_add_extra_quoted (&out);
    s_add_quoted (&out, "host", config_text (self, CONFIG_PGHOST));
    s_add_quoted (&out, "port", config_text (self, CONFIG_PGPORT));
    s_add_quoted (&out, "user", config_text (self, CONFIG_PGUSER));
    s_add_quoted (&out, "dbname", config_text (self, CONFIG_PGDATABASE));
    if (*config_text (self, CONFIG_PGPASSWORD)) /* else libpq looks into ~/.pgpass */
        s_add_quoted (&out, "password", config_text (self, CONFIG_PGPASSWORD));
    return strbuf_take (&out);
}

static void
s_add_url_label (strbuf_t *out, const char *url)
{
    const char *rest = s_after_scheme (url);
    const char *host = rest ? s_after_user (rest) : NULL;
    /* Another '@' may mean a password that was not escaped: show nothing of it. */
    if (!host || strchr (host, '@')) {
        strbuf_add (out, "the database of POSTGRES_URL");
        return;
    }
    const char *slash = strpbrk (host, "/?");
    int host_length = slash ? (int)(slash - host) : (int)strlen (host);
    const char *name = slash && *slash == '/' ? slash + 1 : "";
    strbuf_addf (out, "database \"%.*s\" at %.*s", (int)strcspn (name, "?"), name,
        host_length, host);
}

char *
config_database_label (const config_t *self)
{
    assert (self);
    strbuf_t out = STRBUF_EMPTY;
    const char *url = config_text (self, CONFIG_POSTGRES_URL);
    if (*url)
        s_add_url_label (&out, url);
    else
        strbuf_addf (&out, "database \"%s\" at %s:%s",
            config_text (self, CONFIG_PGDATABASE), config_text (self, CONFIG_PGHOST),
            config_text (self, CONFIG_PGPORT));
    return strbuf_take (&out);
}
