/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/http/certificate.h"

#include <assert.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define CHAIN_LIMIT  16
#define HANDSHAKE_MS 60000 /* no handshake takes as long */

typedef struct certificate {
    gnutls_pcert_st chain[CHAIN_LIMIT]; /* ours first */
    unsigned count;
    gnutls_privkey_t key;
    int64_t retired_ms; /* replaced then */
    struct certificate *older;
} certificate_t;

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static certificate_t *s_current; /* NULL: none was loaded */

static void
s_destroy (certificate_t **self_p)
{
    certificate_t *self = *self_p;
    if (!self)
        return;
    for (unsigned i = 0; i < self->count; i++)
        gnutls_pcert_deinit (&self->chain[i]);
    gnutls_privkey_deinit (self->key);
    free (self);
    *self_p = NULL;
}

/* What GnuTLS reads of the file; a key is not left in memory twice. */
static int
s_read_file (const char *path, gnutls_datum_t *data, char error[160])
{
    int rc = gnutls_load_file (path, data);
    if (rc == 0)
        return 0;
    snprintf (error, 160, "cannot read %.90s: %.40s", path, gnutls_strerror (rc));
    return -1;
}

static void
s_free (gnutls_datum_t *data)
{
    explicit_bzero (data->data, data->size);
    gnutls_free (data->data);
}

static int
s_refuse (const char *path, int rc, char error[160])
{
    snprintf (error, 160, "%.90s: %.60s", path, gnutls_strerror (rc));
    return -1;
}

static int
s_read_chain (certificate_t *self, const char *path, char error[160])
{
    gnutls_datum_t data;
    unsigned count = CHAIN_LIMIT;
    if (s_read_file (path, &data, error))
        return -1;
    int rc = gnutls_pcert_list_import_x509_raw (
        self->chain, &count, &data, GNUTLS_X509_FMT_PEM, 0);
    s_free (&data);
    if (rc < 0)
        return s_refuse (path, rc, error);
    self->count = count;
    return 0;
}

static int
s_read_key (certificate_t *self, const char *path, char error[160])
{
    gnutls_datum_t data;
    if (s_read_file (path, &data, error))
        return -1;
    int rc =
        gnutls_privkey_import_x509_raw (self->key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
    s_free (&data);
    return rc < 0 ? s_refuse (path, rc, error) : 0;
}

static bool
s_same_id (gnutls_pubkey_t a, gnutls_pubkey_t b)
{
    uint8_t ids[2][64];
    size_t sizes[2] = {sizeof ids[0], sizeof ids[1]};
    return !gnutls_pubkey_get_key_id (a, 0, ids[0], &sizes[0]) &&
           !gnutls_pubkey_get_key_id (b, 0, ids[1], &sizes[1]) &&
           sizes[0] == sizes[1] && !memcmp (ids[0], ids[1], sizes[0]);
}

static bool
s_belong_together (const certificate_t *self)
{
    gnutls_pubkey_t public;
    if (self->count == 0 || gnutls_pubkey_init (&public))
        return false;
    bool same = !gnutls_pubkey_import_privkey (public, self->key, 0, 0) &&
                s_same_id (public, self->chain[0].pubkey);
    gnutls_pubkey_deinit (public);
    return same;
}

static certificate_t *
s_read (const char *certificate, const char *key, char error[160])
{
    certificate_t *self = calloc (1, sizeof *self);
    assert (self);
    int rc = gnutls_privkey_init (&self->key);
    assert (rc == 0);
    if (s_read_chain (self, certificate, error) || s_read_key (self, key, error))
        s_destroy (&self);
    else if (!s_belong_together (self)) {
        snprintf (error, 160, "%.60s is not the key of %.60s", key, certificate);
        s_destroy (&self);
    }
    return self;
}

/* Those that no handshake can use any more. */
static void
s_forget_old (certificate_t *current, int64_t now_ms)
{
    certificate_t **place = &current->older;
    while (*place) {
        certificate_t *old = *place;
        if (now_ms - old->retired_ms < HANDSHAKE_MS) {
            place = &old->older;
            continue;
        }
        *place = old->older;
        s_destroy (&old);
    }
}

int
certificate_load (const char *certificate, const char *key, char error[160])
{
    certificate_t *fresh = s_read (certificate, key, error);
    if (!fresh)
        return -1;
    int64_t now_ms = clock_monotonic_ms ();
    pthread_mutex_lock (&s_lock);
    if (s_current)
        s_current->retired_ms = now_ms;
    fresh->older = s_current;
    s_current = fresh;
    s_forget_old (fresh, now_ms);
    pthread_mutex_unlock (&s_lock);
    return 0;
}

/* Of a handshake; what it gets is borrowed. */
static int
s_retrieve (gnutls_session_t session, const gnutls_datum_t *authorities,
    int authority_count, const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
    gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *key)
{
    (void)session, (void)authorities, (void)authority_count;
    (void)algorithms, (void)algorithm_count;
    pthread_mutex_lock (&s_lock);
    certificate_t *current = s_current;
    pthread_mutex_unlock (&s_lock);
    if (!current)
        return -1;
    *chain = current->chain;
    *count = current->count;
    *key = current->key;
    return 0;
}

void *
certificate_callback (void)
{
    gnutls_certificate_retrieve_function2 *function = s_retrieve;
    void *pointer;
    memcpy (&pointer, &function, sizeof pointer); /* ISO C has no such cast */
    return pointer;
}
