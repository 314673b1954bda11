/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/all_users.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/query_rules.h"
#include "base/clock.h"
#include "base/progress.h"
#include "base/strbuf.h"
#include "cli/files/partfile.h"
#include "cli/offered.h"
#include "model/kernel/denormals.h"
#include "store/histories.h"

#define GROUP_USERS 64     /* a full batch of the encoder */
#define GROUP_ITEMS 200000 /* of their histories; then it is full, too */
#define USER_SIZE   256
#define KEEP_MS     5000 /* so much at most is done again after a kill */

/* Users on their way: read by one thread, computed and written by another. */
typedef struct {
    char (*user_ids)[USER_SIZE]; /* GROUP_USERS; owned, as is all here */
    size_t count;
    int64_t *items; /* the histories one after the other */
    size_t item_count;
    size_t item_room;
    size_t ends[GROUP_USERS]; /* of each history in items; behind it is what of the */
    size_t dropped[GROUP_USERS]; /* user's does not count, as many as that */
} group_t;

/* Groups go round in a ring: filled, then taken by a thread, then written in turn. */
typedef struct {
    const model_t *model;
    const all_users_options_t *options;
    offer_t *offer;      /* owned */
    rules_t rules;       /* of all; owned */
    strbuf_t rule_texts; /* its keys */
    bool csv;
    partfile_t *file;
    progress_t *progress;
    pthread_mutex_t mutex; /* for all below */
    pthread_cond_t changed;
    group_t *groups; /* ring_size */
    size_t ring_size;
    size_t filled; /* groups so far; the next one's place follows from it */
    size_t taken;
    size_t written;
    bool ended;  /* nothing more will be filled */
    bool failed; /* writing; error says why */
    char error[160];
    partfile_state_t state; /* last_user is not its, but in last_user */
    char last_user[USER_SIZE];
    group_t *open;  /* the reader's: being filled */
    uint64_t shown; /* interactions of this run */
    int64_t kept_ms;
} all_users_t;

/* One thread's. */
typedef struct {
    model_scratch_t *scratch;
    model_query_t queries[GROUP_USERS];
    model_answer_t answers[GROUP_USERS];
    int64_t *item_ids; /* GROUP_USERS x k */
    float *scores;     /* likewise */
    int64_t *exclude;  /* of all users of a group, where there are rules */
    strbuf_t text;
} desk_t;

/* Writing */

static void
s_add_csv_field (strbuf_t *line, const char *text)
{
    if (!strpbrk (text, ",\"")) {
        strbuf_add (line, text);
        return;
    }
    strbuf_add (line, "\"");
    for (; *text; text++)
        strbuf_add_bytes (line, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    strbuf_add (line, "\"");
}

/* NULL: the item has none. */
static const char *
s_key (const model_t *model, int64_t item_id)
{
    return model_item_key (model, (size_t)model_item_index (model, item_id));
}

static void
s_add_csv (strbuf_t *text, const char *user_id, const model_t *model,
    const model_answer_t *answer)
{
    bool keys = model_has_keys (model);
    for (size_t i = 0; i < answer->count; i++) {
        s_add_csv_field (text, user_id);
        strbuf_add (text, ",");
        strbuf_add_json_int (text, (int64_t)i + 1);
        strbuf_add (text, ",");
        const char *key = keys ? s_key (model, answer->item_ids[i]) : NULL;
        if (key)
            s_add_csv_field (text, key);
        else
            strbuf_add_json_int (text, answer->item_ids[i]);
        strbuf_add (text, ",");
        strbuf_add_json_float (text, answer->scores[i]);
        strbuf_add (text, "\n");
    }
}

static void
s_add_keys (strbuf_t *text, const model_t *model, const model_answer_t *answer)
{
    if (!model_has_keys (model))
        return;
    strbuf_add (text, ",\"item_keys\":[");
    for (size_t i = 0; i < answer->count; i++) {
        const char *key = s_key (model, answer->item_ids[i]);
        if (i > 0)
            strbuf_add (text, ",");
        if (key)
            strbuf_add_json_string (text, key);
        else
            strbuf_add (text, "null");
    }
    strbuf_add (text, "]");
}

static void
s_add_json (strbuf_t *text, const char *user_id, const model_t *model,
    const model_answer_t *answer)
{
    strbuf_add (text, "{\"user_id\":");
    strbuf_add_json_string (text, user_id);
    strbuf_add (text, ",\"item_ids\":");
    strbuf_add_json_int_array (text, answer->item_ids, answer->count);
    s_add_keys (text, model, answer);
    strbuf_add (text, ",\"scores\":");
    strbuf_add_json_float_array (text, answer->scores, answer->count);
    strbuf_add (text, ",\"model_version\":");
    strbuf_add_json_string (text, model_version (model));
    strbuf_add (text, answer->popular ? ",\"source\":\"popular\",\"history_used\":"
                                      : ",\"source\":\"model\",\"history_used\":");
    strbuf_add_json_int (text, (int64_t)answer->history_used);
    strbuf_add (text, ",\"unknown_dropped\":");
    strbuf_add_json_int (text, (int64_t)answer->unknown_dropped);
    strbuf_add (text, "}\n");
}

/* In turn, so that no two threads are here at once. */
static int
s_write (all_users_t *self, const group_t *group, const strbuf_t *text, char error[160])
{
    int64_t now_ms = clock_monotonic_ms ();
    if (partfile_write (self->file, text->data ? text->data : "", text->length, error))
        return -1;
    self->state.users += group->count;
    self->state.interactions += group->item_count;
    self->shown += group->item_count;
    snprintf (self->last_user, USER_SIZE, "%s", group->user_ids[group->count - 1]);
    char note[40];
    snprintf (note, sizeof note, "%" PRIu64 " users", self->state.users);
    progress_update (self->progress, self->shown, note);
    if (now_ms - self->kept_ms < KEEP_MS)
        return 0;
    self->kept_ms = now_ms;
    return partfile_keep (self->file, &self->state, error);
}

/* Computing */

/* What of the user's does not count is not recommended either, beside what the rules
 * exclude. Both come into one list where both are there; returns its end. */
static int64_t *
s_exclude (eligible_rules_t *rules, const int64_t *dropped, size_t count, int64_t *room)
{
    if (rules->include_seen || rules->only_seen || count == 0)
        return room;
    if (rules->exclude_count > 0) {
        memcpy (room, rules->exclude, rules->exclude_count * sizeof *room);
        memcpy (room + rules->exclude_count, dropped, count * sizeof *room);
    }
    rules->exclude = rules->exclude_count > 0 ? room : dropped;
    rules->exclude_count += count;
    return rules->exclude == room ? room + rules->exclude_count : room;
}

static void
s_compute (const all_users_t *self, const group_t *group, desk_t *desk)
{
    size_t k = self->options->k, begin = 0;
    size_t most = group->count * self->rules.exclude_count + group->item_count;
    desk->exclude = realloc (desk->exclude, (most + 1) * sizeof *desk->exclude);
    assert (desk->exclude);
    int64_t *room = desk->exclude;
    for (size_t i = 0; i < group->count; i++) {
        desk->queries[i] = (model_query_t){.history = group->items + begin,
            .history_count = group->ends[i] - begin,
            .k = k,
            .keys = self->rule_texts.data,
            .offer = self->offer};
        query_rules_set (&desk->queries[i], &self->rules);
        room = s_exclude (&desk->queries[i].rules, group->items + group->ends[i],
            group->dropped[i], room);
        desk->answers[i] = (model_answer_t){
            .item_ids = desk->item_ids + i * k, .scores = desk->scores + i * k};
        begin = group->ends[i] + group->dropped[i];
    }
    model_recommend (
        self->model, desk->scratch, desk->queries, group->count, desk->answers);
    strbuf_clear (&desk->text);
    for (size_t i = 0; i < group->count; i++)
        if (self->csv)
            s_add_csv (&desk->text, group->user_ids[i], self->model, &desk->answers[i]);
        else
            s_add_json (
                &desk->text, group->user_ids[i], self->model, &desk->answers[i]);
}

/* False: there are no more. */
static bool
s_take (all_users_t *self, size_t *turn)
{
    pthread_mutex_lock (&self->mutex);
    while (self->taken == self->filled && !self->ended && !self->failed)
        pthread_cond_wait (&self->changed, &self->mutex);
    bool taken = self->taken < self->filled && !self->failed;
    if (taken)
        *turn = self->taken++;
    pthread_mutex_unlock (&self->mutex);
    return taken;
}

static void
s_write_in_turn (
    all_users_t *self, size_t turn, const group_t *group, const strbuf_t *text)
{
    char error[160] = "";
    pthread_mutex_lock (&self->mutex);
    while (self->written < turn && !self->failed)
        pthread_cond_wait (&self->changed, &self->mutex);
    bool failed = self->failed;
    pthread_mutex_unlock (&self->mutex);
    failed = failed || s_write (self, group, text, error) != 0;
    pthread_mutex_lock (&self->mutex);
    if (failed && !self->failed) {
        self->failed = true;
        memcpy (self->error, error, sizeof error);
    }
    self->written++;
    pthread_cond_broadcast (&self->changed);
    pthread_mutex_unlock (&self->mutex);
}

static void *
s_work (void *context)
{
    all_users_t *self = context;
    size_t turn, places = GROUP_USERS * self->options->k;
    denormals_off ();
    desk_t *desk = calloc (1, sizeof *desk);
    assert (desk);
    desk->scratch = model_scratch_new (self->model, GROUP_USERS);
    desk->item_ids = malloc (places * sizeof *desk->item_ids);
    desk->scores = malloc (places * sizeof *desk->scores);
    assert (desk->item_ids && desk->scores);
    while (s_take (self, &turn)) {
        const group_t *group = &self->groups[turn % self->ring_size];
        s_compute (self, group, desk);
        s_write_in_turn (self, turn, group, &desk->text);
    }
    model_scratch_destroy (&desk->scratch);
    free (desk->item_ids);
    free (desk->scores);
    free (desk->exclude);
    strbuf_free (&desk->text);
    free (desk);
    return NULL;
}

/* Reading */

/* Waits for room, and opens the next group when none is open. False: writing failed. */
static bool
s_open_group (all_users_t *self)
{
    if (self->open)
        return true;
    pthread_mutex_lock (&self->mutex);
    while (self->filled - self->written == self->ring_size && !self->failed)
        pthread_cond_wait (&self->changed, &self->mutex);
    if (!self->failed)
        self->open = &self->groups[self->filled % self->ring_size];
    pthread_mutex_unlock (&self->mutex);
    if (self->open)
        self->open->count = self->open->item_count = 0;
    return self->open != NULL;
}

static void
s_hand_over (all_users_t *self)
{
    self->open = NULL;
    pthread_mutex_lock (&self->mutex);
    self->filled++;
    pthread_cond_broadcast (&self->changed);
    pthread_mutex_unlock (&self->mutex);
}

static void
s_add_items (group_t *group, const int64_t *items, size_t count)
{
    if (group->item_count + count > group->item_room) {
        group->item_room = 2 * (group->item_count + count);
        group->items = realloc (group->items, group->item_room * sizeof *group->items);
        assert (group->items);
    }
    if (count > 0)
        memcpy (group->items + group->item_count, items, count * sizeof *items);
    group->item_count += count;
}

static void
s_add_user (group_t *group, const history_t *history)
{
    size_t place = group->count++;
    snprintf (group->user_ids[place], USER_SIZE, "%s", history->user_id);
    s_add_items (group, history->items, history->count);
    group->ends[place] = group->item_count;
    s_add_items (group, history->dropped, history->dropped_count);
    group->dropped[place] = history->dropped_count;
}

static bool
s_read_user (void *context, const history_t *history)
{
    all_users_t *self = context;
    if (!s_open_group (self))
        return false;
    s_add_user (self->open, history);
    if (self->open->count == GROUP_USERS || self->open->item_count >= GROUP_ITEMS)
        s_hand_over (self);
    return true;
}

/* The whole of it */

static void
s_start (all_users_t *self, pthread_t *threads)
{
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->changed, NULL);
    self->ring_size = 2 * self->options->threads + 1;
    self->groups = calloc (self->ring_size, sizeof *self->groups);
    assert (self->groups);
    for (size_t i = 0; i < self->ring_size; i++) {
        self->groups[i].user_ids = malloc (GROUP_USERS * USER_SIZE);
        assert (self->groups[i].user_ids);
    }
    self->kept_ms = clock_monotonic_ms ();
    for (size_t i = 0; i < self->options->threads; i++) {
        int rc = pthread_create (&threads[i], NULL, s_work, self);
        assert (rc == 0);
    }
}

/* When all that was read is written. */
static void
s_end (all_users_t *self, pthread_t *threads)
{
    pthread_mutex_lock (&self->mutex);
    self->ended = true;
    pthread_cond_broadcast (&self->changed);
    pthread_mutex_unlock (&self->mutex);
    for (size_t i = 0; i < self->options->threads; i++)
        pthread_join (threads[i], NULL);
    for (size_t i = 0; i < self->ring_size; i++) {
        free (self->groups[i].user_ids);
        free (self->groups[i].items);
    }
    free (self->groups);
    pthread_cond_destroy (&self->changed);
    pthread_mutex_destroy (&self->mutex);
}

/* -1 with self->error. */
static int
s_read_all (all_users_t *self, db_t *db)
{
    char error[160], after[USER_SIZE];
    pthread_t *threads = calloc (self->options->threads, sizeof *threads);
    assert (threads);
    snprintf (after, sizeof after, "%s", self->last_user);
    s_start (self, threads);
    int rc = histories_each (
        db, after, model_dropped (self->model), s_read_user, self, error);
    if (self->open)
        s_hand_over (self);
    s_end (self, threads);
    free (threads);
    if (rc && !self->failed) { /* all that was read is written, and need not be again */
        memcpy (self->error, error, sizeof error);
        partfile_keep (self->file, &self->state, error);
    }
    return rc || self->failed ? -1 : 0;
}

/* What the content of the file depends on. */
static json_t *
s_terms (const all_users_t *self)
{
    strbuf_t text = STRBUF_EMPTY;
    rules_t others = self->rules;
    others.include_seen = false;
    rules_add_members (&others, &text);
    json_t *terms = json_pack ("{s:s,s:I,s:b,s:s*,s:s}", "model_version",
        model_version (self->model), "k", (json_int_t)self->options->k, "include_seen",
        (int)self->rules.include_seen, "rules", text.data, "format",
        self->csv ? "csv" : "jsonl");
    assert (terms);
    strbuf_free (&text);
    return terms;
}

static int
s_go_on (all_users_t *self)
{
    static const char header[] = "user_id,rank,item_id,score\n";
    const partfile_state_t *kept = partfile_state (self->file);
    self->state = *kept;
    snprintf (self->last_user, USER_SIZE, "%s", kept->last_user);
    self->state.last_user = self->last_user;
    return self->csv && kept->bytes == 0
               ? partfile_write (self->file, header, sizeof header - 1, self->error)
               : 0;
}

static void
s_show (all_users_t *self, const command_t *command, db_t *db)
{
    uint64_t total = histories_estimate (db), done = self->state.interactions;
    self->progress = progress_new ("recommend", "interactions",
        total > done ? total - done : 0, command->quiet || command->json);
    if (done > 0)
        progress_say (self->progress, "Goes on after user %s, the %" PRIu64 "th.",
            self->last_user, self->state.users);
}

static int
s_answer (const all_users_t *self, const command_t *command, double seconds)
{
    const all_users_options_t *options = self->options;
    if (command->json) {
        json_t *answer = json_pack ("{s:s,s:I,s:I,s:s,s:f}", "file", options->path,
            "users", (json_int_t)self->state.users, "interactions",
            (json_int_t)self->state.interactions, "model_version",
            model_version (self->model), "seconds", seconds);
        return command_answer (command, &answer);
    }
    fprintf (stderr, "Wrote the top %zu of %" PRIu64 " users to %s in %.0f s.\n",
        options->k, self->state.users, options->path, seconds);
    return COMMAND_DONE;
}

static int
s_run (all_users_t *self, const command_t *command, db_t *db, const json_t *terms)
{
    int64_t started_ms = clock_monotonic_ms ();
    self->file =
        partfile_new (self->options->path, terms, self->options->resume, self->error);
    int rc = self->file ? s_go_on (self) : -1;
    if (rc == 0) {
        self->offer = offered_read (db, self->model, self->error);
        rc = self->offer ? 0 : -1;
    }
    if (rc == 0) {
        s_show (self, command, db);
        rc = s_read_all (self, db);
        progress_destroy (&self->progress);
    }
    if (rc == 0)
        rc = partfile_commit (&self->file, self->error);
    partfile_destroy (&self->file);
    offer_destroy (&self->offer);
    if (rc)
        return command_fail (command, "%s", self->error);
    return s_answer (
        self, command, (double)(clock_monotonic_ms () - started_ms) * 1e-3);
}

bool
all_users_format (const char *path)
{
    const char *dot = strrchr (path, '.');
    return dot && (strcmp (dot, ".csv") == 0 || strcmp (dot, ".jsonl") == 0);
}

int
all_users_run (
    const command_t *command, const model_t *model, const all_users_options_t *options)
{
    all_users_t self = {
        .model = model, .options = options, .rules.texts = &self.rule_texts};
    self.csv = strcmp (strrchr (options->path, '.'), ".csv") == 0;
    db_t *db = command_database (command);
    if (!db)
        return COMMAND_FAILED;
    int status = COMMAND_FAILED;
    if (rule_options_read (options->rules, model, db, &self.rules, self.error))
        command_fail (command, "%s", self.error);
    else {
        json_t *terms = s_terms (&self);
        status = s_run (&self, command, db, terms);
        json_decref (terms);
    }
    rules_free (&self.rules);
    strbuf_free (&self.rule_texts);
    db_destroy (&db);
    return status;
}
