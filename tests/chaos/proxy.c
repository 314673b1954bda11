/* A TCP proxy on this machine that misbehaves as networks do: late, in small pieces,
 * slow, silent, half-open, reset, refused. (The kernel's netem is not everywhere.) It is
 * told what to do by lines on stdin, and says "ok" to each when it is done:
 *
 *     latency MS [JITTER_MS]  each piece comes so much later
 *     slice BYTES             pieces are at most so long; each is a packet of its own
 *     rate KBIT               per second and direction
 *     drop                    nothing gets through, new connections wait; no byte is lost
 *     half-open               connections there are: the far end is gone, nobody says so
 *     reset                   connections there are: RST to both ends
 *     refuse                  new connections: RST
 *     heal                    all of it ends (what is half-open stays dead)
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"

#define LINK_LIMIT   512
#define PIECE_LIMIT  16384
#define QUEUE_LIMIT  262144 /* bytes under way in one direction */
#define ROUND_PIECES 64 /* written to one socket before the others have their turn */

typedef struct piece {
    struct piece *next; /* later ones */
    int64_t due_us;     /* not to be written before */
    size_t length;      /* of bytes */
    size_t written;     /* of those */
    char bytes[];
} piece_t;

/* One direction: what was read at one end and is not yet written at the other. */
typedef struct {
    piece_t *first, *last; /* NULL: empty */
    size_t queued;         /* bytes in pieces */
    int64_t free_us;       /* when the last piece has left: pieces keep their order */
    bool ended;            /* end of stream was read */
    bool told;             /* and passed on */
} flow_t;

typedef struct {
    int fds[2];      /* client, server; server is -1 when half-open */
    flow_t flows[2]; /* flows[i]: from fds[i] to the other */
} link_t;

typedef struct {
    int listener;
    struct sockaddr_in server;
    link_t *links[LINK_LIMIT];
    size_t link_count;
    int64_t latency_us, jitter_us;
    size_t slice_bytes; /* 0: as they come */
    double rate;        /* bytes per us; 0: no limit */
    bool dropping, refusing;
    rng_t rng;
    char command[256]; /* the line that is being read */
    size_t command_length;
    bool done; /* stdin ended */
} proxy_t;

static struct sockaddr_in
s_loopback (int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
        .sin_port = htons ((uint16_t)port),
        .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
}

static void
s_close (int *fd, bool reset)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (*fd >= 0 && reset)
        setsockopt (*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (*fd >= 0)
        close (*fd);
    *fd = -1;
}

static void
s_empty (flow_t *flow)
{
    while (flow->first) {
        piece_t *piece = flow->first;
        flow->first = piece->next;
        free (piece);
    }
    flow->last = NULL;
    flow->queued = 0;
}

static void
s_remove (proxy_t *self, size_t index, bool reset)
{
    link_t *link = self->links[index];
    for (int end = 0; end < 2; end++) {
        s_close (&link->fds[end], reset);
        s_empty (&link->flows[end]);
    }
    free (link);
    self->links[index] = self->links[--self->link_count];
}

static void
s_prepare (int fd)
{
    int one = 1;
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl (fd, F_SETFL, O_NONBLOCK);
}

static void
s_accept (proxy_t *self)
{
    int client = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    int server = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert (server >= 0);
    bool refused =
        self->refusing || self->link_count == LINK_LIMIT ||
        connect (server, (struct sockaddr *)&self->server, sizeof self->server) != 0;
    if (refused) {
        s_close (&client, true);
        s_close (&server, false);
        return;
    }
    s_prepare (client);
    s_prepare (server);
    link_t *link = calloc (1, sizeof *link);
    assert (link);
    link->fds[0] = client;
    link->fds[1] = server;
    self->links[self->link_count++] = link;
}

/* When a piece that is read now arrives. Jitter never reorders a stream. */
static int64_t
s_due_us (proxy_t *self, flow_t *flow, size_t length)
{
    int64_t due_us = clock_monotonic_us () + self->latency_us;
    if (self->jitter_us > 0)
        due_us += (int64_t)rng_below (&self->rng, (uint64_t)self->jitter_us);
    if (due_us < flow->free_us)
        due_us = flow->free_us;
    if (self->rate > 0)
        due_us += (int64_t)((double)length / self->rate);
    flow->free_us = due_us;
    return due_us;
}

static void
s_enqueue (proxy_t *self, flow_t *flow, const char *bytes, size_t length)
{
    piece_t *piece = calloc (1, sizeof *piece + length);
    assert (piece);
    piece->length = length;
    piece->due_us = s_due_us (self, flow, length);
    memcpy (piece->bytes, bytes, length);
    if (flow->last)
        flow->last->next = piece;
    else
        flow->first = piece;
    flow->last = piece;
    flow->queued += length;
}

/* -1: the link is broken. */
static int
s_read (proxy_t *self, link_t *link, int end)
{
    char bytes[PIECE_LIMIT];
    flow_t *flow = &link->flows[end];
    ssize_t length = recv (link->fds[end], bytes, sizeof bytes, 0);
    if (length < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    flow->ended = length == 0;
    if (link->fds[1] < 0) /* half-open: into the void, until the client closes */
        return flow->ended ? -1 : 0;
    size_t slice = self->slice_bytes ? self->slice_bytes : sizeof bytes;
    for (size_t at = 0; at < (size_t)length; at += slice) {
        size_t left = (size_t)length - at;
        s_enqueue (self, flow, bytes + at, left < slice ? left : slice);
    }
    return 0;
}

static bool
s_due (const flow_t *flow, int64_t now_us)
{
    return flow->first ? flow->first->due_us <= now_us : flow->ended && !flow->told;
}

/* -1: the link is broken. */
static int
s_write (flow_t *flow, int fd, int64_t now_us)
{
    for (int i = 0; i < ROUND_PIECES && flow->first && flow->first->due_us <= now_us;
         i++) {
        piece_t *piece = flow->first;
        ssize_t n = send (fd, piece->bytes + piece->written,
            piece->length - piece->written, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        piece->written += (size_t)n;
        flow->queued -= (size_t)n;
        if (piece->written < piece->length)
            return 0;
        flow->first = piece->next;
        if (!flow->first)
            flow->last = NULL;
        free (piece);
    }
    if (!flow->first && flow->ended && !flow->told) {
        shutdown (fd, SHUT_WR);
        flow->told = true;
    }
    return 0;
}

/* Commands */

static void
s_half_open (proxy_t *self)
{
    for (size_t i = 0; i < self->link_count; i++) {
        s_close (&self->links[i]->fds[1], false);
        s_empty (&self->links[i]->flows[0]);
        s_empty (&self->links[i]->flows[1]);
    }
}

static void
s_heal (proxy_t *self)
{
    self->latency_us = self->jitter_us = 0;
    self->slice_bytes = 0;
    self->rate = 0;
    self->dropping = self->refusing = false;
}

static bool
s_obey (proxy_t *self, const char *line)
{
    char word[32] = "";
    double first = 0, second = 0;
    sscanf (line, "%31s %lf %lf", word, &first, &second);
    if (strcmp (word, "latency") == 0) {
        self->latency_us = (int64_t)(first * 1000);
        self->jitter_us = (int64_t)(second * 1000);
    } else if (strcmp (word, "slice") == 0)
        self->slice_bytes = (size_t)first;
    else if (strcmp (word, "rate") == 0)
        self->rate = first / 8000; /* kbit/s to bytes/us */
    else if (strcmp (word, "drop") == 0)
        self->dropping = true;
    else if (strcmp (word, "refuse") == 0)
        self->refusing = true;
    else if (strcmp (word, "half-open") == 0)
        s_half_open (self);
    else if (strcmp (word, "reset") == 0)
        while (self->link_count > 0)
            s_remove (self, 0, true);
    else if (strcmp (word, "heal") == 0)
        s_heal (self);
    else
        return false;
    return true;
}

static void
s_command (proxy_t *self)
{
    size_t room = sizeof self->command - 1 - self->command_length;
    ssize_t n = read (STDIN_FILENO, self->command + self->command_length, room);
    self->done = n <= 0;
    if (n <= 0)
        return;
    self->command_length += (size_t)n;
    self->command[self->command_length] = 0;
    char *end;
    while ((end = strchr (self->command, '\n'))) {
        *end = 0;
        puts (s_obey (self, self->command) ? "ok" : "unknown command");
        fflush (stdout);
        self->command_length -= (size_t)(end + 1 - self->command);
        memmove (self->command, end + 1, self->command_length + 1);
    }
    self->done = self->command_length == sizeof self->command - 1;
}

/* The loop */

/* Also says when the next piece is due. */
static short
s_events (
    const proxy_t *self, const link_t *link, int end, int64_t now_us, int64_t *wake_us)
{
    const flow_t *in = &link->flows[end], *out = &link->flows[1 - end];
    short events = 0;
    if (self->dropping && link->fds[1] >= 0)
        return 0;
    if (!in->ended && in->queued < QUEUE_LIMIT)
        events |= POLLIN;
    if (s_due (out, now_us))
        events |= POLLOUT;
    else if (out->first && out->first->due_us < *wake_us)
        *wake_us = out->first->due_us;
    return events;
}

static void
s_serve_link (proxy_t *self, size_t index, const struct pollfd items[2], int64_t now_us)
{
    link_t *link = self->links[index];
    bool broken = false;
    for (int end = 0; end < 2 && !broken; end++) {
        bool readable = items[end].revents & (POLLIN | POLLERR | POLLHUP);
        if (readable && (items[end].events & POLLIN))
            broken = s_read (self, link, end) != 0;
        if (!broken && (items[end].revents & POLLOUT))
            broken = s_write (&link->flows[1 - end], link->fds[end], now_us) != 0;
    }
    if (broken || (link->flows[0].told && link->flows[1].told))
        s_remove (self, index, broken && link->fds[1] >= 0);
}

static void
s_serve (proxy_t *self)
{
    static struct pollfd items[2 + 2 * LINK_LIMIT];
    int64_t now_us = clock_monotonic_us (), wake_us = now_us + 1000000;
    items[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    items[1] =
        (struct pollfd){.fd = self->dropping ? -1 : self->listener, .events = POLLIN};
    for (size_t i = 0; i < self->link_count; i++)
        for (int end = 0; end < 2; end++) {
            short events = s_events (self, self->links[i], end, now_us, &wake_us);
            items[2 + 2 * i + (size_t)end] = (struct pollfd){
                .fd = events ? self->links[i]->fds[end] : -1, .events = events};
        }
    poll (items, 2 + 2 * self->link_count, (int)((wake_us - now_us + 999) / 1000));
    now_us = clock_monotonic_us ();
    for (size_t i = self->link_count; i-- > 0;) /* a removed one's place is served */
        s_serve_link (self, i, &items[2 + 2 * i], now_us);
    if (items[1].revents)
        s_accept (self);
    if (items[0].revents)
        s_command (self);
}

int
main (int argc, char **argv)
{
    static proxy_t self;
    if (argc < 3) {
        fprintf (stderr, "usage: sasrec-proxy LISTEN_PORT SERVER_PORT [SEED]\n");
        return 64;
    }
    int one = 1;
    struct sockaddr_in address = s_loopback (atoi (argv[1]));
    self.server = s_loopback (atoi (argv[2]));
    rng_seed (&self.rng, argc > 3 ? strtoull (argv[3], NULL, 10) : 1, 0);
    self.listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt (self.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind (self.listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen (self.listener, 128) != 0) {
        perror ("sasrec-proxy");
        return 1;
    }
    fcntl (self.listener, F_SETFL, O_NONBLOCK);
    puts ("ok");
    fflush (stdout);
    while (!self.done)
        s_serve (&self);
    return 0;
}
