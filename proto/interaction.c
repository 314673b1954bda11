/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/interaction.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/actor/wire.h"
#include "proto/item_list.h"

void
interaction_destroy (interaction_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

interaction_t *
interaction_recv (zsock_t *socket)
{
    return wire_recv (socket, INTERACTION_TAG);
}

static int
s_read_identity (
    interaction_t *self, const json_t *object, const char *name, json_fault_t *fault)
{
    const char *event_id = NULL, *created_at = NULL;
    if (json_read_string (object, "event_id", 36, 36, &event_id, fault) ||
        json_read_string (
            object, "created_at", 1, PROTO_TIME_SIZE - 1, &created_at, fault))
        return -1;
    if (event_id && !uuid_valid (event_id))
        return json_fail (fault, "/event_id", "event_id must be a UUID");
    if (created_at && strspn (created_at, "0123456789TtZz:+-. ") != strlen (created_at))
        return json_fail (
            fault, "/created_at", "created_at must be a time as in RFC 3339");
    if (event_id)
        memcpy (self->event_id, event_id, sizeof self->event_id);
    else if (name)
        uuid_derive (name, self->event_id);
    else
        self->event_id[0] = '\0';
    snprintf (
        self->created_at, sizeof self->created_at, "%s", created_at ? created_at : "");
    return 0;
}

/* What was done, and how much of it. */
static int
s_read_event (interaction_t *self, const json_t *object, json_fault_t *fault)
{
    const char *event = NULL;
    self->value = 0;
    if (json_read_string (object, "event", 1, PROTO_EVENT_SIZE - 1, &event, fault) ||
        json_read_number (object, "value", &self->value, fault))
        return -1;
    self->has_value = json_read_given (object, "value");
    snprintf (self->event, sizeof self->event, "%s", event ? event : "");
    return 0;
}

const char *const interaction_fields[] = {
    "user_id", "item_id", "event_id", "created_at", "event", "value", NULL};

static int
s_read_item (interaction_t *self, const json_t *object, json_fault_t *fault)
{
    const json_t *item = json_object_get (object, "item_id");
    self->item_id = -1;
    self->item_key[0] = '\0';
    if (!json_read_given (object, "item_id"))
        return json_fail (fault, "/item_id", "item_id is required");
    if (item_list_read_one (item, &self->item_id, self->item_key) == 0)
        return 0;
    return json_fail (fault, "/item_id", "item_id " ITEM_LIST_MUST_BE);
}

int
interaction_read (
    interaction_t *self, const json_t *object, const char *name, json_fault_t *fault)
{
    const char *user_id = NULL;
    if (json_read_string (object, "user_id", 1, PROTO_ID_SIZE - 1, &user_id, fault))
        return -1;
    if (!user_id)
        return json_fail (fault, "/user_id", "user_id is required");
    if (s_read_item (self, object, fault))
        return -1;
    snprintf (self->user_id, sizeof self->user_id, "%s", user_id);
    if (s_read_event (self, object, fault))
        return -1;
    return s_read_identity (self, object, name, fault);
}

interaction_t *
interaction_from_json (
    const char *text, size_t length, const char *name, json_fault_t *fault)
{
    json_t *object = json_read_object (text, length, fault);
    if (!object)
        return NULL;
    interaction_t *self = calloc (1, sizeof *self);
    assert (self);
    if (interaction_read (self, object, name, fault))
        interaction_destroy (&self);
    json_decref (object);
    return self;
}
