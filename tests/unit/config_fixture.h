/* Settings for a test. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_TESTS_UNIT_CONFIG_FIXTURE_H
#define SASREC_TESTS_UNIT_CONFIG_FIXTURE_H

#include <stdlib.h>

#include "base/config.h"

/* No setting of the machine reaches a test. */
static inline int
config_fixture_setup (void **state)
{
    (void)state;
    for (int i = 0; i < CONFIG_COUNT; i++)
        unsetenv (config_item ((config_key_t)i)->env);
    return 0;
}

/* By the defaults and the environment; a failed test when these are refused. */
static inline config_t *
config_fixture_new (void)
{
    char error[160] = "";
    config_t *config = config_new (error);
    if (!config)
        fail_msg ("%s", error);
    return config;
}

#endif
