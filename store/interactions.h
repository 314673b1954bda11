/* The table interactions: reading users and histories, streaming all of it to the
 * trainer or to a file, and binary COPY in. Reads use the columns id, user_id, item_id and
 * created_at, so a view of someone's own table serves as well; event and value count as
 * NULL where there are none.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_STORE_INTERACTIONS_H
#define SASREC_STORE_INTERACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/item_keys.h"
#include "proto/interaction.h"
#include "store/db.h"

/* Distinct user ids in natural order (user_2 before user_10), after `after`, starting
 * with `prefix` (both may be ""), at most limit. *users is fresh: interactions_users_free.
 * The cost follows the users found, not the size of the table (of a view: its size). */
db_status_t interactions_users (db_t *db, const char *prefix, const char *after,
    size_t limit, char ***users, size_t *count);
void interactions_users_free (char ***users_p, size_t count);

/* A user's items, oldest first, the newest `limit` of them. *items is fresh (free it).
 * count 0: no such user. */
db_status_t interactions_history (
    db_t *db, const char *user_id, size_t limit, int64_t **items, size_t *count);

/* Likewise, without those with one of these events: "dislike" or "dislike,return"; "none"
 * are those that do not say. */
db_status_t interactions_history_without (db_t *db, const char *user_id,
    const char *events, size_t limit, int64_t **items, size_t *count);

/* Different items of a user with one of these events, the newest `limit` of them, newest
 * first. *items is fresh (free it). */
db_status_t interactions_seen (db_t *db, const char *user_id, const char *events,
    size_t limit, int64_t **items, size_t *count);

/* One interaction, of those that come or go in bulk. */
typedef struct {
    const char *user_id;
    int64_t item_id;
    int64_t created_at_us; /* unix microseconds */
    const char *event_id;  /* a UUID; NULL or "": none. Not read */
    const char *event;     /* what was done; NULL or "": not said, or not asked for */
    bool has_value;        /* likewise */
    double value;          /* finite; 0 without one */
} interactions_row_t;

/* Streams every interaction, grouped by user, oldest first (COPY TO). -1 with error. */
typedef void (interactions_row_fn) (void *context, const interactions_row_t *row);
int interactions_each (db_t *db, interactions_row_fn *row, void *context,
    uint64_t *count, char error[160]);

/* Likewise, a part of it. */
typedef struct {
    int64_t last_id; /* those up to this id: what there was then; 0: all of them */
    bool events;     /* with event and value, for which the table is read and not only
                        its index */
} interactions_part_t;
int interactions_part (db_t *db, const interactions_part_t *part,
    interactions_row_fn *row, void *context, uint64_t *count, char error[160]);

/* Has any of them an event or a value? -1 with error. */
int interactions_have_events (db_t *db, bool *have, char error[160]);

/* Can a model be trained on it? What somebody's view has may be anything, and is looked
 * through; our table keeps its own rules. -1 with error: the first row that cannot be
 * (an item id outside 0 to 2^53 - 1, no user, no time), or why it cannot be read. */
int interactions_check (db_t *db, char error[160]);

/* The largest id; 0 when there is none, or ids are no integers (a view). */
int64_t interactions_last_id (db_t *db);

/* Adds what came one by one, all or nothing; an event_id that exists is left alone. Where
 * a key names the item, its integer becomes the item_id; new keys are made in the same
 * transaction, the caller's if one is open. *added: the new rows. */
db_status_t interactions_add (
    db_t *db, interaction_t *const *interactions, size_t count, size_t *added);

/* A load: rows are copied into a temporary table, and what is new of them is added in
 * one transaction with the record in `imports`. Nothing but new rows is locked, so
 * readers of the table never wait. A row with an event_id is new when that is; without
 * one, when no stored row has the same user, item, time and event (nor an earlier row of
 * the load); a stored row that says no event is the same as any, so is one that is loaded.
 * Destroy without commit leaves nothing. The connection is the load's until then. */
typedef struct interactions_load interactions_load_t;

/* name: what is loaded ("seed", or a file's path); digest: of its content. When that
 * digest was loaded before and append is false: NULL, error says when. */
interactions_load_t *interactions_load_new (
    db_t *db, const char *name, const char *digest, bool append, char error[160]);
/* created_at_us: unix microseconds, or INT64_MIN for "now plus one microsecond per row"
 * (keeps the order of the file). -1: it failed; destroy, db_error says why. A row that
 * the table refuses shows at commit. */
int interactions_load_row (interactions_load_t *self, const char *user_id,
    int64_t item_id, int64_t created_at_us);
/* Likewise, with all that a row may have. */
int interactions_load_add (interactions_load_t *self, const interactions_row_t *row);
/* The items of this load that have keys: key_ids[i] is the integer of keys[i]
 * (base/item_key.h), by which its rows are given. Both are borrowed until the commit; where
 * the database has another integer for a key already, the rows follow. */
void interactions_load_keys (
    interactions_load_t *self, const item_keys_t *keys, const int64_t *key_ids);
/* The "now" of this load: of the first one, when the digest was loaded before. */
int64_t interactions_load_now_us (const interactions_load_t *self);
/* Takes the load, also on -1 (then nothing was kept). *added (may be NULL): the new rows. */
int interactions_load_commit (
    interactions_load_t **self_p, uint64_t *added, char error[160]);
void interactions_load_destroy (interactions_load_t **self_p);

#endif
