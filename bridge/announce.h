/* Telling every process that there is a new model. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_ANNOUNCE_H
#define SASREC_BRIDGE_ANNOUNCE_H

/* Publishes {"event":"MODEL_UPDATED","timestamp","version"} on system.control and waits
 * until Kafka has it, at most timeout_ms. -1 with error: the processes notice by
 * themselves within seconds. */
int announce_model (const char *bootstrap_servers, const char *version, int timeout_ms,
    char error[160]);

#endif
