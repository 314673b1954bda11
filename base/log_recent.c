/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_recent.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static char *s_lines[LOG_RECENT_LIMIT]; /* used in turns */
static size_t s_next;

void
log_recent_keep (const char *line, size_t length)
{
    char *copy = strndup (line, length);
    assert (copy);
    pthread_mutex_lock (&s_lock);
    char *forgotten = s_lines[s_next];
    s_lines[s_next] = copy;
    s_next = (s_next + 1) % LOG_RECENT_LIMIT;
    pthread_mutex_unlock (&s_lock);
    free (forgotten);
}

void
log_recent_to_json (strbuf_t *out)
{
    const char *comma = "";
    strbuf_add (out, "[");
    pthread_mutex_lock (&s_lock);
    for (size_t i = 1; i <= LOG_RECENT_LIMIT; i++) {
        const char *line = s_lines[(s_next + LOG_RECENT_LIMIT - i) % LOG_RECENT_LIMIT];
        if (!line)
            break;
        strbuf_add (out, comma);
        strbuf_add (out, line);
        comma = ",";
    }
    pthread_mutex_unlock (&s_lock);
    strbuf_add (out, "]");
}
