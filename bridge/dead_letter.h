/* Dead letters: messages that nobody could work on, kept untouched on a topic of their own,
 * with headers that say where they came from and why they are there. People list them
 * and, after mending the cause, replay them. SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_DEAD_LETTER_H
#define SASREC_BRIDGE_DEAD_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/producer.h"

#define DEAD_LETTER_REASON_SIZE 160

typedef enum {
    DEAD_LETTER_UNREADABLE, /* not JSON, wrong types, missing fields */
    DEAD_LETTER_TOO_LARGE,  /* beyond what a message of ours can be */
    DEAD_LETTER_UNFIT,      /* the broker refused what came of it: too large */
    DEAD_LETTER_REFUSED,    /* the database refused it */
    DEAD_LETTER_DEADLY,     /* each time the process ended that worked on it */
    DEAD_LETTER_CLASS_COUNT
} dead_letter_class_t;

const char *dead_letter_word (dead_letter_class_t class); /* "unreadable", ... */

/* Sends the record's key and value as they came. Else as producer_send. */
bool dead_letter_send (producer_t *producer, const record_t *record,
    dead_letter_class_t class, const char *reason, void *parcel);

/* A letter as it is read; borrowed for the call. */
typedef struct {
    int32_t partition; /* in the topic of dead letters */
    int64_t offset;
    char topic[64]; /* where it came from, also the next two */
    int32_t origin_partition;
    int64_t origin_offset;
    char class[24];
    char reason[DEAD_LETTER_REASON_SIZE];
    int attempts;         /* times it died, from 1 */
    int64_t failed_at_ms; /* unix ms */
    trace_t trace;        /* of the message */
    const void *key;      /* original bytes; NULL: none */
    size_t key_size;
    const void *value;
    size_t value_size;
} dead_letter_t;

typedef void (dead_letter_row_f) (void *context, const dead_letter_t *letter);

typedef struct {
    const char *bootstrap_servers;
    bool replayed;  /* list: those replayed before, too */
    int timeout_ms; /* without progress */
} dead_letter_options_t;

/* Every letter there is now, or was not replayed yet; row may be NULL. -1 with error. */
int dead_letters_list (const dead_letter_options_t *options, dead_letter_row_f *row,
    void *context, uint64_t *count, char error[160]);

/* Sends each letter that was not replayed yet back to the topic it came from, in order,
 * and remembers how far it came (as the offsets of a consumer group) once the broker has
 * them. What dies again comes back as a new letter with one attempt more, which waits for
 * the next replay. Interrupted, some may be sent twice by that. row may be NULL. */
int dead_letters_replay (const dead_letter_options_t *options, dead_letter_row_f *row,
    void *context, uint64_t *count, char error[160]);

#endif
