/* Until model/trainer.c is there. SPDX-License-Identifier: Apache-2.0 */
#include "model/trainer.h"

#include <stdio.h>
#include <string.h>

void
trainer_defaults (trainer_options_t *options)
{
    memset (options, 0, sizeof *options);
}

int
trainer_run (const dataset_t *data, const trainer_options_t *options,
    const trainer_hooks_t *hooks, const char *folder, trainer_report_t *report,
    char error[160])
{
    (void)data, (void)options, (void)hooks, (void)folder, (void)report;
    snprintf (error, 160, "this build has no trainer yet");
    return -1;
}
