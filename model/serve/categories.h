/* The categories of a catalogue: names, and the sets of them that items have. Both are
 * small numbers, given in order of appearance and never taken back; a thousand items of
 * one kind share one set. What has been handed out never changes: a snapshot that others
 * hold is copied before something is added. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_SERVE_CATEGORIES_H
#define SASREC_MODEL_SERVE_CATEGORIES_H

#include <stddef.h>
#include <stdint.h>

#define CATEGORIES_SEPARATOR '\x1f' /* between the names of a set's text */
#define CATEGORIES_NO_SET    0      /* the empty set */

typedef struct categories categories_t;

categories_t *categories_new (void);
/* One more holder, of any thread; the last release frees. */
categories_t *categories_retain (categories_t *self);
void categories_release (categories_t **self_p);

/* The set of these names (NULL or "": the empty one), added if need be: *self_p may be
 * another object afterwards. Names given twice count once. One thread adds. */
uint32_t categories_add (categories_t **self_p, const char *text);

/* Names: 0 to count - 1. -1: no item ever had it. */
size_t categories_count (const categories_t *self);
const char *categories_name (const categories_t *self, uint32_t category);
int64_t categories_find (const categories_t *self, const char *name);

/* Sets: 0 to count - 1, the first is empty. Their members are distinct; text as it was added.
 * find: the set of this very text, or -1. */
size_t categories_set_count (const categories_t *self);
const uint32_t *categories_set (
    const categories_t *self, uint32_t set, size_t *member_count);
const char *categories_text (const categories_t *self, uint32_t set);
int64_t categories_find_set (const categories_t *self, const char *text);

size_t categories_size (const categories_t *self); /* bytes, about */

#endif
