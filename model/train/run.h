/* The files of one run beside the checkpoints: while it is going on it holds a lock, and
 * its state, when there is one, is its own: another run never overwrites it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_TRAIN_RUN_H
#define SASREC_MODEL_TRAIN_RUN_H

#include <stdbool.h>

#define RUN_NAME_SIZE 40
#define RUN_PATH_SIZE 512

typedef struct run run_t;

/* Makes the folder, and a name by the time. NULL with error: nothing can be written there,
 * ... */
run_t *run_new (const char *folder, char error[160]);

/* Takes over a run that was interrupted; name NULL: the newest that nobody is working on.
 * NULL with error: there is none, another process has it. */
run_t *run_resume (const char *folder, const char *name, char error[160]);

/* Gives the lock back; the state stays. */
void run_destroy (run_t **self_p);

bool run_resumes (const run_t *self);
const char *run_name (const run_t *self);
const char *run_folder (const run_t *self);
const char *run_state (const run_t *self); /* path of its state */

/* The run is complete: removes its state. */
void run_complete (const run_t *self);

/* The newest run in the folder that was interrupted and that nobody is working on; false
 * when there is none. */
bool run_find (const char *folder, char name[RUN_NAME_SIZE]);

#endif
