/* Commands between main and an actor. SPDX-License-Identifier: Apache-2.0 */
#include "actors/control.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    control_t control;
} s_words[] = {
    {"$TERM", CONTROL_TERM}, {"START", CONTROL_START}, {"QUIESCE", CONTROL_QUIESCE}};

control_t
control_recv (zsock_t *pipe)
{
    char *word = zstr_recv (pipe);
    control_t control = word ? CONTROL_UNKNOWN : CONTROL_TERM;
    for (size_t i = 0; word && i < sizeof s_words / sizeof s_words[0]; i++)
        if (strcmp (word, s_words[i].word) == 0)
            control = s_words[i].control;
    zstr_free (&word);
    return control;
}

void
control_reply (zsock_t *pipe, const char *error)
{
    zstr_send (pipe, error ? error : "OK");
}

void
control_refuse (zsock_t *pipe)
{
    zstr_send (pipe, "unknown command");
}

int
control_ask (
    zactor_t *actor, const char *word, int timeout_ms, char error[CONTROL_ERROR_SIZE])
{
    zsock_set_rcvtimeo (actor, timeout_ms);
    char *reply = zstr_send (actor, word) ? NULL : zstr_recv (actor);
    zsock_set_rcvtimeo (actor, -1); /* zactor_destroy waits as long as it takes */
    int rc = reply && strcmp (reply, "OK") == 0 ? 0 : -1;
    if (rc)
        snprintf (error, CONTROL_ERROR_SIZE, "%s",
            reply ? reply : "it gave no reply in time");
    zstr_free (&reply);
    return rc;
}
