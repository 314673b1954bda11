/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <malloc.h>
#include <stddef.h>

/* jemalloc's (its manual, "arena.<i>.purge"; 4096 is MALLCTL_ARENAS_ALL). Absent where a
 * program is not linked with it. */
__attribute__ ((weak)) int mallctl (
    const char *name, void *old, size_t *old_size, void *new, size_t new_size);

void
memory_give_back (void)
{
    if (mallctl)
        mallctl ("arena.4096.purge", NULL, NULL, NULL, 0);
    else
        malloc_trim (0);
}
