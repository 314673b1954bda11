/* A load client with a ledger: keep-alive connections that POST predictions (or ask at
 * once), closed loop (each sends the next when it has its answer) or open loop (arrivals
 * at a fixed rate, evenly or as a Poisson process; latency counts from the intended time, so
 * a slow server cannot hide). One thread, epoll, loopback only. It shares the cores with
 * what it measures, so nothing is allocated for a request, and the report says how much CPU
 * time the client took, how late it was itself (a request was due, a connection free), and
 * how many requests found no connection free. An open loop has all its connections before
 * its clock starts. Every answer is a line of the ledger:
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
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/strbuf.h"

#define RETRY_US     50000
#define STATUS_LIMIT 600
#define USER_COUNT   100
#define HEAD_SIZE    256 /* of a request, at most */
#define LENGTH_SIZE  8   /* digits of its Content-Length, at most */
#define NUMBER_SIZE  20  /* digits of any number, at most */
#define ID_SIZE      64
#define LINE_SIZE    256 /* of the ledger, without the history */
#define EVENT_COUNT  256

typedef struct connection connection_t;

struct connection {
    int fd;              /* -1: not connected */
    bool busy;           /* a request is under way */
    bool following;      /* its result is asked for */
    int64_t intended_us; /* when its request was due */
    int64_t sent_us;     /* when it was sent */
    int64_t retry_us;    /* not before this, after a broken connection */
    char *out;           /* the request: the head, always the same, and its body */
    size_t user;         /* of that request: the number in "user_<n>" */
    const char *history; /* in out: item ids with commas */
    size_t history_length;
    strbuf_t in;        /* of a response that does not come in one piece */
    connection_t *next; /* in a queue */
};

/* First in, first out: every connection has its turn. */
typedef struct {
    connection_t *first;
    connection_t *last;
} queue_t;

typedef struct {
    int64_t *us; /* count of them */
    size_t count, room;
} times_t;

/* What counts of a response. */
typedef struct {
    int status;
    bool closes;
    const char *body; /* not ended by a NUL */
    size_t body_length;
} response_t;

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
    queue_t free;       /* no request under way */
    queue_t resting;    /* not connected, in the order of retry_us */
    char *buffer;       /* of requests */
    size_t head_length; /* of a request */
    int epoll;
    rng_t rng;
    FILE *ledger;           /* or NULL */
    size_t begun, answered; /* requests */
    size_t statuses[STATUS_LIMIT];
    times_t latencies;    /* of answered requests with a status */
    times_t lateness;     /* our own, of each request */
    size_t held_up;       /* requests that were due when no connection was free */
    int64_t free_from_us; /* since then one is */
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
s_push (queue_t *queue, connection_t *connection)
{
    connection->next = NULL;
    if (queue->last)
        queue->last->next = connection;
    else
        queue->first = connection;
    queue->last = connection;
}

static connection_t *
s_pop (queue_t *queue)
{
    connection_t *connection = queue->first;
    queue->first = connection->next;
    if (!queue->first)
        queue->last = NULL;
    return connection;
}

static void
s_disconnect (connection_t *connection)
{
    if (connection->fd >= 0)
        close (connection->fd);
    connection->fd = -1;
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
        s_disconnect (connection);
        return -1;
    }
    setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl (self->epoll, EPOLL_CTL_ADD, connection->fd, &event);
    return 0;
}

/* Both write at `at`, where there is room, and return the end. */
static char *
s_put (char *at, const char *text, size_t length)
{
    memcpy (at, text, length);
    return at + length;
}

static char *
s_put_number (char *at, uint64_t value)
{
    char digits[NUMBER_SIZE];
    size_t from = NUMBER_SIZE;
    do {
        digits[--from] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return s_put (at, digits + from, NUMBER_SIZE - from);
}

static void
s_write_line (load_t *self, const connection_t *connection, int status,
    const char *request_id, int64_t now_us)
{
    const int64_t times[] = {now_us - connection->intended_us,
        now_us - connection->sent_us, clock_unix_ms ()};
    char line[LINE_SIZE], *at = s_put_number (line, (uint64_t)status);
    *at++ = ' ';
    at = s_put (at, request_id, strlen (request_id));
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        *at++ = ' ';
        at = s_put_number (at, (uint64_t)times[i]);
    }
    at = s_put (at, " user_", 6);
    at = s_put_number (at, connection->user);
    *at++ = ' ';
    at = s_put_number (at, self->options.k);
    *at++ = ' ';
    fwrite (line, 1, (size_t)(at - line), self->ledger);
    fwrite (connection->history, 1, connection->history_length, self->ledger);
    putc ('\n', self->ledger);
}

static void
s_keep (times_t *times, int64_t us)
{
    if (times->count == times->room) {
        times->room = times->room ? 2 * times->room : 65536;
        times->us = realloc (times->us, times->room * sizeof *times->us);
        assert (times->us);
    }
    times->us[times->count++] = us;
}

/* The request has its answer, or none; request_id is "-" if there is none. */
static void
s_record (load_t *self, connection_t *connection, int status, const char *request_id)
{
    int64_t now_us = clock_monotonic_us ();
    connection->busy = connection->following = false;
    self->answered++;
    self->statuses[status >= 0 && status < STATUS_LIMIT ? status : 0]++;
    if (status > 0)
        s_keep (&self->latencies, now_us - connection->intended_us);
    if (self->ledger)
        s_write_line (self, connection, status, request_id, now_us);
}

static void
s_free (load_t *self, connection_t *connection)
{
    if (!self->free.first)
        self->free_from_us = clock_monotonic_us ();
    s_push (&self->free, connection);
}

static void
s_rest (load_t *self, connection_t *connection)
{
    s_disconnect (connection);
    connection->retry_us = clock_monotonic_us () + RETRY_US;
    s_push (&self->resting, connection);
}

/* One without a request stays in its queue and connects when its turn comes. */
static void
s_broken (load_t *self, connection_t *connection)
{
    if (!connection->busy) {
        s_disconnect (connection);
        return;
    }
    s_record (self, connection, 0, "-");
    s_rest (self, connection);
}

/* Requests are small, so a blocking send is fine. */
static void
s_send (load_t *self, connection_t *connection, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send (connection->fd, bytes, length, MSG_NOSIGNAL);
        if (n <= 0) {
            s_broken (self, connection);
            return;
        }
        bytes += n;
        length -= (size_t)n;
    }
}

static void
s_put_head (const load_t *self, char *out)
{
    const options_t *options = &self->options;
    snprintf (out, HEAD_SIZE,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
        "Content-Length: %*s\r\n\r\n",
        options->path, options->port, LENGTH_SIZE, "");
}

/* A random user and history; returns the end of the body. */
static char *
s_put_body (load_t *self, connection_t *connection, char *at)
{
    const options_t *options = &self->options;
    connection->user = rng_below (&self->rng, USER_COUNT) + 1;
    at = s_put (at, "{\"user_id\":\"user_", 17);
    at = s_put_number (at, connection->user);
    at = s_put (at, "\",\"k\":", 6);
    at = s_put_number (at, options->k);
    at = s_put (at, ",\"history\":[", 12);
    connection->history = at;
    for (size_t i = 0; i < options->history; i++) {
        if (i > 0)
            *at++ = ',';
        at = s_put_number (at, rng_below (&self->rng, (uint64_t)options->items) +
                                   (uint64_t)options->first_item);
    }
    connection->history_length = (size_t)(at - connection->history);
    return s_put (at, "]}", 2);
}

/* The length stands at the end of its field, behind spaces. */
static void
s_put_length (char *head_end, size_t length)
{
    char digits[NUMBER_SIZE], *field = head_end - 4 - LENGTH_SIZE;
    size_t count = (size_t)(s_put_number (digits, length) - digits);
    assert (count <= LENGTH_SIZE);
    memset (field, ' ', LENGTH_SIZE);
    memcpy (field + LENGTH_SIZE - count, digits, count);
}

static void
s_begin (load_t *self, connection_t *connection, int64_t intended_us)
{
    char *body = connection->out + self->head_length;
    char *end = s_put_body (self, connection, body);
    s_put_length (body, (size_t)(end - body));
    strbuf_clear (&connection->in);
    connection->busy = true;
    connection->intended_us = intended_us;
    connection->sent_us = clock_monotonic_us ();
    bool held_up = self->free_from_us > intended_us;
    self->held_up += held_up;
    s_keep (&self->lateness,
        connection->sent_us - (held_up ? self->free_from_us : intended_us));
    self->begun++;
    s_send (self, connection, connection->out, (size_t)(end - connection->out));
}

/* "name: 12" at the beginning of a line. */
static bool
s_is_field (const char *line, size_t length, const char *name)
{
    size_t name_length = strlen (name);
    return length > name_length && strncasecmp (line, name, name_length) == 0;
}

/* False: it is not whole yet. */
static bool
s_read_response (const char *bytes, size_t length, response_t *response)
{
    const char *end = memmem (bytes, length, "\r\n\r\n", 4);
    if (!end || end - bytes < 12)
        return false;
    *response = (response_t){.status = atoi (bytes + 9), .body = end + 4};
    const char *line, *next = bytes;
    while ((line = memchr (next, '\n', (size_t)(end - next)))) {
        next = line + 1;
        size_t rest = (size_t)(end - next);
        if (s_is_field (next, rest, "Content-Length:"))
            response->body_length = strtoul (next + 15, NULL, 10);
        else if (s_is_field (next, rest, "Connection: close"))
            response->closes = true;
    }
    return (size_t)(bytes + length - response->body) >= response->body_length;
}

/* The text behind "request_id":, or "-". */
static void
s_read_id (const response_t *response, char id[ID_SIZE])
{
    static const char key[] = "\"request_id\":\"";
    const char *at =
        memmem (response->body, response->body_length, key, sizeof key - 1);
    const char *end = response->body + response->body_length;
    size_t length = 0;
    strcpy (id, "-");
    if (!at)
        return;
    for (at += sizeof key - 1; at + length < end && at[length] != '"'; length++)
        ;
    if (length > 0 && length < ID_SIZE)
        *s_put (id, at, length) = '\0';
}

/* The request ends with its result, on the same connection. */
static void
s_follow (load_t *self, connection_t *connection, const char *request_id)
{
    char text[HEAD_SIZE];
    int length = snprintf (text, sizeof text,
        "GET /result/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nPrefer: wait=20\r\n\r\n",
        request_id, self->options.port);
    connection->following = true;
    s_send (self, connection, text, (size_t)length);
}

/* 200 without a result is none. */
static int
s_followed (const response_t *response)
{
    bool whole = response->status == 200 &&
                 memmem (response->body, response->body_length, "\"result\":{", 10);
    return whole ? 202 : 0;
}

static void
s_finish (load_t *self, connection_t *connection, const response_t *response)
{
    char id[ID_SIZE];
    s_read_id (response, id);
    if (self->options.follow && !connection->following && response->status == 202) {
        strbuf_clear (&connection->in);
        s_follow (self, connection, id);
        return;
    }
    s_record (self, connection,
        connection->following ? s_followed (response) : response->status, id);
    if (response->closes)
        s_rest (self, connection);
    else
        s_free (self, connection);
}

static void
s_readable (load_t *self, connection_t *connection)
{
    char chunk[16384];
    response_t response;
    strbuf_t *in = &connection->in;
    if (connection->fd < 0) /* broke since epoll_wait */
        return;
    ssize_t n = recv (connection->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        s_broken (self, connection);
        return;
    }
    if (!connection->busy)
        return;
    if (in->length == 0 && s_read_response (chunk, (size_t)n, &response)) {
        s_finish (self, connection, &response);
        return;
    }
    strbuf_add_bytes (in, chunk, (size_t)n);
    if (s_read_response (in->data, in->length, &response))
        s_finish (self, connection, &response);
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

static void
s_wake_rested (load_t *self, int64_t now_us)
{
    while (self->resting.first && self->resting.first->retry_us <= now_us)
        s_free (self, s_pop (&self->resting));
}

/* Starts what is due on free connections; returns us until the next is due. */
static int64_t
s_dispatch (load_t *self)
{
    int64_t now = clock_monotonic_us ();
    s_wake_rested (self, now);
    for (; self->free.first && s_more (self, now); now = clock_monotonic_us ()) {
        int64_t due = now;
        if (self->options.rate > 0)
            due = self->started_us + (int64_t)self->due_us;
        if (due > now)
            return due - now;
        connection_t *connection = s_pop (&self->free);
        if (connection->fd < 0 && s_connect (self, connection) != 0) {
            s_rest (self, connection);
            continue;
        }
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

/* Of sorted times. */
static double
s_percentile_ms (const times_t *times, double p)
{
    if (!times->count)
        return 0;
    return (double)times->us[(size_t)(p * (double)(times->count - 1))] / 1000;
}

static double
s_mean_ms (const times_t *times)
{
    double sum = 0;
    for (size_t i = 0; i < times->count; i++)
        sum += (double)times->us[i];
    return times->count ? sum / (double)times->count / 1000 : 0;
}

/* "name":{...} */
static void
s_report_times (const char *name, times_t *times)
{
    qsort (times->us, times->count, sizeof *times->us, s_compare);
    printf (",\"%s\":{\"mean\":%.3f,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,"
            "\"p99.9\":%.3f,\"max\":%.3f}",
        name, s_mean_ms (times), s_percentile_ms (times, 0.5),
        s_percentile_ms (times, 0.9), s_percentile_ms (times, 0.99),
        s_percentile_ms (times, 0.999), s_percentile_ms (times, 1));
}

static void
s_report (load_t *self)
{
    double seconds = (double)(clock_monotonic_us () - self->started_us) / 1e6;
    printf ("{\"requests\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"status\":{",
        self->answered, seconds, (double)self->latencies.count / seconds);
    const char *comma = "";
    for (int status = 1; status < STATUS_LIMIT; status++)
        if (self->statuses[status]) {
            printf ("%s\"%d\":%zu", comma, status, self->statuses[status]);
            comma = ",";
        }
    printf ("},\"broken\":%zu,\"cpu_s\":%.3f,\"held_up\":%zu", self->statuses[0],
        (double)clock () / CLOCKS_PER_SEC, self->held_up);
    s_report_times ("late_ms", &self->lateness);
    s_report_times ("latency_ms", &self->latencies);
    printf ("}\n");
}

/* Waits to the microsecond, and does not spin on the cores it shares. */
static void
s_wait (load_t *self, int64_t wait_us)
{
    struct epoll_event events[EVENT_COUNT];
    const struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
    int n = epoll_pwait2 (self->epoll, events, EVENT_COUNT, &wait, NULL);
    for (int i = 0; i < n; i++)
        s_readable (self, events[i].data.ptr);
}

static void
s_run (load_t *self)
{
    self->started_us = clock_monotonic_us ();
    while (s_more (self, clock_monotonic_us ()) || self->answered < self->begun)
        s_wait (self, s_dispatch (self));
}

static void
s_open (load_t *self)
{
    const options_t *options = &self->options;
    size_t size = HEAD_SIZE + LINE_SIZE + options->history * (NUMBER_SIZE + 1);
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    self->connections = calloc (options->connections, sizeof *self->connections);
    self->buffer = calloc (options->connections, size);
    assert (self->epoll >= 0 && self->connections && self->buffer);
    for (size_t i = 0; i < options->connections; i++) {
        connection_t *connection = &self->connections[i];
        connection->fd = -1;
        connection->out = self->buffer + i * size;
        s_put_head (self, connection->out);
        s_push (&self->free, connection);
        if (options->rate > 0)
            s_connect (self, connection);
    }
    self->head_length = strlen (self->connections[0].out);
}

static void
s_close (load_t *self)
{
    for (size_t i = 0; i < self->options.connections; i++) {
        s_disconnect (&self->connections[i]);
        strbuf_free (&self->connections[i].in);
    }
    if (self->ledger)
        fclose (self->ledger);
    free (self->latencies.us);
    free (self->lateness.us);
    free (self->connections);
    free (self->buffer);
    close (self->epoll);
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
    if (self.options.connections == 0)
        return 64;
    if (self.options.ledger_path) {
        self.ledger = fopen (self.options.ledger_path, "a");
        if (!self.ledger) {
            perror (self.options.ledger_path);
            return 1;
        }
    }
    s_open (&self);
    s_run (&self);
    s_report (&self);
    s_close (&self);
    return 0;
}
