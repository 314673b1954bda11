/* Every pipe between actors, in the order a request travels. PUSH connects, PULL binds;
 * the reader named here owns the PULL side. What is wired to what for each role stands in
 * actors/topology.c. Tests give each actor endpoints of their own.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_ENDPOINTS_H
#define SASREC_ACTORS_ENDPOINTS_H

/* clang-format off */
/* endpoint                                      message    read by             written by */
#define ENDPOINT_ACCEPT   "inproc://accept"   /* request_t  request_producer    http */
#define ENDPOINT_JOBS     "inproc://jobs"     /* request_t  inference_pool      request_producer, reconciler (bridge) */
#define ENDPOINT_ONCE     "inproc://once"     /* request_t  inference_pool      http */
#define ENDPOINT_BATCH    "inproc://batch"    /* batch_t    inference_worker N  inference_pool ("-N" appended) */
#define ENDPOINT_FREE     "inproc://free"     /* batch_t    inference_pool      inference_worker (the used batch) */
#define ENDPOINT_RESULTS  "inproc://results"  /* result_t   result_router       inference_worker (bridge) */
#define ENDPOINT_WRITE    "inproc://write"    /* result_t   db_writer           result_router (bridge) */
#define ENDPOINT_RELOAD   "inproc://reload"   /* reload_t   reload_controller   http (bridge) */
/* with Kafka */
#define ENDPOINT_PUBLISH  "inproc://publish"  /* request_t  bridge              request_producer, reconciler */
#define ENDPOINT_RETURNED "inproc://returned" /* request_t  request_producer    bridge */
#define ENDPOINT_ANSWERS  "inproc://answers"  /* result_t   bridge              inference_worker (result_router) */
#define ENDPOINT_ENDINGS  "inproc://endings"  /* ending_t   bridge              db_writer, reconciler (through actors/ended.h) */
#define ENDPOINT_ENDED    "inproc://ended"    /* ending_t   ended_watch         bridge */
#define ENDPOINT_EVENTS   "inproc://events"   /* interaction_t  interaction_writer  bridge */
#define ENDPOINT_FACTS    "inproc://facts"    /* fact_message_t  bridge           catalogue_publisher */
#define ENDPOINT_HEARD    "inproc://heard"    /* fact_message_t  catalogue_reader, catalogue_publisher  bridge */
#define ENDPOINT_SETTLE   "inproc://settle"   /* settlement bridge              db_writer, interaction_writer, inference_pool */

/* Messages that a pipe holds; both of its ends name the same figure. The job pipe takes
 * the largest burst of the request_producer while the pool looks elsewhere. */
#define ENDPOINT_ACCEPT_LIMIT  1024
#define ENDPOINT_JOBS_LIMIT    2048
#define ENDPOINT_ONCE_LIMIT    256
#define ENDPOINT_RESULTS_LIMIT 4096
#define ENDPOINT_BATCH_LIMIT   1024 /* one at a time; libzmq tells a sender late of room */
#define ENDPOINT_FREE_LIMIT    1024
#define ENDPOINT_WRITE_LIMIT   32768 /* what comes while a transaction takes a second */
#define ENDPOINT_RELOAD_LIMIT  64
#define ENDPOINT_ENDINGS_LIMIT 16384 /* some of the largest transactions */
#define ENDPOINT_FACTS_LIMIT   4096
#define ENDPOINT_SETTLE_LIMIT  16384 /* above all that can be out at once */
/* clang-format on */

#endif
