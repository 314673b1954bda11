/* How often a message was delivered to a process that did not live to tell. No counter in
 * the process survives that, and no file of ours is there for the next member of the
 * group, on another machine. So the count stands where everybody finds it who takes the
 * partition over: in the metadata of the group's committed offset.
 *
 * A partition in work is marked so before its first message is given out; whoever leaves
 * it in order takes the mark away. A partition found with its mark was in the hands of a
 * process that died: all that was out then is suspect (bulk delivery; so far nobody knows
 * which it was). Died twice among the same suspects, they are given out alone, one at a
 * time, each counted before: the offset that is found with a count is the one that kills.
 * At the limit it is not given out any more. A kill from outside costs nothing but a few
 * messages that go one by one. One of these per partition; knows no clock and no Kafka.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_BRIDGE_DELIVERIES_H
#define SASREC_BRIDGE_DELIVERIES_H

#include <stdbool.h>
#include <stdint.h>

#define DELIVERIES_BULK      2  /* deaths until suspects go alone */
#define DELIVERIES_TEXT_SIZE 64 /* of the metadata */

typedef struct {
    int deaths;     /* of processes that had the suspects */
    int64_t until;  /* suspects are below this offset */
    int64_t offset; /* of the one that went alone */
    int alone;      /* times it did; 0: none yet */
} deliveries_t;

/* What the last owner left: metadata of the committed offset (NULL: none), and up to
 * where messages may have been out. */
void deliveries_read (
    deliveries_t *self, const char *metadata, int64_t committed, int64_t end);

/* The metadata to commit with next. working: the partition stays in work. */
void deliveries_write (const deliveries_t *self, int64_t next, bool working,
    char text[DELIVERIES_TEXT_SIZE]);

/* The message of this offset goes alone: nothing else is out meanwhile. */
bool deliveries_suspect (const deliveries_t *self, int64_t offset);

/* It had as many deliveries as it may have (0: no limit), the last of them alone. */
bool deliveries_condemned (const deliveries_t *self, int64_t offset, int limit);

/* It is given out alone once more: to be committed before. */
void deliveries_count (deliveries_t *self, int64_t offset);

/* Deliveries of that offset that are known. */
int deliveries_of (const deliveries_t *self, int64_t offset);

#endif
