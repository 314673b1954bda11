/* What the kernel knows about this process, as the process_* families that Prometheus
 * clients of every language have. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_PROCESS_H
#define SASREC_BASE_PROCESS_H

#include "base/strbuf.h"

/* Adds them in the text format. What cannot be read is left out. */
void process_render (strbuf_t *out);

#endif
