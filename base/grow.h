/* Room in an array that grows. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_GROW_H
#define SASREC_BASE_GROW_H

#include <stddef.h>

/* The array (NULL at first) with room for `needed` elements of that size at least, perhaps
 * at another place; *capacity: what it has room for. No memory is an assertion. */
void *grow (void *array, size_t *capacity, size_t needed, size_t size);

#endif
