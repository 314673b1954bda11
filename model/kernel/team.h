/* A team of threads that run the same function side by side; the caller is member 0.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_KERNEL_TEAM_H
#define SASREC_MODEL_KERNEL_TEAM_H

#include <stddef.h>

typedef struct team team_t;
typedef void (team_task_t) (void *context, size_t member);

/* At least 1. The members and the caller take denormals for zero (model/kernel/denormals.h). */
team_t *team_new (size_t members);
void team_destroy (team_t **self_p);
size_t team_members (const team_t *self);

/* Returns when every member has returned from task (context, member). */
void team_run (team_t *self, team_task_t *task, void *context);

#endif
