/* Waiting on a non-blocking PGconn with a deadline, so that a server that hangs cannot
 * hang us. Private to store/. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_PGWAIT_H
#define SASREC_STORE_PGWAIT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/* deadline_ms on clock_monotonic_ms; this one never comes. */
#define PGWAIT_FOREVER INT64_MAX

/* For a process that stops: no wait of any connection lasts longer than until then, nor
 * 0.7 s beside a server that says nothing; also those that have begun. */
void pgwait_end_by (int64_t deadline_ms);
bool pgwait_ending (void);              /* that was said */
bool pgwait_late (int64_t deadline_ms); /* or the process's end came first */

/* Something has come from the server, or the end. Does not wait. */
bool pgwait_pending (PGconn *conn);

/* While connecting: true as soon as PQconnectPoll has something to do. */
bool pgwait_can_read (PGconn *conn, int64_t deadline_ms);
bool pgwait_can_write (PGconn *conn, int64_t deadline_ms);

/* Until everything queued is sent: 0, or -1 (lost, or too late). */
int pgwait_flush (PGconn *conn, int64_t deadline_ms);

/* Until the socket can take or give more: 0, or -1 as above. */
int pgwait_writable (PGconn *conn, int64_t deadline_ms);

/* Until more input was taken in: 0, or -1 as above. */
int pgwait_readable (PGconn *conn, int64_t deadline_ms);

/* The next result, as PQgetResult; NULL also when it did not come in time (then
 * PQisBusy is still true). */
PGresult *pgwait_result (PGconn *conn, int64_t deadline_ms);

#endif
