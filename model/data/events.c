/* SPDX-License-Identifier: Apache-2.0 */
#include "model/data/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE "none"

bool
events_given (const events_lists_t *lists)
{
    return *lists->targets || *lists->weights || *lists->dropped || *lists->seen;
}

static size_t
s_find (const events_t *self, const char *name)
{
    for (size_t i = 1; i < self->count; i++)
        if (strcmp (self->names[i], name) == 0)
            return i;
    return 0;
}

size_t
events_kind (const events_t *self, const char *event)
{
    return s_find (self, event && *event ? event : NONE);
}

/* The index of a name of a list; it starts with the role of all others. 0 with error. */
static size_t
s_name (events_t *self, const char *option, const char *name, size_t length,
    char error[160])
{
    char copy[EVENTS_NAME_SIZE];
    if (length == 0 || length >= sizeof copy) {
        snprintf (error, 160,
            "--%s is events like purchase,cart, of 1 to 64 bytes each", option);
        return 0;
    }
    memcpy (copy, name, length);
    copy[length] = '\0';
    size_t at = s_find (self, copy);
    if (at)
        return at;
    if (self->count == DATASET_KINDS) {
        snprintf (error, 160, "--%s: at most %d different events can be named", option,
            DATASET_KINDS - 1);
        return 0;
    }
    memcpy (self->names[self->count], copy, sizeof copy);
    self->roles[self->count] = self->roles[0];
    return self->count++;
}

static int
s_twice (const char *option, const char *name, char error[160])
{
    snprintf (error, 160, "--%s names %.64s twice", option, name);
    return -1;
}

static int
s_read_targets (events_t *self, const char *list, char error[160])
{
    if (!*list)
        return 0;
    self->roles[0].weight = 0;
    for (;;) {
        size_t length = strcspn (list, ","),
               at = s_name (self, "events", list, length, error);
        if (!at)
            return -1;
        if (self->roles[at].weight > 0)
            return s_twice ("events", self->names[at], error);
        self->roles[at].weight = 1;
        if (!list[length])
            return 0;
        list += length + 1;
    }
}

static int
s_read_weight (const char *text, size_t length, float *weight, char error[160])
{
    char *end;
    double value = strtod (text, &end);
    bool number = end != text && end == text + length;
    if (number && value >= 0 && value <= EVENTS_WEIGHT_MOST) {
        *weight = (float)value;
        return 0;
    }
    snprintf (error, 160,
        "--event-weight is events with numbers from 0 to %d, like purchase=3,view=0.5, "
        "not '%.40s'",
        EVENTS_WEIGHT_MOST, text);
    return -1;
}

/* only: --events says which are targets at all. */
static int
s_read_weights (events_t *self, const char *list, bool only, char error[160])
{
    bool named[DATASET_KINDS] = {false};
    while (*list) {
        size_t length = strcspn (list, ","), name = strcspn (list, "=,");
        float weight;
        if (s_read_weight (list + name + (list[name] == '='),
                length - name - (list[name] == '='), &weight, error))
            return -1;
        size_t at = s_name (self, "event-weight", list, name, error);
        if (!at)
            return -1;
        if (named[at])
            return s_twice ("event-weight", self->names[at], error);
        named[at] = true;
        if (only && weight > 0 && !(self->roles[at].weight > 0)) {
            snprintf (error, 160,
                "--event-weight gives %.64s a weight, but --events does not name it",
                self->names[at]);
            return -1;
        }
        self->roles[at].weight = weight;
        list += length + (list[length] == ',');
    }
    return 0;
}

static int
s_read_dropped (
    events_t *self, const char *list, const events_t *targets, char error[160])
{
    while (*list) {
        size_t length = strcspn (list, ","),
               at = s_name (self, "drop-events", list, length, error);
        if (!at)
            return -1;
        if (at < targets->count) {
            snprintf (error, 160,
                "--drop-events leaves %.64s out, which --events or --event-weight "
                "names",
                self->names[at]);
            return -1;
        }
        if (self->roles[at].dropped)
            return s_twice ("drop-events", self->names[at], error);
        self->roles[at].dropped = true;
        list += length + (list[length] == ',');
    }
    return 0;
}

static int
s_read_seen (events_t *self, const char *list, char error[160])
{
    for (size_t i = 0; *list && i < self->count; i++)
        self->roles[i].seen = false;
    while (*list) {
        size_t length = strcspn (list, ","),
               at = s_name (self, "seen", list, length, error);
        if (!at)
            return -1;
        if (self->roles[at].dropped) {
            snprintf (error, 160, "--drop-events leaves %.64s out, which --seen names",
                self->names[at]);
            return -1;
        }
        if (self->roles[at].seen)
            return s_twice ("seen", self->names[at], error);
        self->roles[at].seen = true;
        list += length + (list[length] == ',');
    }
    return 0;
}

int
events_read (events_t *self, const events_lists_t *lists, char error[160])
{
    *self = (events_t){.count = 1};
    self->roles[0] = (dataset_role_t){.weight = 1, .seen = true};
    if (s_read_targets (self, lists->targets, error) ||
        s_read_weights (self, lists->weights, *lists->targets, error))
        return -1;
    const events_t targets = *self;
    return s_read_dropped (self, lists->dropped, &targets, error) ||
                   s_read_seen (self, lists->seen, error)
               ? -1
               : 0;
}

void
events_describe (const events_lists_t *lists, char text[EVENTS_DESCRIBED_SIZE])
{
    snprintf (text, EVENTS_DESCRIBED_SIZE, "%s%s%s%s%s%s%s%s",
        *lists->targets ? "; targets are " : "", lists->targets,
        *lists->weights ? "; they weigh " : "", lists->weights,
        *lists->dropped ? "; without " : "", lists->dropped,
        *lists->seen ? "; seen is what had " : "", lists->seen);
}
