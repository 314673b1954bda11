/* Which word was meant. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BASE_SUGGEST_H
#define SASREC_BASE_SUGGEST_H

#include <stddef.h>

/* The one of words that is nearest to typed by Levenshtein distance, or that typed is
 * the beginning of; NULL when none is near. A word has at most 32 bytes. */
const char *suggest (const char *typed, const char *const *words, size_t count);

#endif
