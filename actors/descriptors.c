/* Open files, allowed and needed. SPDX-License-Identifier: Apache-2.0 */
#include "actors/descriptors.h"

#include <stdio.h>
#include <sys/resource.h>

#define LEAST 16 /* connections, below which it is no service */

size_t
descriptors_raise (void)
{
    struct rlimit limit = {0};
    getrlimit (RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
    getrlimit (RLIMIT_NOFILE, &limit);
    return (size_t)limit.rlim_cur; /* RLIM_INFINITY is the largest there is */
}

size_t
descriptors_fit (const descriptors_t *self, size_t open_files, char error[160])
{
    size_t fixed = self->own + DESCRIPTORS_ADMIN + DESCRIPTORS_SPARE +
                   self->listeners * DESCRIPTORS_SPARE;
    size_t least = fixed + self->listeners * LEAST;
    if (open_files < least) {
        snprintf (error, 160,
            "%zu open files are too few, %zu the least: raise the hard limit (ulimit "
            "-Hn, LimitNOFILE=)",
            open_files, least);
        return 0;
    }
    if (self->listeners == 0)
        return self->connections;
    size_t fit = (open_files - fixed) / self->listeners;
    return fit < self->connections ? fit : self->connections;
}
