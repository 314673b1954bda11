/* SPDX-License-Identifier: Apache-2.0 */
#include "base/grow.h"

#include <assert.h>
#include <stdlib.h>

#define LEAST 64

void *
grow (void *array, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return array;
    *capacity = needed > 2 * *capacity ? needed + LEAST : 2 * *capacity;
    array = realloc (array, *capacity * size);
    assert (array);
    return array;
}
