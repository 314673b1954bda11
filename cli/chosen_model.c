/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/chosen_model.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/checkpoint/load.h"

const config_key_t chosen_model_settings[] = {CONFIG_CHECKPOINTS, CONFIG_COUNT};

static int
s_current (
    const command_t *command, const char *folder, char path[CHECKPOINT_PATH_SIZE])
{
    char version[CHECKPOINT_VERSION_SIZE];
    char error[160];
    int status = checkpoint_current (folder, version, error);
    if (status == 1)
        return command_fail (
            command, "there is no model in %s yet; run 'sasrec train'", folder);
    if (status == -1)
        return command_fail (command, "%s", error);
    return checkpoint_path (folder, version, path);
}

static int
s_named (const command_t *command, const char *folder, const char *name,
    char path[CHECKPOINT_PATH_SIZE])
{
    bool version = checkpoint_version_valid (name) &&
                   checkpoint_path (folder, name, path) == 0 &&
                   access (path, R_OK) == 0;
    if (version)
        return 0;
    int length = snprintf (path, CHECKPOINT_PATH_SIZE, "%s", name);
    if (length < CHECKPOINT_PATH_SIZE && access (path, R_OK) == 0)
        return 0;
    return command_fail (
        command, "there is no file '%s', and no such version in %s", name, folder);
}

model_t *
chosen_model_load (
    const command_t *command, const char *name, char path[CHECKPOINT_PATH_SIZE])
{
    const char *folder = config_text (command->config, CONFIG_CHECKPOINTS);
    int status = name ? s_named (command, folder, name, path)
                      : s_current (command, folder, path);
    if (status != 0)
        return NULL;
    char error[160];
    model_t *model = load_model (path, error);
    if (!model)
        command_fail (command, "cannot use %s: %s", path, error);
    return model;
}
