/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ending.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/actor/wire.h"

ending_t *
ending_new (const char *request_id, const char *status)
{
    ending_t *self = calloc (1, sizeof *self);
    assert (self);
    snprintf (self->request_id, sizeof self->request_id, "%s", request_id);
    snprintf (self->status, sizeof self->status, "%s", status);
    return self;
}

void
ending_destroy (ending_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
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
    strbuf_add (out, "{\"request_id\":");
    strbuf_add_json_string (out, self->request_id);
    strbuf_add (out, ",\"status\":");
    strbuf_add_json_string (out, self->status);
    strbuf_add (out, "}");
}

ending_t *
ending_from_json (const char *json, size_t length, json_fault_t *fault)
{
    ending_t *self = NULL;
    const char *id = NULL, *status = NULL;
    json_t *object = json_read_object (json, length, fault);
    if (object &&
        json_read_string (object, "request_id", 1, PROTO_ID_SIZE - 1, &id, fault) ==
            0 &&
        json_read_string (
            object, "status", 1, sizeof self->status - 1, &status, fault) == 0) {
        if (id && status)
            self = ending_new (id, status);
        else
            snprintf (fault->detail, sizeof fault->detail, "%s is missing",
                id ? "status" : "request_id");
    }
    json_decref (object);
    return self;
}
