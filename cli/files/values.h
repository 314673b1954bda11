/* The values of an interaction as text: what is accepted, and what is said of the rest.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_CLI_FILES_VALUES_H
#define SASREC_CLI_FILES_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/item_key.h"

#define VALUES_USER_SIZE 129 /* 1 to 128 bytes and NUL */
#define VALUES_KIND_SIZE 65  /* 1 to 64 bytes and NUL */

/* name: the column, for the error, which shows the value too. -1 with error. */
int values_user (const char *name, const char *text, char user_id[VALUES_USER_SIZE],
    char error[160]);

/* What was done (view, cart, purchase, ...): 1 to 64 bytes. */
int values_kind (
    const char *name, const char *text, char kind[VALUES_KIND_SIZE], char error[160]);

/* A finite number. */
int values_number (const char *name, const char *text, double *value, char error[160]);

/* An integer from 0 to 2^53 - 1 without leading zeros, also as a float ("242.0"). */
int values_item (const char *name, const char *text, int64_t *item_id, char error[160]);

/* A text of 1 to 128 bytes that names an item. */
int values_item_key (
    const char *name, const char *text, char key[ITEM_KEY_SIZE], char error[160]);

/* Nothing, or what databases and libraries write for it: \N, NULL, NaN, NaT, None. */
bool values_is_null (const char *text);

/* Without the spaces around it, which only a user id may mean; changes the text. */
char *values_strip (char *text);

/* "name "value" reason", the value cut to what fits; returns -1. */
int values_refuse (
    const char *name, const char *value, const char *reason, char error[160]);

#endif
