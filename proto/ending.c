/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ending.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/actor/wire.h"

ending_t *
ending_new (const char *status)
{
    ending_t *self = calloc (1, sizeof *self);
    assert (self);
    snprintf (self->status, sizeof self->status, "%s", status);
    return self;
}

void
ending_destroy (ending_t **self_p)
{
    if (*self_p)
        free ((*self_p)->request_ids);
    free (*self_p);
    *self_p = NULL;
}

/* Rooms of 1, 2, 4, ...: a new one when the count is the last one's. */
bool
ending_add (ending_t *self, const char *request_id)
{
    size_t count = self->count;
    if (count == ENDING_ROOM)
        return false;
    if ((count & (count - 1)) == 0) {
        size_t room = count ? 2 * count : 1;
        self->request_ids =
            realloc (self->request_ids, room * sizeof *self->request_ids);
        assert (self->request_ids);
    }
    snprintf (self->request_ids[count], sizeof *self->request_ids, "%s", request_id);
    self->count++;
    return true;
}

int
ending_send (ending_t **self_p, zsock_t *socket)
{
    if (wire_send (socket, ENDING_TAG, *self_p))
        return -1;
    *self_p = NULL;
    return 0;
}

ending_t *
ending_recv (zsock_t *socket)
{
    return wire_recv (socket, ENDING_TAG);
}

void
ending_to_json (const ending_t *self, strbuf_t *out)
{
    strbuf_add (out, "{\"status\":");
    strbuf_add_json_string (out, self->status);
    strbuf_add (out, ",\"request_ids\":[");
    for (size_t i = 0; i < self->count; i++) {
        if (i > 0)
            strbuf_add (out, ",");
        strbuf_add_json_string (out, self->request_ids[i]);
    }
    strbuf_add (out, "]}");
}

static ending_t *
s_read (const json_t *object, json_fault_t *fault)
{
    const char *status = NULL;
    if (json_read_string (
            object, "status", 1, sizeof ((ending_t *)0)->status - 1, &status, fault))
        return NULL;
    if (!status) {
        snprintf (fault->detail, sizeof fault->detail, "status is missing");
        return NULL;
    }
    const json_t *ids = json_read_strings (
        object, "request_ids", ENDING_ROOM, 1, PROTO_ID_SIZE - 1, fault);
    if (!ids)
        return NULL;
    ending_t *self = ending_new (status);
    for (size_t i = 0; i < json_array_size (ids); i++)
        ending_add (self, json_string_value (json_array_get (ids, i)));
    return self;
}

ending_t *
ending_from_json (const char *json, size_t length, json_fault_t *fault)
{
    json_t *object = json_read_object (json, length, fault);
    ending_t *self = object ? s_read (object, fault) : NULL;
    json_decref (object);
    return self;
}
