/* Threads between two barriers. SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel/team.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "model/kernel/denormals.h"

typedef struct {
    team_t *team;
    size_t index;
    pthread_t thread;
} member_t;

struct team {
    size_t count;
    member_t *members;      /* count; the first has no thread of its own */
    pthread_barrier_t gate; /* passed at the begin and at the end of a task */
    team_task_t *task;      /* NULL: go home */
    void *context;
};

static void *
s_member (void *args)
{
    member_t *member = args;
    team_t *team = member->team;
    for (;;) {
        pthread_barrier_wait (&team->gate);
        if (!team->task)
            return NULL;
        team->task (team->context, member->index);
        pthread_barrier_wait (&team->gate);
    }
}

team_t *
team_new (size_t members)
{
    assert (members >= 1 && members <= 1024);
    team_t *self = calloc (1, sizeof (*self));
    assert (self);
    self->count = members;
    denormals_off ();
    self->members = calloc (members, sizeof (*self->members));
    assert (self->members);
    int failed = pthread_barrier_init (&self->gate, NULL, (unsigned)members);
    assert (!failed);
    for (size_t i = 1; i < members; i++) {
        self->members[i] = (member_t){.team = self, .index = i};
        failed = pthread_create (
            &self->members[i].thread, NULL, s_member, &self->members[i]);
        assert (!failed);
    }
    return self;
}

void
team_destroy (team_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    team_t *self = *self_p;
    self->task = NULL;
    pthread_barrier_wait (&self->gate);
    for (size_t i = 1; i < self->count; i++)
        pthread_join (self->members[i].thread, NULL);
    pthread_barrier_destroy (&self->gate);
    free (self->members);
    free (self);
    *self_p = NULL;
}

size_t
team_members (const team_t *self)
{
    return self->count;
}

void
team_run (team_t *self, team_task_t *task, void *context)
{
    self->task = task;
    self->context = context;
    pthread_barrier_wait (&self->gate);
    task (context, 0);
    pthread_barrier_wait (&self->gate);
}
