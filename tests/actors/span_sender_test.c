/* Tests of the span_sender actor. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/actors.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "actors/span_sender.h"
#include "base/metrics.h"
#include "tests/actors/free_port.h"

#define SPAN_LIMIT 16
#define SOON_MS    1500 /* a stop takes less: the flush, and then some */

/* A receiver: answers each POST with the next of its statuses, the last one for ever.
 * 0: never. */
typedef struct {
    int port;
    int listener;
    const int *statuses;
    pthread_t thread;
    atomic_int posts;
    char last[65536]; /* head and body of the last one */
} receiver_t;

/* One POST as a text; false: the connection is gone. */
static bool
s_read_post (int handle, char *text, size_t size)
{
    size_t length = 0, wanted = size;
    while (length < wanted) {
        ssize_t got = recv (handle, text + length, size - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        text[length] = '\0';
        const char *end = strstr (text, "\r\n\r\n");
        const char *field = strcasestr (text, "\r\nContent-Length:");
        if (end && field)
            wanted = (size_t)(end + 4 - text) + strtoul (field + 17, NULL, 10);
    }
    return true;
}

static void
s_answer_all (receiver_t *self, int handle)
{
    char answer[80];
    while (s_read_post (handle, self->last, sizeof self->last)) {
        int status = *self->statuses;
        if (self->statuses[1])
            self->statuses++;
        if (status > 0) {
            snprintf (answer, sizeof answer,
                "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", status);
            send (handle, answer, strlen (answer), MSG_NOSIGNAL);
        }
        atomic_fetch_add (&self->posts, 1);
    }
}

static void *
s_receive (void *context)
{
    receiver_t *self = context;
    int handle;
    while ((handle = accept (self->listener, NULL, NULL)) >= 0) {
        s_answer_all (self, handle);
        close (handle);
    }
    return NULL;
}

static void
s_open (receiver_t *self, const int *statuses)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    memset (self, 0, sizeof *self);
    self->port = free_port ();
    self->statuses = statuses;
    address.sin_port = htons ((uint16_t)self->port);
    self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (
        bind (self->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal (listen (self->listener, 4), 0);
    pthread_create (&self->thread, NULL, s_receive, self);
}

/* After its client is gone. */
static void
s_close (receiver_t *self)
{
    shutdown (self->listener, SHUT_RDWR);
    pthread_join (self->thread, NULL);
    close (self->listener);
}

typedef struct {
    char endpoint[64];
    span_sender_args_t args;
    zactor_t *actor;
} world_t;

static void
s_start (world_t *self, int port)
{
    char error[160];
    sampler_t sampler;
    assert_int_equal (sampler_read (&sampler, "always_on", "", error), 0);
    snprintf (self->endpoint, sizeof self->endpoint, "http://127.0.0.1:%d/", port);
    self->args = (span_sender_args_t){.spans = spans_new (&sampler, SPAN_LIMIT),
        .endpoint = self->endpoint,
        .headers = "x-key=a%20b, other = c",
        .service = "shop",
        .role = "all"};
    self->actor = actor_start (span_sender_actor, &self->args);
}

/* Returns how long it took. */
static int64_t
s_stop (world_t *self)
{
    int64_t start_ms = clock_monotonic_ms ();
    zactor_destroy (&self->actor);
    int64_t took_ms = clock_monotonic_ms () - start_ms;
    spans_destroy (&self->args.spans);
    return took_ms;
}

static void
s_push (world_t *self, int count)
{
    trace_t trace;
    trace_make (&trace);
    for (int i = 0; i < count; i++) {
        span_t span = span_of (&trace, "work", SPAN_INTERNAL, 1, 2);
        spans_push (self->args.spans, &span);
    }
}

static double
s_counted (const char *name)
{
    return metric_value (metrics_counter (name, "", ""));
}

static void
s_wait_counted (const char *name, double value)
{
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    while (s_counted (name) < value && clock_monotonic_ms () < deadline_ms)
        zclock_sleep (5);
    assert_true (s_counted (name) == value);
}

static const char s_sent[] = "sasrec_spans_sent_total";
static const char s_dropped[] = "sasrec_spans_dropped_total";

static void
test_spans_reach_their_receiver (void **state)
{
    (void)state;
    const int statuses[] = {200, 0};
    receiver_t receiver;
    world_t world;
    s_open (&receiver, statuses);
    s_start (&world, receiver.port);
    double sent = s_counted (s_sent);
    actor_refuses_unknown (world.actor);
    s_push (&world, 3);
    s_wait_counted (s_sent, sent + 3);
    s_push (&world, 2);
    s_stop (&world); /* sends what waits */
    assert_true (s_counted (s_sent) == sent + 5);
    s_close (&receiver);
    assert_int_equal (receiver.posts, 2);
    assert_ptr_equal (
        strstr (receiver.last, "POST /v1/traces HTTP/1.1\r\n"), receiver.last);
    assert_non_null (strstr (receiver.last, "\r\nContent-Type: application/json\r\n"));
    assert_non_null (strstr (receiver.last, "\r\nx-key: a b\r\n"));
    assert_non_null (strstr (receiver.last, "\"stringValue\":\"shop\""));
}

static void
test_what_cannot_be_taken_now_is_sent_again (void **state)
{
    (void)state;
    const int statuses[] = {503, 200, 0};
    receiver_t receiver;
    world_t world;
    s_open (&receiver, statuses);
    s_start (&world, receiver.port);
    double sent = s_counted (s_sent), dropped = s_counted (s_dropped);
    s_push (&world, 2);
    s_wait_counted (s_sent, sent + 2);
    assert_true (s_counted (s_dropped) == dropped);
    s_stop (&world);
    s_close (&receiver);
    assert_int_equal (receiver.posts, 2);
}

static void
test_what_is_refused_is_let_go (void **state)
{
    (void)state;
    const int statuses[] = {400, 200, 0};
    receiver_t receiver;
    world_t world;
    s_open (&receiver, statuses);
    s_start (&world, receiver.port);
    double sent = s_counted (s_sent), dropped = s_counted (s_dropped);
    s_push (&world, 2);
    s_wait_counted (s_dropped, dropped + 2);
    s_push (&world, 1);
    s_wait_counted (s_sent, sent + 1);
    s_stop (&world);
    s_close (&receiver);
}

/* The queue fills and what is beyond is let go; a stop does not wait. */
static void
test_nobody_waits_for_a_receiver_that_is_away (void **state)
{
    (void)state;
    world_t world;
    s_start (&world, free_port ());
    double sent = s_counted (s_sent), dropped = s_counted (s_dropped);
    s_push (&world, 3 * SPAN_LIMIT);
    assert_true (s_counted (s_dropped) > dropped);
    assert_true (s_stop (&world) < SOON_MS);
    assert_true (s_counted (s_dropped) == dropped + 3 * SPAN_LIMIT);
    assert_true (s_counted (s_sent) == sent);
}

static void
test_nobody_waits_for_a_receiver_that_is_silent (void **state)
{
    (void)state;
    const int statuses[] = {0, 0};
    receiver_t receiver;
    world_t world;
    s_open (&receiver, statuses);
    s_start (&world, receiver.port);
    s_push (&world, 1);
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    while (receiver.posts == 0 && clock_monotonic_ms () < deadline_ms)
        zclock_sleep (5);
    actor_refuses_unknown (world.actor); /* a command ends the waiting */
    assert_true (s_stop (&world) < SOON_MS);
    s_close (&receiver);
}

static void
s_check_refused (const char *endpoint, const char *headers, const char *variable)
{
    char error[CONTROL_ERROR_SIZE] = "";
    span_sender_args_t args = {
        .endpoint = endpoint, .headers = headers, .service = "s", .role = "all"};
    zactor_t *actor = zactor_new (span_sender_actor, &args);
    assert_int_equal (control_ask (actor, "START", LIMIT_MS, error), -1);
    assert_non_null (strstr (error, variable));
    assert_null (strstr (error, "secret"));
    zactor_destroy (&actor);
}

static void
test_what_cannot_be_is_named (void **state)
{
    (void)state;
    s_check_refused ("localhost:4318", "", "OTEL_EXPORTER_OTLP_ENDPOINT");
    s_check_refused ("ftp://u:secret@host", "", "OTEL_EXPORTER_OTLP_ENDPOINT");
    s_check_refused ("http://host:99999", "", "OTEL_EXPORTER_OTLP_ENDPOINT");
    s_check_refused ("http://host", "secret", "OTEL_EXPORTER_OTLP_HEADERS");
    s_check_refused ("http://host", "=secret", "OTEL_EXPORTER_OTLP_HEADERS");
    s_check_refused ("http://host", "a=secret%0d%0ab", "OTEL_EXPORTER_OTLP_HEADERS");
    s_check_refused ("http://host", "a=1,b:c=secret", "OTEL_EXPORTER_OTLP_HEADERS");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_spans_reach_their_receiver),
        cmocka_unit_test (test_what_cannot_be_taken_now_is_sent_again),
        cmocka_unit_test (test_what_is_refused_is_let_go),
        cmocka_unit_test (test_nobody_waits_for_a_receiver_that_is_away),
        cmocka_unit_test (test_nobody_waits_for_a_receiver_that_is_silent),
        cmocka_unit_test (test_what_cannot_be_is_named),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
