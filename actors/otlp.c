/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/otlp.h"

#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MS 2000
#define WAIT_MS    1000 /* libcurl has its own deadlines; this is in case it has none */

struct otlp {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    char *host; /* libcurl's; a URL may hold a password */
};

static void
s_add_header (otlp_t *self, const char *line)
{
    struct curl_slist *more = curl_slist_append (self->headers, line);
    assert (more);
    self->headers = more;
}

static bool
s_is_text (const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 32 || *text == 127)
            return false;
    return true;
}

/* "name=value", blanks around them are nothing. */
static bool
s_add_pair (otlp_t *self, char *pair)
{
    pair += strspn (pair, " \t");
    char *equals = strchr (pair, '=');
    if (!equals || equals == pair)
        return false;
    *equals = '\0';
    int length = 0;
    char *value = curl_easy_unescape (self->easy, equals + 1, 0, &length);
    size_t name_length = strcspn (pair, " \t:");
    bool good = value && strlen (value) == (size_t)length && s_is_text (value) &&
                s_is_text (pair) &&
                pair[name_length + strspn (pair + name_length, " \t")] == '\0';
    strbuf_t line = STRBUF_EMPTY;
    if (good) {
        strbuf_addf (&line, "%.*s: %s", (int)name_length, pair, value);
        s_add_header (self, line.data);
    }
    strbuf_free (&line);
    curl_free (value);
    return good;
}

static bool
s_add_pairs (otlp_t *self, const char *headers)
{
    char *copy = strdup (headers), *rest = copy, *pair;
    assert (copy);
    bool good = true;
    while (good && *copy && (pair = strsep (&rest, ",")))
        good = s_add_pair (self, pair);
    free (copy);
    return good;
}

/* What comes back is not read. */
static size_t
s_discard (char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes, (void)context;
    return size * count;
}

static bool
s_set_url (otlp_t *self, const char *endpoint)
{
    strbuf_t url = STRBUF_EMPTY;
    size_t length = strlen (endpoint);
    while (length > 0 && endpoint[length - 1] == '/')
        length--;
    strbuf_addf (&url, "%.*s/v1/traces", (int)length, endpoint);
    CURLU *parts = curl_url ();
    bool good = (strncasecmp (endpoint, "http://", 7) == 0 ||
                    strncasecmp (endpoint, "https://", 8) == 0) &&
                curl_url_set (parts, CURLUPART_URL, url.data, 0) == CURLUE_OK &&
                curl_url_get (parts, CURLUPART_HOST, &self->host, 0) == CURLUE_OK &&
                curl_easy_setopt (self->easy, CURLOPT_URL, url.data) == CURLE_OK;
    curl_url_cleanup (parts);
    strbuf_free (&url);
    return good;
}

/* QUICK_EXIT: else the end of a transfer waits for a name server that does not answer. */
static void
s_set_options (otlp_t *self)
{
    curl_easy_setopt (self->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (self->easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt (self->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt (self->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (self->easy, CURLOPT_USERAGENT, "sasrec/" SASREC_VERSION);
    curl_easy_setopt (self->easy, CURLOPT_WRITEFUNCTION, s_discard);
    curl_easy_setopt (self->easy, CURLOPT_HTTPHEADER, self->headers);
}

otlp_t *
otlp_new (const char *endpoint, const char *headers, char error[160])
{
    otlp_t *self = calloc (1, sizeof *self);
    assert (self);
    self->easy = curl_easy_init ();
    self->multi = curl_multi_init ();
    assert (self->easy && self->multi);
    s_add_header (self, "Content-Type: application/json");
    s_add_header (self, "Expect:"); /* no round trip before the body */
    bool named = s_set_url (self, endpoint);
    if (named && s_add_pairs (self, headers)) {
        s_set_options (self);
        return self;
    }
    if (named)
        snprintf (error, 160,
            "OTEL_EXPORTER_OTLP_HEADERS must be like name=value,name=value");
    else
        snprintf (error, 160,
            "OTEL_EXPORTER_OTLP_ENDPOINT must be a URL like http://host:4318");
    otlp_destroy (&self);
    return NULL;
}

void
otlp_destroy (otlp_t **self_p)
{
    otlp_t *self = *self_p;
    if (!self)
        return;
    curl_easy_cleanup (self->easy);
    curl_multi_cleanup (self->multi);
    curl_slist_free_all (self->headers);
    curl_free (self->host);
    free (self);
    *self_p = NULL;
}

const char *
otlp_host (const otlp_t *self)
{
    return self->host;
}

/* The pipe is looked at before each wait, as the edge-triggered file of a socket wants. */
static bool
s_has_command (zsock_t *pipe)
{
    return pipe && zsock_events (pipe) & ZMQ_POLLIN;
}

/* False: there is a command. */
static bool
s_run (otlp_t *self, zsock_t *pipe)
{
    struct curl_waitfd wake = {.events = CURL_WAIT_POLLIN};
    int running = 0;
    if (pipe)
        wake.fd = zsock_fd (pipe);
    curl_multi_perform (self->multi, &running);
    while (running > 0) {
        if (s_has_command (pipe))
            return false;
        curl_multi_poll (self->multi, &wake, pipe ? 1 : 0, WAIT_MS, NULL);
        curl_multi_perform (self->multi, &running);
    }
    return true;
}

/* By the specification of OTLP: what may be tried again. */
static otlp_outcome_t
s_outcome_of_status (long status)
{
    if (status >= 200 && status < 300)
        return OTLP_TAKEN;
    bool later = status == 429 || status == 502 || status == 503 || status == 504;
    return later ? OTLP_LATER : OTLP_REFUSED;
}

static otlp_outcome_t
s_outcome (otlp_t *self, char reason[160])
{
    int left;
    long status = 0;
    const CURLMsg *message = curl_multi_info_read (self->multi, &left);
    if (!message || message->data.result != CURLE_OK) {
        snprintf (reason, 160, "%s",
            message ? curl_easy_strerror (message->data.result) : "no answer");
        return OTLP_LATER;
    }
    curl_easy_getinfo (self->easy, CURLINFO_RESPONSE_CODE, &status);
    snprintf (reason, 160, "it answered %ld", status);
    return s_outcome_of_status (status);
}

otlp_outcome_t
otlp_post (otlp_t *self, const strbuf_t *json, long timeout_ms, zsock_t *pipe,
    char reason[160])
{
    curl_easy_setopt (self->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt (
        self->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)json->length);
    curl_easy_setopt (self->easy, CURLOPT_POSTFIELDS, json->data); /* borrowed */
    curl_multi_add_handle (self->multi, self->easy);
    bool ended = s_run (self, pipe);
    otlp_outcome_t outcome = ended ? s_outcome (self, reason) : OTLP_INTERRUPTED;
    curl_multi_remove_handle (self->multi, self->easy);
    return outcome;
}
