/* The result_router actor. SPDX-License-Identifier: Apache-2.0 */
#include "actors/result_router.h"

#include <assert.h>
#include <stdlib.h>

#include "actors/endpoints.h"
#include "actors/stage.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/actor/control.h"
#include "proto/result.h"
#include "base/actor/wire.h"

typedef struct {
    const result_router_args_t *args; /* borrowed */
    zsock_t *results;
    zsock_t *write;   /* NULL: nobody writes here */
    zsock_t *answers; /* NULL: nothing is published */
    metric_t *routed; /* results seen */
    metric_t *dropped;
    metric_t *answer_seconds;
} self_t;

static self_t *
s_new (const result_router_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->routed =
        metrics_counter ("sasrec_router_results_total", "Results routed.", "");
    self->dropped = metrics_counter ("sasrec_router_dropped_total",
        "Results not passed on because the writer was full; their requests are sent "
        "again.",
        "");
    self->answer_seconds = stage_answer_seconds ();
    return self;
}

static void
s_pass_on (self_t *self, result_t **result_p)
{
    if (!self->write || result_send (result_p, self->write) == 0)
        return;
    metric_add (self->dropped, 1);
}

/* As many fit as can be out; a receipt that is lost all the same comes again when its
 * partition moves. */
static void
s_publish (self_t *self, result_t **result_p)
{
    if (result_send (result_p, self->answers) == 0)
        return;
    metric_add (self->dropped, 1);
    log_error ("result_router.unpublished",
        log_str ("request_id", (*result_p)->request_id),
        log_trace (&(*result_p)->trace));
}

static void
s_route (self_t *self, result_t *result)
{
    metric_add (self->routed, 1);
    stage_observe (self->answer_seconds, result->accepted_us, clock_monotonic_us ());
    if (result->receipt.held && self->answers) {
        s_publish (self, &result);
    } else if (result->job) {
        ended_show (self->args->ended, result);
        s_pass_on (self, &result);
    }
    result_destroy (&result);
}

static void
s_handle_results (self_t *self)
{
    result_t *result;
    while ((result = result_recv (self->results)))
        s_route (self, result);
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    if (self->results)
        s_handle_results (self);
    wire_destroy (&self->results);
    wire_destroy (&self->write);
    wire_destroy (&self->answers);
    free (self);
    *self_p = NULL;
}

static const char *
s_start (void *context)
{
    self_t *self = context;
    self->results =
        wire_pull_new (self->args->results_endpoint, ENDPOINT_RESULTS_LIMIT);
    if (self->args->write_endpoint)
        self->write = wire_push_new (self->args->write_endpoint, ENDPOINT_WRITE_LIMIT);
    if (self->args->answers_endpoint)
        self->answers =
            wire_push_new (self->args->answers_endpoint, ENDPOINT_RESULTS_LIMIT);
    return self->results ? NULL : "result_router: an endpoint of its name is taken";
}

static bool
s_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->results), 0, ZMQ_POLLIN, 0},
    };
    zmq_poll (items, 2, -1);
    if (items[1].revents)
        s_handle_results (self);
    return items[0].revents != 0;
}

void
result_router_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {s_start, s_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}
