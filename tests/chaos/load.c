/* A load client with a ledger: keep-alive connections that POST predictions (or ask at
 * once), closed loop (each sends the next when it has its answer) or open loop (arrivals
 * at a fixed rate, evenly or as a Poisson process; latency counts from the intended time, so
 * a slow server cannot hide).
 * One thread, epoll, loopback only. Every answer is a line of the ledger:
 *
 *     <status> <request id or -> <latency us> <service us> <unix ms> <user> <k> <history>
 *
 * Status 0: the connection broke. Latency counts from when the request was due, service
 * from when it was sent; unix ms is when the answer was there; the history is item ids
 * with commas. tests/chaos/ledger_check.py compares it with what the service keeps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/strbuf.h"

#define RETRY_US     50000
#define STATUS_LIMIT 600

typedef struct {
    int fd;              /* -1: not connected */
    bool busy;           /* a request is under way */
    bool following;      /* its result is asked for */
    int64_t intended_us; /* when its request was due */
    int64_t sent_us;     /* when it was sent */
    int64_t retry_us;    /* not before this, after a broken connection */
    strbuf_t input;      /* "<user> <k> <history>" of that request */
    strbuf_t out;        /* request bytes not yet sent */
    size_t sent;         /* of those that are */
    strbuf_t in;         /* response bytes so far */
} connection_t;

typedef struct {
    int port;
    const char *path;
    size_t connections, count, history, k;
    double seconds, rate; /* 0 = by count; 0 = closed loop */
    int64_t items, first_item;
    uint64_t seed;
    const char *ledger_path;
    bool follow, poisson;
} options_t;

typedef struct {
    options_t options;
    connection_t *connections;
    int epoll;
    rng_t rng;
    FILE *ledger;           /* or NULL */
    size_t begun, answered; /* requests */
    size_t statuses[STATUS_LIMIT];
    int64_t *latencies; /* us, of answered requests with a status */
    size_t latency_count, latency_room;
    int64_t started_us;
    double due_us; /* of the next request, after the start; open loop */
} load_t;

static error_t
s_option (int key, char *arg, struct argp_state *state)
{
    options_t *self = state->input;
    switch (key) {
    case 'p':
        self->port = atoi (arg);
        break;
    case 'P':
        self->path = arg;
        break;
    case 'c':
        self->connections = strtoul (arg, NULL, 10);
        break;
    case 'n':
        self->count = strtoul (arg, NULL, 10);
        break;
    case 't':
        self->seconds = atof (arg);
        break;
    case 'r':
        self->rate = atof (arg);
        break;
    case 'h':
        self->history = strtoul (arg, NULL, 10);
        break;
    case 'i':
        self->items = atoll (arg);
        break;
    case 'f':
        self->first_item = atoll (arg);
        break;
    case 'k':
        self->k = strtoul (arg, NULL, 10);
        break;
    case 's':
        self->seed = strtoull (arg, NULL, 10);
        break;
    case 'l':
        self->ledger_path = arg;
        break;
    case 'w':
        self->follow = true;
        break;
    case 'o':
        self->poisson = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option s_options[] = {
    {"port", 'p', "PORT", 0, "API port on 127.0.0.1 (8000)", 0},
    {"path", 'P', "PATH", 0, "/predict or /recommend (/predict)", 0},
    {"connections", 'c', "N", 0, "keep-alive connections (32)", 0},
    {"count", 'n', "N", 0, "requests in all (20000)", 0},
    {"seconds", 't', "S", 0, "stop after S seconds instead", 0},
    {"rate", 'r', "R", 0, "open loop: R requests per second", 0},
    {"poisson", 'o', 0, 0, "with gaps between them as chance makes them", 0},
    {"history", 'h', "N", 0, "items in a history (20)", 0},
    {"items", 'i', "N", 0, "this many item ids (500)", 0},
    {"first-item", 'f', "ID", 0, "from this one on (1)", 0},
    {"results", 'k', "K", 0, "k of a request (10)", 0},
    {"seed", 's', "N", 0, "of the histories (1)", 0},
    {"ledger", 'l', "FILE", 0, "append a line per answer", 0},
    {"follow", 'w', 0, 0, "the answer is the result: GET /result waits for it", 0},
    {0},
};

static void
s_disconnect (load_t *self, connection_t *connection)
{
    if (connection->fd >= 0)
        close (connection->fd);
    connection->fd = -1;
    connection->retry_us = clock_monotonic_us () + RETRY_US;
    (void)self;
}

static int
s_connect (load_t *self, connection_t *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons ((uint16_t)self->options.port),
        .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int one = 1;
    connection->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert (connection->fd >= 0);
    if (connect (connection->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        s_disconnect (self, connection);
        return -1;
    }
    setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl (self->epoll, EPOLL_CTL_ADD, connection->fd, &event);
    return 0;
}

static void
s_record (load_t *self, connection_t *connection, int status, const char *request_id)
{
    int64_t now_us = clock_monotonic_us ();
    int64_t latency = now_us - connection->intended_us;
    connection->busy = false;
    self->answered++;
    self->statuses[status >= 0 && status < STATUS_LIMIT ? status : 0]++;
    if (status > 0) {
        if (self->latency_count == self->latency_room) {
            self->latency_room = self->latency_room ? 2 * self->latency_room : 65536;
            self->latencies =
                realloc (self->latencies, self->latency_room * sizeof *self->latencies);
            assert (self->latencies);
        }
        self->latencies[self->latency_count++] = latency;
    }
    if (self->ledger)
        fprintf (self->ledger, "%d %s %lld %lld %lld %s\n", status,
            request_id ? request_id : "-", (long long)latency,
            (long long)(now_us - connection->sent_us), (long long)clock_unix_ms (),
            connection->input.data);
}

static void
s_broken (load_t *self, connection_t *connection)
{
    s_disconnect (self, connection);
    if (connection->busy)
        s_record (self, connection, 0, NULL);
}

static void
s_flush (load_t *self, connection_t *connection)
{
    while (connection->sent < connection->out.length) {
        ssize_t n = send (connection->fd, connection->out.data + connection->sent,
            connection->out.length - connection->sent, MSG_NOSIGNAL);
        if (n <= 0) {
            s_broken (self, connection);
            return;
        }
        connection->sent += (size_t)n;
    }
}

/* A random user and history. */
static void
s_draw_input (load_t *self, strbuf_t *input, strbuf_t *body)
{
    const options_t *options = &self->options;
    unsigned long long user = rng_below (&self->rng, 100) + 1;
    strbuf_clear (input);
    strbuf_addf (input, "user_%llu %zu ", user, options->k);
    strbuf_addf (
        body, "{\"user_id\":\"user_%llu\",\"k\":%zu,\"history\":[", user, options->k);
    size_t start = input->length;
    for (size_t i = 0; i < options->history; i++)
        strbuf_addf (input, "%s%llu", i ? "," : "",
            (unsigned long long)rng_below (&self->rng, (uint64_t)options->items) +
                (unsigned long long)options->first_item);
    strbuf_addf (body, "%s]}", input->data + start);
}

/* Requests are small, so a blocking send is fine. */
static void
s_begin (load_t *self, connection_t *connection, int64_t intended_us)
{
    const options_t *options = &self->options;
    strbuf_t body = STRBUF_EMPTY;
    s_draw_input (self, &connection->input, &body);
    strbuf_clear (&connection->out);
    strbuf_clear (&connection->in);
    connection->sent = 0;
    connection->following = false;
    connection->busy = true;
    connection->intended_us = intended_us;
    connection->sent_us = clock_monotonic_us ();
    strbuf_addf (&connection->out,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        options->path, options->port, body.length);
    strbuf_add_bytes (&connection->out, body.data, body.length);
    strbuf_free (&body);
    self->begun++;
    s_flush (self, connection);
}

/* Length of the whole response once its head is there, else 0. */
static size_t
s_response_length (const strbuf_t *in)
{
    const char *end = in->data ? strstr (in->data, "\r\n\r\n") : NULL;
    if (!end)
        return 0;
    const char *field = strcasestr (in->data, "\r\nContent-Length:");
    size_t body = field && field < end ? strtoul (field + 17, NULL, 10) : 0;
    return (size_t)(end - in->data) + 4 + body;
}

/* The request ends with its result, on the same connection. */
static void
s_follow (load_t *self, connection_t *connection, const char *request_id)
{
    strbuf_clear (&connection->out);
    strbuf_clear (&connection->in);
    connection->sent = 0;
    connection->following = true;
    strbuf_addf (&connection->out,
        "GET /result/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nPrefer: wait=20\r\n\r\n",
        request_id, self->options.port);
    s_flush (self, connection);
}

/* 200 without a result is none. */
static int
s_followed (const connection_t *connection, int status)
{
    return status == 200 && strstr (connection->in.data, "\"result\":{") ? 202 : 0;
}

static void
s_finish (load_t *self, connection_t *connection)
{
    char id[64] = "";
    int status = 0;
    sscanf (connection->in.data, "HTTP/1.1 %d", &status);
    const char *field = strstr (connection->in.data, "\"request_id\"");
    if (field)
        sscanf (field + 12, " : \"%63[^\"]", id);
    if (connection->following)
        status = s_followed (connection, status);
    else if (self->options.follow && status == 202) {
        s_follow (self, connection, id);
        return;
    }
    connection->following = false;
    bool close_it = strcasestr (connection->in.data, "\r\nConnection: close") != NULL;
    s_record (self, connection, status, id[0] ? id : NULL);
    if (close_it)
        s_disconnect (self, connection);
}

static void
s_readable (load_t *self, connection_t *connection)
{
    char chunk[16384];
    ssize_t n = recv (connection->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        s_broken (self, connection);
        return;
    }
    strbuf_add_bytes (&connection->in, chunk, (size_t)n);
    size_t length = s_response_length (&connection->in);
    if (connection->busy && length && connection->in.length >= length)
        s_finish (self, connection);
}

static bool
s_more (const load_t *self, int64_t now_us)
{
    if (self->options.seconds > 0)
        return (double)(now_us - self->started_us) < self->options.seconds * 1e6;
    return self->begun < self->options.count;
}

static void
s_set_due (load_t *self)
{
    double gap = self->options.rate > 0 ? 1e6 / self->options.rate : 0;
    self->due_us +=
        self->options.poisson ? -gap * log (1 - rng_uniform (&self->rng)) : gap;
}

/* Starts what is due on free connections; returns us until the next is due. */
static int64_t
s_dispatch (load_t *self)
{
    for (size_t i = 0; i < self->options.connections; i++) {
        connection_t *connection = &self->connections[i];
        int64_t now = clock_monotonic_us ();
        if (!s_more (self, now))
            return 100000;
        if (connection->busy)
            continue;
        int64_t due = now;
        if (self->options.rate > 0) {
            due = self->started_us + (int64_t)self->due_us;
            if (due > now)
                return due - now;
        }
        if (connection->fd < 0 &&
            (now < connection->retry_us || s_connect (self, connection) != 0))
            continue;
        s_begin (self, connection, due);
        s_set_due (self);
    }
    return 10000;
}

static int
s_compare (const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static double
s_percentile_ms (const load_t *self, double p)
{
    if (!self->latency_count)
        return 0;
    size_t index = (size_t)(p * (double)(self->latency_count - 1));
    return (double)self->latencies[index] / 1000;
}

static double
s_mean_ms (const load_t *self)
{
    double sum = 0;
    for (size_t i = 0; i < self->latency_count; i++)
        sum += (double)self->latencies[i];
    return self->latency_count ? sum / (double)self->latency_count / 1000 : 0;
}

static void
s_report (load_t *self)
{
    double seconds = (double)(clock_monotonic_us () - self->started_us) / 1e6;
    qsort (self->latencies, self->latency_count, sizeof *self->latencies, s_compare);
    printf ("{\"requests\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"status\":{",
        self->answered, seconds, (double)self->latency_count / seconds);
    const char *comma = "";
    for (int status = 1; status < STATUS_LIMIT; status++)
        if (self->statuses[status]) {
            printf ("%s\"%d\":%zu", comma, status, self->statuses[status]);
            comma = ",";
        }
    printf ("},\"broken\":%zu,\"cpu_s\":%.3f,\"latency_ms\":{\"mean\":%.3f,"
            "\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p99.9\":%.3f,\"max\":%.3f}}\n",
        self->statuses[0], (double)clock () / CLOCKS_PER_SEC, s_mean_ms (self),
        s_percentile_ms (self, 0.5), s_percentile_ms (self, 0.9),
        s_percentile_ms (self, 0.99), s_percentile_ms (self, 0.999),
        s_percentile_ms (self, 1));
}

static void
s_run (load_t *self)
{
    struct epoll_event events[256];
    self->started_us = clock_monotonic_us ();
    while (s_more (self, clock_monotonic_us ()) || self->answered < self->begun) {
        int64_t wait_us = s_dispatch (self);
        const struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
        /* To the microsecond: the client must not spin on the cores it shares. */
        int n = epoll_pwait2 (self->epoll, events, 256, &wait, NULL);
        for (int i = 0; i < n; i++)
            s_readable (self, events[i].data.ptr);
    }
}

int
main (int argc, char **argv)
{
    load_t self = {.options = {.port = 8000,
                       .path = "/predict",
                       .connections = 32,
                       .count = 20000,
                       .history = 20,
                       .k = 10,
                       .items = 500,
                       .first_item = 1,
                       .seed = 1}};
    struct argp argp = {s_options, s_option, NULL,
        "Loads a running sasrec on this machine and prints one JSON line.", NULL, NULL,
        NULL};
    argp_parse (&argp, argc, argv, 0, NULL, &self.options);
    rng_seed (&self.rng, self.options.seed, 0);
    self.epoll = epoll_create1 (EPOLL_CLOEXEC);
    self.connections = calloc (self.options.connections, sizeof *self.connections);
    assert (self.epoll >= 0 && self.connections);
    for (size_t i = 0; i < self.options.connections; i++)
        self.connections[i].fd = -1;
    if (self.options.ledger_path) {
        self.ledger = fopen (self.options.ledger_path, "a");
        if (!self.ledger) {
            perror (self.options.ledger_path);
            return 1;
        }
    }
    s_run (&self);
    s_report (&self);
    for (size_t i = 0; i < self.options.connections; i++) {
        s_disconnect (&self, &self.connections[i]);
        strbuf_free (&self.connections[i].input);
        strbuf_free (&self.connections[i].in);
        strbuf_free (&self.connections[i].out);
    }
    if (self.ledger)
        fclose (self.ledger);
    free (self.latencies);
    free (self.connections);
    close (self.epoll);
    return 0;
}
