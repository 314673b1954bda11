/* What still has to be published so that a topic says what the database does: the two
 * catalogues, and the items in which they differ. What is published counts once it has been
 * heard; what was lost on its way differs in the next walk still, and so does what came late
 * and is true no more. Knows no socket.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_ACTORS_CATALOGUE_FEED_H
#define SASREC_ACTORS_CATALOGUE_FEED_H

#include "actors/model_slot.h"
#include "proto/fact.h"

typedef struct catalogue_feed catalogue_feed_t;

catalogue_feed_t *catalogue_feed_new (void);
void catalogue_feed_destroy (catalogue_feed_t **self_p);

/* The database: all (taken), or changes. */
void catalogue_feed_set_all (catalogue_feed_t *self, catalogue_t **all_p);
void catalogue_feed_change (
    catalogue_feed_t *self, const model_slot_change_t *changes, size_t count);

/* The topic: a fact that was heard, false when the database says otherwise; and that it
 * began afresh, with nothing in it. */
bool catalogue_feed_hear (catalogue_feed_t *self, const fact_t *fact);
void catalogue_feed_forget (catalogue_feed_t *self);

/* The next item that differs, false when there is none: of those that were changed lately,
 * then in the walk over all of them. A walk begins with catalogue_feed_set_all, _forget and
 * _walk; 1,000,000 items take some 0.2 s. */
bool catalogue_feed_next (catalogue_feed_t *self, fact_t *fact);
void catalogue_feed_walk (catalogue_feed_t *self);

#endif
