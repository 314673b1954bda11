/* The memory of the process. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_MEMORY_H
#define SASREC_BASE_MEMORY_H

/* What was freed goes back to the system now, not when the allocator gets round to it. */
void memory_give_back (void);

#endif
