/* Numbers as text for the answers of the hot paths, byte for byte as printf writes them,
 * in a fraction of its time.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_DECIMAL_H
#define SASREC_BASE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_SIZE 24 /* holds each of them, with a NUL that is not counted */

/* As "%lld". The length. */
size_t decimal_int (int64_t value, char text[DECIMAL_SIZE]);

/* As "%.9g": it reads back as the same float. value is finite. */
size_t decimal_float (float value, char text[DECIMAL_SIZE]);

#endif
