/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/drift_watch.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "model/drift/window.h"

struct drift_watch {
    pthread_mutex_t mutex;
    char version[MODEL_VERSION_SIZE]; /* of the watched model; "" before the first */
    baseline_t baseline;              /* its own */
    window_t *window;
    int64_t publish_ms;             /* when next; 0: at once */
    metric_t *requests;             /* NULL: nothing to compare with */
    metric_t *index[FEATURE_COUNT]; /* likewise */
};

drift_watch_t *
drift_watch_new (void)
{
    drift_watch_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    self->window = window_new ();
    return self;
}

static void
s_forget (drift_watch_t *self)
{
    metric_destroy (&self->requests);
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        metric_destroy (&self->index[i]);
}

void
drift_watch_destroy (drift_watch_t **self_p)
{
    drift_watch_t *self = *self_p;
    if (!self)
        return;
    s_forget (self);
    window_destroy (&self->window);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

static metric_t *
s_requests (const char *version)
{
    char labels[MODEL_VERSION_SIZE + 40];
    snprintf (labels, sizeof labels, "model_version=\"%s\"", version);
    return metrics_gauge ("sasrec_drift_window_requests",
        "Requests compared with those of the model's training users: of the last hour, "
        "or as far back as enough of them takes, a day at most.",
        labels);
}

static metric_t *
s_index (feature_t feature, const char *version)
{
    char labels[MODEL_VERSION_SIZE + 80];
    snprintf (labels, sizeof labels, "feature=\"%s\",model_version=\"%s\"",
        feature_names[feature], version);
    return metrics_gauge ("sasrec_drift_psi",
        "Population stability index of the requests in the window against those of the "
        "model's training users: below 0.1 nothing has changed, above 0.25 much has; "
        "NaN: too "
        "few requests.",
        labels);
}

static void
s_follow (drift_watch_t *self, const model_t *model)
{
    const baseline_t *baseline = model_baseline (model);
    if (strcmp (model_version (model), self->version) == 0)
        return;
    s_forget (self);
    window_clear (self->window);
    snprintf (self->version, sizeof self->version, "%s", model_version (model));
    self->baseline = *baseline;
    if (!baseline_is_comparable (baseline))
        return;
    self->requests = s_requests (self->version);
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        self->index[i] = s_index ((feature_t)i, self->version);
        metric_set (self->index[i], (double)NAN);
    }
}

void
drift_watch_add (
    drift_watch_t *self, const model_t *model, const tally_t *tally, int64_t now_ms)
{
    pthread_mutex_lock (&self->mutex);
    if (!self->version[0])
        s_follow (self, model);
    if (strcmp (model_version (model), self->version) == 0)
        window_add (self->window, tally, now_ms);
    pthread_mutex_unlock (&self->mutex);
}

static void
s_publish (drift_watch_t *self, int64_t now_ms)
{
    window_sum_t sum;
    if (!self->requests)
        return;
    window_sum (self->window, now_ms, &sum);
    metric_set (self->requests, (double)sum.requests);
    for (size_t i = 0; i < FEATURE_COUNT; i++)
        metric_set (self->index[i], window_drift (&sum, &self->baseline, (feature_t)i));
}

void
drift_watch_publish (drift_watch_t *self, const model_t *model, int64_t now_ms)
{
    pthread_mutex_lock (&self->mutex);
    if (now_ms >= self->publish_ms) {
        self->publish_ms = now_ms + DRIFT_WATCH_MS;
        s_follow (self, model);
        s_publish (self, now_ms);
    }
    pthread_mutex_unlock (&self->mutex);
}
