/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/http_get.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

#define LIMIT ((size_t)4 << 20)

/* Less than count: libcurl ends the transfer. */
static size_t
s_take (char *bytes, size_t size, size_t count, void *context)
{
    strbuf_t *body = context;
    size_t length = size * count;
    if (body->length + length > LIMIT)
        return 0;
    strbuf_add_bytes (body, bytes, length);
    return length;
}

/* An IPv6 address stands in brackets. */
static char *
s_url (const char *host, int64_t port, const char *path)
{
    bool bare = strchr (host, ':') != NULL;
    strbuf_t url = STRBUF_EMPTY;
    strbuf_addf (&url, "http://%s%s%s:%lld%s", bare ? "[" : "", host, bare ? "]" : "",
        (long long)port, path);
    return strbuf_take (&url);
}

/* No proxy: it is asked for on this machine, or the network that it is in. */
static void
s_set_options (CURL *easy, const char *url, int64_t timeout_ms, strbuf_t *body)
{
    curl_easy_setopt (easy, CURLOPT_URL, url);
    curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt (easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt (easy, CURLOPT_USERAGENT, "sasrec/" SASREC_VERSION);
    curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, s_take);
    curl_easy_setopt (easy, CURLOPT_WRITEDATA, body);
}

/* In the words of the system where it said so. */
static const char *
s_reason (CURL *easy, CURLcode code)
{
    long number = 0;
    if (code == CURLE_OPERATION_TIMEDOUT)
        return "no answer in time";
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_GOT_NOTHING ||
        code == CURLE_WEIRD_SERVER_REPLY)
        return "the answer is not HTTP";
    if (code == CURLE_WRITE_ERROR)
        return "the answer is too long";
    curl_easy_getinfo (easy, CURLINFO_OS_ERRNO, &number);
    return code == CURLE_COULDNT_CONNECT && number ? strerror ((int)number)
                                                   : curl_easy_strerror (code);
}

int
http_get (const char *host, int64_t port, const char *path, int64_t timeout_ms,
    char **body_p, char error[160])
{
    long status = -1;
    strbuf_t body = STRBUF_EMPTY;
    char *url = s_url (host, port, path);
    CURL *easy = curl_easy_init ();
    struct curl_slist *headers = curl_slist_append (NULL, "Host: localhost");
    assert (easy && headers);
    s_set_options (easy, url, timeout_ms, &body);
    curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform (easy);
    if (code == CURLE_OK)
        curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
    else
        snprintf (error, 160, "%.60s, port %lld: %.60s", host, (long long)port,
            s_reason (easy, code));
    *body_p = code == CURLE_OK ? strbuf_take (&body) : NULL;
    strbuf_free (&body);
    curl_slist_free_all (headers);
    curl_easy_cleanup (easy);
    free (url);
    return (int)status;
}
