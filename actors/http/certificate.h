/* The certificate that the listeners for clients show (TLS), one for the process: from PEM
 * files, read anew on request, so that a renewed one is taken without a restart. Handshakes
 * that are under way end with the one they began with.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_HTTP_CERTIFICATE_H
#define SASREC_ACTORS_HTTP_CERTIFICATE_H

/* Reads both: the certificate with those that lead to a known one behind it, and its private
 * key. -1 with error, which names the file: the one before stays. */
int certificate_load (const char *certificate, const char *key, char error[160]);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK: a gnutls_certificate_retrieve_function2. */
void *certificate_callback (void);

/* Of the protocol: nothing that is older than TLS 1.2. */
#define CERTIFICATE_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

#endif
