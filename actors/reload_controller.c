/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/reload_controller.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "actors/endpoints.h"
#include "base/clock.h"
#include "base/health.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/strbuf.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/load.h"
#include "base/actor/control.h"
#include "proto/reload.h"
#include "base/actor/wire.h"

#define REASON_SIZE 240

/* One state of one file: what changes when it is written anew. */
typedef struct {
    char version[CHECKPOINT_VERSION_SIZE];
    int64_t size;
    int64_t modified_ns;
    uint64_t inode;
} identity_t;

typedef struct {
    const reload_controller_args_t *args; /* borrowed */
    zsock_t *reloads;
    char version[CHECKPOINT_VERSION_SIZE]; /* in the slot; "" before the first */
    identity_t rejected; /* what `current` named and was refused; version "" = none */
    char reason[REASON_SIZE]; /* why the last look did not end with `current` in use */
    bool refusing;            /* `current` names a file that was refused */
    int64_t look_ms;          /* when to look next */
    health_t *health;
    metric_t *info; /* labelled with the version; NULL before the first */
    metric_t *loaded_at;
    metric_t *loaded;
    metric_t *refused;
    metric_t *refusal; /* what refusing says */
    metric_t *bf16;    /* what in_bf16 says */
    bool in_bf16;      /* the encoder of the model in the slot */
} self_t;

static self_t *
s_new (const reload_controller_args_t *args)
{
    self_t *self = calloc (1, sizeof *self);
    assert (self);
    self->args = args;
    self->health = health_check ("model", true);
    self->loaded_at = metrics_gauge ("sasrec_model_loaded_timestamp_seconds",
        "When the model in use was loaded (unix time); 0 = none yet.", "");
    const char *help = "Attempts to load a checkpoint.";
    self->loaded =
        metrics_counter ("sasrec_model_reloads_total", help, "outcome=\"loaded\"");
    self->refused =
        metrics_counter ("sasrec_model_reloads_total", help, "outcome=\"rejected\"");
    self->refusal = metrics_gauge ("sasrec_model_refused",
        "1 while the checkpoint that `current` names is refused.", "");
    self->bf16 = metrics_gauge ("sasrec_model_encoder_bf16",
        "1 while the encoder of the model in use multiplies in bf16.", "");
    return self;
}

static void
s_destroy (self_t **self_p)
{
    self_t *self = *self_p;
    reload_t *reload;
    while (self->reloads && (reload = reload_recv (self->reloads))) {
        if (reload->ticket)
            ticket_answer (
                reload->ticket, TICKET_UNAVAILABLE, "the server is stopping");
        reload_destroy (&reload);
    }
    wire_destroy (&self->reloads);
    metric_destroy (&self->info);
    free (self);
    *self_p = NULL;
}

static void
s_identify (const char *version, const char *path, identity_t *identity)
{
    struct stat file;
    *identity = (identity_t){0};
    snprintf (identity->version, sizeof identity->version, "%s", version);
    if (stat (path, &file) == 0) {
        identity->size = file.st_size;
        identity->modified_ns =
            file.st_mtim.tv_sec * INT64_C (1000000000) + file.st_mtim.tv_nsec;
        identity->inode = file.st_ino;
    }
}

static bool
s_same (const identity_t *a, const identity_t *b)
{
    return strcmp (a->version, b->version) == 0 && a->size == b->size &&
           a->modified_ns == b->modified_ns && a->inode == b->inode;
}

static void
s_announce (self_t *self, const char *version)
{
    strbuf_t json = STRBUF_EMPTY;
    strbuf_add (&json, "{\"version\":");
    strbuf_add_json_string (&json, version);
    strbuf_add (&json, ",\"previous\":");
    if (self->version[0])
        strbuf_add_json_string (&json, self->version);
    else
        strbuf_add (&json, "null");
    strbuf_add (&json, "}");
    live_publish (self->args->live, "model", json.data);
    strbuf_free (&json);
}

static void
s_log_trial (const char *version, const bf16_trial_t *trial)
{
    const char *reason = !trial->possible ? "this machine has no faster kernel for bf16"
                         : !trial->used   ? "bf16 loses too much"
                                          : NULL;
    log_info ("reload_controller.encoder_precision", log_str ("version", version),
        log_str ("precision", trial->used ? "bf16" : "f32"),
        log_optional ("reason", reason),
        log_int ("histories", (int64_t)trial->histories),
        log_real ("ndcg_loss", trial->loss),
        log_real ("ndcg_loss_most", BF16_TRIAL_LOSS_MOST));
}

/* A file under another name than its own is refused: results would name a version that
 * is another file, or none. */
static model_t *
s_read (self_t *self, const char *path, const char *version, char error[160])
{
    bf16_trial_t trial;
    model_t *model = self->args->bf16 ? load_model_in_bf16 (path, &trial, error)
                                      : load_model (path, error);
    if (model && strcmp (model_version (model), version) != 0) {
        snprintf (error, 160, "the file holds version %s", model_version (model));
        model_destroy (&model);
    }
    if (model && self->args->bf16)
        s_log_trial (version, &trial);
    return model;
}

static void
s_show_version (self_t *self)
{
    char labels[CHECKPOINT_VERSION_SIZE + 24];
    snprintf (labels, sizeof labels, "model_version=\"%s\"", self->version);
    metric_destroy (&self->info);
    self->info = metrics_gauge ("sasrec_model_info", "The model in use.", labels);
    metric_set (self->info, 1);
    metric_set (self->bf16, self->in_bf16);
    metric_set (self->loaded_at, (double)clock_unix_ms () / 1000);
}

/* 0: that version is in the slot now. -1: the file was refused, error says why. */
static int
s_load (self_t *self, const char *version, char error[160])
{
    char path[CHECKPOINT_PATH_SIZE];
    if (checkpoint_path (self->args->folder, version, path)) {
        snprintf (error, 160, "the name of the version or the folder is too long");
        return -1;
    }
    int64_t start_ms = clock_monotonic_ms ();
    model_t *model = s_read (self, path, version, error);
    if (!model) {
        metric_add (self->refused, 1);
        log_warn ("reload_controller.rejected", log_str ("version", version),
            log_str ("in_use", self->version), log_str ("reason", error));
        return -1;
    }
    log_info ("reload_controller.loaded", log_str ("version", version),
        log_str ("previous", self->version),
        log_int ("items", (int64_t)model_item_count (model)),
        log_int ("ms", clock_monotonic_ms () - start_ms));
    self->in_bf16 = model_uses_bf16 (model);
    model_keep_histories (model, self->args->cache_bytes);
    model_slot_put (self->args->slot, &model);
    memory_give_back (); /* the file and what was made of it; often the old model, too */
    s_announce (self, version);
    snprintf (self->version, sizeof self->version, "%s", version);
    metric_add (self->loaded, 1);
    s_show_version (self);
    return 0;
}

/* There is no model at all: the newest previous version that loads is better. */
static void
s_fall_back (self_t *self, const char *refused)
{
    char error[160];
    json_t *versions = checkpoint_list (self->args->folder);
    for (size_t i = 0; !self->version[0] && i < json_array_size (versions); i++) {
        const json_t *entry = json_array_get (versions, i);
        const char *version = json_string_value (json_object_get (entry, "version"));
        if (version && strcmp (version, refused) != 0)
            s_load (self, version, error);
    }
    json_decref (versions);
}

static void
s_keep (self_t *self, const char *reason)
{
    self->refusing = false;
    snprintf (self->reason, sizeof self->reason, "%s", reason);
}

/* Loads what `current` names, unless it is in use or was refused before. */
static void
s_follow (self_t *self, const char *version, bool asked)
{
    char path[CHECKPOINT_PATH_SIZE] = "", error[160];
    identity_t identity;
    if (strcmp (version, self->version) == 0) {
        s_keep (self, "");
        return;
    }
    checkpoint_path (self->args->folder, version, path);
    s_identify (version, path, &identity);
    if (!asked && s_same (&identity, &self->rejected))
        return;
    if (s_load (self, version, error) == 0) {
        self->rejected = (identity_t){0};
        s_keep (self, "");
        return;
    }
    self->rejected = identity;
    self->refusing = true;
    snprintf (self->reason, sizeof self->reason, "%s refused: %s", version, error);
    s_fall_back (self, version);
}

static void
s_publish_health (self_t *self)
{
    char text[REASON_SIZE + 80];
    if (!self->version[0])
        snprintf (text, sizeof text, "%s", self->reason);
    else if (self->reason[0])
        snprintf (
            text, sizeof text, "%s stays in use: %s", self->version, self->reason);
    else
        snprintf (text, sizeof text, "%s%s", self->version,
            self->in_bf16 ? ", its encoder in bf16" : "");
    health_set (self->health, self->version[0] != 0, text);
    metric_set (self->refusal, self->refusing);
}

static void
s_look (self_t *self, bool asked)
{
    char version[CHECKPOINT_VERSION_SIZE], error[160];
    int rc = checkpoint_current (self->args->folder, version, error);
    if (rc == 0)
        s_follow (self, version, asked);
    else
        s_keep (self, rc > 0 ? "no model yet: run 'sasrec train'" : error);
    if (rc < 0 && !self->version[0])
        s_fall_back (self, "");
    s_publish_health (self);
    self->look_ms = clock_monotonic_ms () + self->args->check_ms;
}

/* Any number of wishes is one look; its answer is everybody's. */
static void
s_handle_reloads (self_t *self)
{
    reload_t *reload;
    bool looked = false;
    while ((reload = reload_recv (self->reloads))) {
        if (!looked)
            s_look (self, true);
        looked = true;
        if (reload->ticket && self->reason[0])
            ticket_answer (reload->ticket, TICKET_FAILED, self->reason);
        else if (reload->ticket)
            ticket_answer (reload->ticket, TICKET_DONE, self->version);
        reload_destroy (&reload);
    }
}

static const char *
reload_controller_start (void *context)
{
    self_t *self = context;
    self->reloads = wire_pull_new (self->args->reload_endpoint, ENDPOINT_RELOAD_LIMIT);
    return self->reloads ? NULL : "reload_controller: an endpoint of its name is taken";
}

static bool
reload_controller_serve (void *context, zsock_t *pipe)
{
    self_t *self = context;
    zmq_pollitem_t items[] = {
        {zsock_resolve (pipe), 0, ZMQ_POLLIN, 0},
        {zsock_resolve (self->reloads), 0, ZMQ_POLLIN, 0},
    };
    int64_t wait_ms = self->look_ms - clock_monotonic_ms ();
    zmq_poll (items, 2, wait_ms > 0 ? (long)wait_ms : 0);
    if (items[0].revents)
        return true;
    if (items[1].revents)
        s_handle_reloads (self);
    else if (clock_monotonic_ms () >= self->look_ms)
        s_look (self, false);
    return false;
}

void
reload_controller_actor (zsock_t *pipe, void *args)
{
    const control_life_t life = {
        reload_controller_start, reload_controller_serve, NULL};
    self_t *self = s_new (args);
    control_run (pipe, self, &life);
    s_destroy (&self);
}
