/* sasrec dlq. SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bridge/dead_letter.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "base/timestamp.h"

#define WAIT_MS    10000 /* without progress */
#define VALUE_SHOW 120   /* bytes of a value that people see */

typedef struct {
    const char *action;
    bool all; /* those that were replayed before, too */
} s_options_t;

static const struct argp_option s_options[] = {
    {"all", 'a', 0, 0, "list: those that were replayed before, too", 0}, {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    switch (key) {
    case 'a':
        options->all = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->action ||
            (strcmp (text, "list") != 0 && strcmp (text, "replay") != 0))
            argp_error (state, "what to do? say 'list' or 'replay'");
        options->action = text;
        return 0;
    case ARGP_KEY_END:
        if (!options->action)
            argp_error (state, "what to do? say 'list' or 'replay'");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const command_spec_t s_spec = {
    .name = "sasrec dlq",
    .arguments = "list|replay",
    .help = "Messages that could not be read from Kafka are kept as they came in the "
            "topic inference.dlq, with the reason. 'list' shows those that wait; "
            "'replay' sends each of them back to the topic it came from, once: after "
            "the cause was mended. What dies again comes back as a new letter.",
    .examples = "sasrec dlq list\n"
                "sasrec dlq replay",
    .options = s_options,
    .parser = s_parse,
    .settings = command_kafka_settings,
    .speaks_json = true,
};

/* Any bytes may be in there: no control character reaches the terminal. */
static void
s_print_value (const dead_letter_t *letter)
{
    const unsigned char *bytes = letter->value;
    size_t count = letter->value_size < VALUE_SHOW ? letter->value_size : VALUE_SHOW;
    fputs ("    ", stdout);
    for (size_t i = 0; i < count; i++)
        putchar (bytes[i] >= 32 && bytes[i] < 127 ? bytes[i] : '.');
    puts (count < letter->value_size ? " ..." : "");
}

static void
s_print (void *context, const dead_letter_t *letter)
{
    char when[TIMESTAMP_SIZE];
    (void)context;
    timestamp_format (letter->failed_at_ms * 1000, when);
    printf ("%" PRId32 ":%" PRId64 "  %s  from %s %" PRId32 ":%" PRId64
            "  %s, attempt %d: %s\n",
        letter->partition, letter->offset, when, letter->topic,
        letter->origin_partition, letter->origin_offset, letter->class,
        letter->attempts, letter->reason);
    s_print_value (letter);
}

/* value is null when it is no text. */
static void
s_collect (void *context, const dead_letter_t *letter)
{
    json_t *value = json_stringn (letter->value, letter->value_size);
    json_array_append_new (context,
        json_pack ("{s:i,s:I,s:s,s:i,s:I,s:s,s:s,s:i,s:I,s:i,s:o*}", "partition",
            letter->partition, "offset", (json_int_t)letter->offset, "topic",
            letter->topic, "origin_partition", letter->origin_partition,
            "origin_offset", (json_int_t)letter->origin_offset, "class", letter->class,
            "reason", letter->reason, "attempts", letter->attempts, "failed_at_ms",
            (json_int_t)letter->failed_at_ms, "bytes", (int)letter->value_size, "value",
            value));
}

static int
s_run (const command_t *self, const char *servers)
{
    const s_options_t *options = self->options;
    bool replay = strcmp (options->action, "replay") == 0;
    const dead_letter_options_t wanted = {servers, options->all && !replay, WAIT_MS};
    json_t *letters = json_array ();
    dead_letter_row_f *row = self->json ? s_collect : replay ? NULL : s_print;
    uint64_t count = 0;
    char error[160];
    int rc = replay ? dead_letters_replay (&wanted, row, letters, &count, error)
                    : dead_letters_list (&wanted, row, letters, &count, error);
    json_t *answer = json_pack ("{s:I,s:o}", replay ? "replayed" : "count",
        (json_int_t)count, "letters", letters);
    if (rc == 0 && self->json)
        return command_answer (self, &answer);
    json_decref (answer);
    if (rc)
        return command_fail (self, "%s", error);
    printf ("%" PRIu64 " letter%s%s.\n", count, count == 1 ? "" : "s",
        replay ? " sent back" : "");
    return COMMAND_DONE;
}

int
command_dlq (int argc, char **argv)
{
    s_options_t options = {0};
    command_t *self = command_new (&s_spec, &options, argc, argv);
    if (!self)
        return COMMAND_FAILED;
    const char *servers = command_kafka (self);
    int status = servers ? s_run (self, servers) : COMMAND_FAILED;
    command_destroy (&self);
    return status;
}
