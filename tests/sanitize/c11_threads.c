/* C11's threads on top of POSIX's, for builds with the thread sanitizer only. librdkafka
 * makes its threads, mutexes and conditions by <threads.h>; libtsan intercepts only their
 * POSIX twins, so it crashes in the first thread it has not seen begin. The program's own
 * symbols stand in front of libc's, hence these are called instead, and every lock and
 * every thread of librdkafka is seen. glibc's types are the same under both names.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof (thrd_t) == sizeof (pthread_t), "thrd_t");
_Static_assert(sizeof (mtx_t) >= sizeof (pthread_mutex_t), "mtx_t");
_Static_assert(sizeof (cnd_t) >= sizeof (pthread_cond_t), "cnd_t");
_Static_assert(sizeof (once_flag) == sizeof (pthread_once_t), "once_flag");

typedef struct {
    thrd_start_t run;
    void *args;
} start_t;

static int
s_status (int error)
{
    return error == 0           ? thrd_success
           : error == ENOMEM    ? thrd_nomem
           : error == ETIMEDOUT ? thrd_timedout
           : error == EBUSY     ? thrd_busy
                                : thrd_error;
}

static void *
s_start (void *args)
{
    start_t start = *(start_t *)args;
    free (args);
    return (void *)(intptr_t)start.run (start.args);
}

int
thrd_create (thrd_t *thread, thrd_start_t run, void *args)
{
    start_t *start = malloc (sizeof *start);
    if (!start)
        return thrd_nomem;
    *start = (start_t){run, args};
    int error = pthread_create ((pthread_t *)thread, NULL, s_start, start);
    if (error)
        free (start);
    return s_status (error);
}

int
thrd_join (thrd_t thread, int *value)
{
    void *returned = NULL;
    int error = pthread_join ((pthread_t)thread, &returned);
    if (!error && value)
        *value = (int)(intptr_t)returned;
    return s_status (error);
}

int
mtx_init (mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init (&attributes);
    if (type & mtx_recursive)
        pthread_mutexattr_settype (&attributes, PTHREAD_MUTEX_RECURSIVE);
    int error = pthread_mutex_init ((pthread_mutex_t *)mutex, &attributes);
    pthread_mutexattr_destroy (&attributes);
    return s_status (error);
}

int
mtx_lock (mtx_t *mutex)
{
    return s_status (pthread_mutex_lock ((pthread_mutex_t *)mutex));
}

int
mtx_trylock (mtx_t *mutex)
{
    return s_status (pthread_mutex_trylock ((pthread_mutex_t *)mutex));
}

int
mtx_unlock (mtx_t *mutex)
{
    return s_status (pthread_mutex_unlock ((pthread_mutex_t *)mutex));
}

void
mtx_destroy (mtx_t *mutex)
{
    pthread_mutex_destroy ((pthread_mutex_t *)mutex);
}

int
cnd_init (cnd_t *condition)
{
    return s_status (pthread_cond_init ((pthread_cond_t *)condition, NULL));
}

int
cnd_signal (cnd_t *condition)
{
    return s_status (pthread_cond_signal ((pthread_cond_t *)condition));
}

int
cnd_broadcast (cnd_t *condition)
{
    return s_status (pthread_cond_broadcast ((pthread_cond_t *)condition));
}

int
cnd_wait (cnd_t *condition, mtx_t *mutex)
{
    return s_status (
        pthread_cond_wait ((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int
cnd_timedwait (cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    return s_status (pthread_cond_timedwait (
        (pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

void
cnd_destroy (cnd_t *condition)
{
    pthread_cond_destroy ((pthread_cond_t *)condition);
}

void
call_once (once_flag *flag, void (*run) (void))
{
    pthread_once ((pthread_once_t *)flag, run);
}
