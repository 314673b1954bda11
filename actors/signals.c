/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/signals.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

static bool
s_has_terminal (void)
{
    int fd = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        close (fd);
    return fd >= 0;
}

void
signals_block (signals_t *self)
{
    static const int let_through[] = {
        SIGTSTP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    struct sigaction hangup;
    sigset_t blocked;
    sigfillset (&blocked);
    for (size_t i = 0; i < sizeof let_through / sizeof let_through[0]; i++)
        sigdelset (&blocked, let_through[i]);
    pthread_sigmask (SIG_BLOCK, &blocked, NULL);
    sigemptyset (&self->stops);
    sigaddset (&self->stops, SIGINT);
    sigaddset (&self->stops, SIGTERM);
    sigaction (SIGHUP, NULL, &hangup);
    bool ignored = hangup.sa_handler == SIG_IGN; /* nohup means it */
    if (!ignored && s_has_terminal ())
        sigaddset (&self->stops, SIGHUP);
    self->awaited = self->stops;
    if (!ignored)
        sigaddset (&self->awaited, SIGHUP);
}

int
signals_wait (const signals_t *self, bool *stop)
{
    int signal = 0;
    sigwait (&self->awaited, &signal);
    *stop = sigismember (&self->stops, signal) == 1;
    return signal;
}

static void *
s_guard (void *context)
{
    const signals_t *self = context;
    struct timespec limit = {
        .tv_sec = self->limit_ms / 1000, .tv_nsec = self->limit_ms % 1000 * 1000000L};
    int signal;
    do {
        signal = sigtimedwait (&self->stops, NULL, &limit);
    } while (signal < 0 && errno == EINTR);
    log_warn ("topology.abandoned",
        log_str ("reason", signal > 0 ? "a second signal" : "stopping took too long"));
    _exit (signal > 0 ? 128 + signal : 1);
}

void
signals_guard_start (signals_t *self, int limit_ms)
{
    self->limit_ms = limit_ms;
    int rc = pthread_create (&self->guard, NULL, s_guard, self);
    assert (rc == 0);
}

void
signals_guard_stop (signals_t *self)
{
    pthread_cancel (self->guard);
    pthread_join (self->guard, NULL);
}
