/* For tests of actors: start one, speak to it, wait with a limit.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_ACTORS_H
#define SASREC_TESTS_ACTORS_H

#include <czmq.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/actor/control.h"
#include "proto/request.h"
#include "proto/result.h"

#define LIMIT_MS 60000 /* what must happen happens before */

static inline zactor_t *
actor_start (zactor_fn *run, void *args)
{
    char error[CONTROL_ERROR_SIZE] = "";
    zactor_t *actor = zactor_new (run, args);
    assert_non_null (actor);
    int rc = control_ask (actor, "START", LIMIT_MS, error);
    assert_string_equal (error, "");
    assert_int_equal (rc, 0);
    return actor;
}

static inline void
actor_ask (zactor_t *actor, const char *word)
{
    char error[CONTROL_ERROR_SIZE] = "";
    assert_int_equal (control_ask (actor, word, LIMIT_MS, error), 0);
}

/* An unknown word gets a reply, which is not OK. */
static inline void
actor_refuses_unknown (zactor_t *actor)
{
    char error[CONTROL_ERROR_SIZE] = "";
    assert_int_equal (control_ask (actor, "DANCE", LIMIT_MS, error), -1);
    assert_string_equal (error, "unknown command");
}

/* True when something waits in the socket before the limit. */
static inline bool
arrives (zsock_t *socket, int limit_ms)
{
    zmq_pollitem_t item = {zsock_resolve (socket), 0, ZMQ_POLLIN, 0};
    return zmq_poll (&item, 1, limit_ms) > 0;
}

static inline ticket_status_t
ticket_outcome (ticket_t *ticket)
{
    return ticket_wait (ticket, clock_monotonic_ms () + LIMIT_MS, 0);
}

static inline request_t *
request_sample (const char *request_id, bool job)
{
    request_t *request = request_new ();
    snprintf (request->request_id, sizeof request->request_id, "%s", request_id);
    request->history = calloc (2, sizeof *request->history);
    request->history[0] = 10;
    request->history[1] = 20;
    request->history_count = 2;
    request->k = 3;
    request->job = job;
    return request;
}

static inline result_t *
result_sample (const char *request_id, bool job)
{
    result_t *result = result_new ();
    snprintf (result->request_id, sizeof result->request_id, "%s", request_id);
    snprintf (result->user_id, sizeof result->user_id, "user_1");
    snprintf (result->model_version, sizeof result->model_version, "v1");
    result->item_ids = calloc (1, sizeof *result->item_ids);
    result->scores = calloc (1, sizeof *result->scores);
    result->item_ids[0] = 7;
    result->scores[0] = 1.5f;
    result->count = 1;
    result->history_used = 2;
    result->job = job;
    return result;
}

#endif
