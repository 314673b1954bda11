/* What an interaction counts for, by what was done: the lists of the command line as roles
 * of a data set. An interaction that does not say what was done is called "none" here.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SASREC_MODEL_DATA_EVENTS_H
#define SASREC_MODEL_DATA_EVENTS_H

#include "model/data/dataset.h"

#define EVENTS_TEXT_SIZE   256
#define EVENTS_NAME_SIZE   65 /* 1 to 64 bytes */
#define EVENTS_WEIGHT_MOST 1000

/* As they are given; "" for what is not. */
typedef struct {
    char targets[EVENTS_TEXT_SIZE]; /* "purchase,cart": they alone are targets */
    char weights[EVENTS_TEXT_SIZE]; /* "purchase=3,view=0.5": of targets, else 1 */
    char dropped[EVENTS_TEXT_SIZE]; /* "dislike": as if they were not there */
    char seen[EVENTS_TEXT_SIZE];    /* "purchase": rankings leave out what the user had
                                       with it, not all that the user had */
} events_lists_t;

typedef struct {
    char names[DATASET_KINDS][EVENTS_NAME_SIZE]; /* the first one is all others */
    dataset_role_t roles[DATASET_KINDS];
    size_t count;
} events_t;

/* One of the lists is given. */
bool events_given (const events_lists_t *lists);

/* -1 with error: a list is not one, or two of them contradict each other. */
int events_read (events_t *self, const events_lists_t *lists, char error[160]);

/* Index in names and roles; event: NULL or "" for none. */
size_t events_kind (const events_t *self, const char *event);

/* "; purchase,cart are targets; weights ...", or "". */
#define EVENTS_DESCRIBED_SIZE (4 * EVENTS_TEXT_SIZE + 96)
void events_describe (const events_lists_t *lists, char text[EVENTS_DESCRIBED_SIZE]);

#endif
