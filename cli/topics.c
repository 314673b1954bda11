/* sasrec topics. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "bridge/admin.h"
#include "cli/command.h"
#include "cli/commands.h"

#define WAIT_MS 30000 /* a broker that is starting takes its time */
#define DIFFER  3     /* status: a topic is not as it should be */

typedef struct {
    const char *action;
    int64_t partitions;
    int64_t replication;
} s_options_t;

static const struct argp_option s_options[] = {
    {"partitions", 'p', "N", 0, "of each topic that has more than one (12)", 0},
    {"replication", 'r', "N", 0, "copies of each (the broker's default)", 0}, {0}};

static error_t
s_parse (int key, char *text, struct argp_state *state)
{
    command_t *self = state->input;
    s_options_t *options = self->options;
    switch (key) {
    case 'p':
        options->partitions = command_integer (state, "--partitions", text, 1, 10000);
        return 0;
    case 'r':
        options->replication = command_integer (state, "--replication", text, 1, 100);
        return 0;
    case ARGP_KEY_ARG:
        if (options->action || strcmp (text, "create") != 0)
            argp_error (state, "what to do? 'sasrec topics create' is all there is");
        options->action = text;
        return 0;
    case ARGP_KEY_END:
        if (!options->action)
            argp_error (state, "what to do? say 'sasrec topics create'");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const command_spec_t s_spec = {
    .name = "sasrec topics",
    .arguments = "create",
    .help = "Create the topics in Kafka that do not exist yet, with their partitions, "
            "retention and message sizes. Those that exist stay as they are, so it may "
            "run at every start of a broker; it waits half a minute for one. The "
            "status is 3 when "
            "one that exists has another number of partitions than it should.",
    .examples = "sasrec topics create --partitions 12",
    .options = s_options,
    .parser = s_parse,
    .settings = command_kafka_settings,
    .speaks_json = true,
};

static int
s_answer (const command_t *self, const topics_report_t *reports)
{
    json_t *topics = json_array ();
    int differ = 0;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const char *name = topic_name ((topic_t)i);
        if (reports[i].partitions != reports[i].wanted) {
            differ++;
            fprintf (stderr,
                "sasrec topics: %s has %d partition%s, not %d: no more processes than "
                "that share its messages. Kafka adds some (kafka-topics --alter), or "
                "say --partitions %d.\n",
                name, reports[i].partitions, reports[i].partitions == 1 ? "" : "s",
                reports[i].wanted, reports[i].partitions);
        }
        if (!self->json)
            printf ("%-22s %2d partition%s %s\n", name, reports[i].partitions,
                reports[i].partitions == 1 ? ", " : "s,",
                reports[i].created ? "created" : "existed");
        json_array_append_new (
            topics, json_pack ("{s:s,s:i,s:i,s:b}", "name", name, "partitions",
                        reports[i].partitions, "wanted", reports[i].wanted, "created",
                        reports[i].created));
    }
    json_t *answer = json_pack ("{s:o}", "topics", topics);
    if (self->json && command_answer (self, &answer) != COMMAND_DONE)
        return COMMAND_FAILED;
    json_decref (answer);
    return differ ? DIFFER : COMMAND_DONE;
}

static int
s_run (const command_t *self, const char *servers)
{
    const s_options_t *options = self->options;
    topics_report_t reports[TOPIC_COUNT];
    char error[160];
    const topics_options_t wanted = {.bootstrap_servers = servers,
        .partitions = (int)options->partitions,
        .replication = (int)options->replication,
        .timeout_ms = WAIT_MS};
    if (topics_create (&wanted, reports, error))
        return command_fail (self, "%s", error);
    return s_answer (self, reports);
}

int
command_topics (int argc, char **argv)
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
