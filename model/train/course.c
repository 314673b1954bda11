/* SPDX-License-Identifier: Apache-2.0 */
#include "model/train/course.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hash.h"
#include "model/train/state.h"

#define FILE_NAME "training.state"

static int
s_path (const char *folder, char path[PATH_MAX], char error[160])
{
    if (snprintf (path, PATH_MAX, "%s/" FILE_NAME, folder) < PATH_MAX)
        return 0;
    snprintf (error, 160, "the path of the checkpoints folder is too long");
    return -1;
}

uint64_t
course_fingerprint (const dataset_t *data)
{
    uint64_t hash = HASH_START;
    hash = hash_bytes (hash, data->offsets, (data->user_count + 1) * sizeof (size_t));
    hash = hash_bytes (hash, data->items, data->interaction_count * sizeof (int32_t));
    return hash_bytes (hash, data->item_ids, data->item_count * sizeof (int64_t));
}

#define PARTS (2 + LEARNER_STATE_PARTS)

static size_t
s_parts (const course_parts_t *parts, state_part_t list[PARTS])
{
    list[0] = (state_part_t){"course", parts->course, sizeof (*parts->course)};
    list[1] = (state_part_t){
        "best", parts->best->values, parts->best->count * sizeof (float)};
    return 2 + learner_state (parts->learner, list + 2);
}

int
course_save (const char *folder, const course_plan_t *plan, const course_parts_t *parts,
    char error[160])
{
    char path[PATH_MAX];
    state_part_t list[1 + PARTS];
    if (s_path (folder, path, error) || files_make_folder (folder, error))
        return -1;
    list[0] = (state_part_t){"plan", (void *)plan, sizeof (*plan)};
    return state_write (path, list, 1 + s_parts (parts, list + 1), error);
}

/* Options that make another network or another run. */
static int
s_check_options (
    const trainer_options_t *given, const trainer_options_t *kept, char error[160])
{
    const struct {
        const char *name;
        size_t given, kept;
    } sizes[] = {{"--width", given->width, kept->width},
        {"--blocks", given->blocks, kept->blocks},
        {"--heads", given->heads, kept->heads},
        {"--window", given->window, kept->window},
        {"--ffn-factor", given->ffn_factor, kept->ffn_factor},
        {"--batch-users", given->batch_users, kept->batch_users},
        {"--epochs", given->epochs, kept->epochs},
        {"--patience", given->patience, kept->patience},
        {"--post-norm", given->post_norm, kept->post_norm},
        {"--no-relative-bias", given->no_relative_bias, kept->no_relative_bias},
        {"--loss", given->loss, kept->loss},
        {"--negatives", given->negatives, kept->negatives},
        {"--preset", given->preset, kept->preset}};
    const char *other = NULL;
    for (size_t i = 0; i < sizeof (sizes) / sizeof (*sizes); i++)
        if (sizes[i].given && sizes[i].given != sizes[i].kept)
            other = sizes[i].name;
    if (given->dropout >= 0 && given->dropout != kept->dropout)
        other = "--dropout";
    if (given->attention_dropout >= 0 &&
        given->attention_dropout != kept->attention_dropout)
        other = "--attention-dropout";
    if (given->learning_rate > 0 && given->learning_rate != kept->learning_rate)
        other = "--learning-rate";
    if (!other)
        return 0;
    snprintf (error, 160,
        "--resume goes on with the options of the interrupted run, and %s is another "
        "one",
        other);
    return -1;
}

state_t *
course_open (const char *folder, const trainer_options_t *options,
    const dataset_t *data, course_plan_t *plan, char error[160])
{
    char path[PATH_MAX];
    if (s_path (folder, path, error))
        return NULL;
    if (access (path, F_OK) != 0) {
        snprintf (error, 160, "nothing to resume: there is no %.100s", path);
        return NULL;
    }
    state_t *state = state_open (path, error);
    const state_part_t part = {"plan", plan, sizeof (*plan)};
    if (state && (state_read (state, &part, 1, error) ||
                     s_check_options (options, &plan->options, error)))
        state_close (&state);
    if (state && plan->data != course_fingerprint (data)) {
        snprintf (error, 160, "the data is not that of the interrupted run any more");
        state_close (&state);
    }
    return state;
}

int
course_load (state_t **state_p, const course_parts_t *parts, char error[160])
{
    state_part_t list[PARTS];
    int status = state_read (*state_p, list, s_parts (parts, list), error);
    state_close (state_p);
    return status;
}

void
course_forget (const char *folder)
{
    char path[PATH_MAX], error[160];
    if (s_path (folder, path, error) == 0)
        unlink (path);
}
