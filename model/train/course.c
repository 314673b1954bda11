/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/course.h"

#include <stdio.h>

#include "base/hash.h"

uint64_t
course_fingerprint (const dataset_t *data)
{
    uint64_t hash = HASH_START;
    hash = hash_bytes (hash, data->offsets, (data->user_count + 1) * sizeof (size_t));
    hash = hash_bytes (hash, data->items, data->interaction_count * sizeof (int32_t));
    if (data->kinds)
        hash = hash_bytes (hash, data->kinds, data->interaction_count);
    return hash_bytes (hash, data->item_ids, data->item_count * sizeof (int64_t));
}

#define PARTS (2 + LEARNER_STATE_PARTS)

static size_t
s_parts (const course_parts_t *parts, part_t list[PARTS])
{
    list[0] = (part_t){"course", parts->course, sizeof (*parts->course)};
    list[1] =
        (part_t){"best", parts->best->values, parts->best->count * sizeof (float)};
    return 2 + learner_state (parts->learner, list + 2);
}

int
course_save (const run_t *run, const course_plan_t *plan, const course_parts_t *parts,
    char error[160])
{
    part_t list[1 + PARTS];
    list[0] = (part_t){"plan", (void *)plan, sizeof (*plan)};
    return state_write (run_state (run), list, 1 + s_parts (parts, list + 1), error);
}

static state_t *
s_open (const run_t *run, course_plan_t *plan, char error[160])
{
    const part_t part = {"plan", plan, sizeof (*plan)};
    state_t *state = state_open (run_state (run), error);
    if (state && state_read (state, &part, 1, error))
        state_close (&state);
    return state;
}

int
course_plan (const run_t *run, course_plan_t *plan, char error[160])
{
    state_t *state = s_open (run, plan, error);
    int status = state ? 0 : -1;
    state_close (&state);
    return status;
}

static int
s_check (const course_plan_t *plan, const options_t *options, const dataset_t *data,
    char error[160])
{
    const options_row_t *other = options_difference (options, &plan->options);
    if (other) {
        snprintf (error, 160,
            "--resume goes on with the options of the interrupted run, and --%s is "
            "another one",
            other->name);
        return -1;
    }
    if (plan->data == course_fingerprint (data))
        return 0;
    snprintf (error, 160, "the data is not that of the interrupted run any more");
    return -1;
}

state_t *
course_open (const run_t *run, const options_t *options, const dataset_t *data,
    course_plan_t *plan, char error[160])
{
    state_t *state = s_open (run, plan, error);
    if (state && s_check (plan, options, data, error))
        state_close (&state);
    return state;
}

int
course_load (state_t **state_p, const course_parts_t *parts, char error[160])
{
    part_t list[PARTS];
    int status = state_read (*state_p, list, s_parts (parts, list), error);
    state_close (state_p);
    return status;
}
