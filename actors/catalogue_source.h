/* The catalogue as PostgreSQL has it, for an actor that looks again and again: all of it at
 * first, and whenever the database was away (a server that was restored says other things
 * than before); then what is new. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_CATALOGUE_SOURCE_H
#define SASREC_ACTORS_CATALOGUE_SOURCE_H

#include "actors/model_slot.h"

#define CATALOGUE_LOOK_MS                                                              \
    500 /* what is new counts within a second, whatever a look takes */

typedef struct catalogue_source catalogue_source_t;

/* application: as PostgreSQL sees it. */
catalogue_source_t *catalogue_source_new (
    const char *conninfo, const char *application, int statement_timeout_ms);
void catalogue_source_destroy (catalogue_source_t **self_p);

typedef enum {
    CATALOGUE_NO_NEWS, /* or no database: catalogue_source_reason is not "" */
    CATALOGUE_ALL,     /* catalogue_source_take has it */
    CATALOGUE_CHANGES  /* catalogue_source_changes */
} catalogue_news_t;

/* Asks the database. Why it cannot be asked is logged once, but for one that is away, which
 * others say. */
catalogue_news_t catalogue_source_look (catalogue_source_t *self);

catalogue_t *catalogue_source_take (catalogue_source_t *self); /* the caller's */
const model_slot_change_t *catalogue_source_changes (
    const catalogue_source_t *self, size_t *count); /* until the next look */

/* Why the last look told nothing; "": it went well. */
const char *catalogue_source_reason (const catalogue_source_t *self);

#endif
