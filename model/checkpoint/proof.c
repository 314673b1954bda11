/* SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/proof.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "model/checkpoint/checkpoint_format.h"

struct proof {
    proof_task_t task;
    pthread_t thread;
    bool beside; /* it has a thread */
    bool same;
};

static void
s_hash_items (const sasrec_weights_t *weights, checkpoint_sum_t *sum)
{
    size_t width = weights->shape.width;
    for (size_t first = 0, end; sasrec_weights_part (weights, first, &end);
         first = end) {
        checkpoint_sum_add (sum, sasrec_items (weights) + first * width,
            (end - first) * width * sizeof (float));
        sasrec_weights_rest (weights, first, end);
    }
}

static void *
s_hash (void *context)
{
    proof_t *self = context;
    const proof_task_t *task = &self->task;
    char hash[CHECKPOINT_HASH_SIZE];
    checkpoint_sum_t *sum = checkpoint_sum_new ();
    checkpoint_sum_add (
        sum, task->bytes + task->data_start, task->items_begin - task->data_start);
    if (task->weights->region)
        s_hash_items (task->weights, sum);
    else
        checkpoint_sum_add (
            sum, task->bytes + task->items_begin, task->items_end - task->items_begin);
    checkpoint_sum_add (
        sum, task->bytes + task->items_end, task->length - task->items_end);
    checkpoint_sum_end (&sum, hash);
    self->same = strcmp (hash, task->sha256) == 0;
    return NULL;
}

proof_t *
proof_new (const proof_task_t *task)
{
    proof_t *self = calloc (1, sizeof *self);
    assert (self);
    self->task = *task;
    self->beside = pthread_create (&self->thread, NULL, s_hash, self) == 0;
    return self;
}

bool
proof_end (proof_t **self_p)
{
    proof_t *self = *self_p;
    if (self->beside)
        pthread_join (self->thread, NULL);
    else
        s_hash (self);
    munmap ((void *)(uintptr_t)self->task.bytes, self->task.length);
    bool same = self->same;
    free (self);
    *self_p = NULL;
    return same;
}
