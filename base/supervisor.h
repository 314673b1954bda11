/* Telling the process that keeps us how we are: systemd's protocol for Type=notify, one
 * datagram to the socket it names. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_SUPERVISOR_H
#define SASREC_BASE_SUPERVISOR_H

/* "READY=1", "STOPPING=1", ... as in sd_notify(3). Nothing happens where nobody asked
 * ($NOTIFY_SOCKET); never waits. */
void supervisor_tell (const char *state);

/* A reload has begun; READY=1 ends it. */
void supervisor_tell_reloading (void);

#endif
