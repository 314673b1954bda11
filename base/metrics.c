/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"
#include "base/health.h"
#include "base/process.h"
#include "base/strbuf.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { COUNTER, GAUGE, HISTOGRAM } s_type_t;

typedef struct family family_t;

struct metric {
    metric_t *next; /* series of the same family */
    family_t *family;
    char *labels;              /* without braces */
    _Atomic uint64_t count;    /* counter */
    _Atomic double value;      /* gauge; histogram: the sum */
    _Atomic uint64_t *buckets; /* histogram: own counts, the last one is +Inf's */
};

struct family {
    family_t *next; /* in order of registration */
    char *name;
    char *help;
    s_type_t type;
    double *bounds; /* histogram */
    size_t bound_count;
    metric_t *series;
};

const double metrics_latency_bounds[] = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5};
const size_t metrics_latency_bound_count =
    sizeof metrics_latency_bounds / sizeof metrics_latency_bounds[0];

static pthread_mutex_t s_lock =
    PTHREAD_MUTEX_INITIALIZER; /* the lists, not the values */
static family_t *s_families;

static char *
s_copy (const char *text)
{
    char *copy = strdup (text);
    assert (copy);
    return copy;
}

static family_t *
s_family_new (const char *name, const char *help, s_type_t type, const double *bounds,
    size_t bound_count)
{
    family_t *self = calloc (1, sizeof *self);
    assert (self);
    self->name = s_copy (name);
    self->help = s_copy (help);
    self->type = type;
    self->bound_count = bound_count;
    self->bounds = calloc (bound_count + 1, sizeof *self->bounds);
    assert (self->bounds);
    for (size_t i = 0; i < bound_count; i++) {
        assert (isfinite (bounds[i]) && (i == 0 || bounds[i] > bounds[i - 1]));
        self->bounds[i] = bounds[i];
    }
    return self;
}

static metric_t *
s_metric_new (family_t *family, const char *labels)
{
    metric_t *self = calloc (1, sizeof *self);
    assert (self);
    self->family = family;
    self->labels = s_copy (labels);
    if (family->type == HISTOGRAM) {
        self->buckets = calloc (family->bound_count + 1, sizeof *self->buckets);
        assert (self->buckets);
    }
    return self;
}

/* The lock is held: where the family stands, or would. */
static family_t **
s_find_family (const char *name)
{
    family_t **at = &s_families;
    while (*at && strcmp ((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static metric_t **
s_find_series (family_t *family, const char *labels)
{
    metric_t **at = &family->series;
    while (*at && strcmp ((*at)->labels, labels) != 0)
        at = &(*at)->next;
    return at;
}

static metric_t *
s_register (const char *name, const char *help, const char *labels, s_type_t type,
    const double *bounds, size_t bound_count)
{
    assert (name && *name && help && labels);
    pthread_mutex_lock (&s_lock);
    family_t **family = s_find_family (name);
    if (!*family)
        *family = s_family_new (name, help, type, bounds, bound_count);
    assert ((*family)->type == type);
    metric_t **series = s_find_series (*family, labels);
    if (!*series)
        *series = s_metric_new (*family, labels);
    metric_t *self = *series;
    pthread_mutex_unlock (&s_lock);
    return self;
}

metric_t *
metrics_counter (const char *family, const char *help, const char *labels)
{
    return s_register (family, help, labels, COUNTER, NULL, 0);
}

metric_t *
metrics_gauge (const char *family, const char *help, const char *labels)
{
    return s_register (family, help, labels, GAUGE, NULL, 0);
}

metric_t *
metrics_histogram (const char *family, const char *help, const char *labels,
    const double *bounds, size_t bound_count)
{
    assert (bounds || bound_count == 0);
    return s_register (family, help, labels, HISTOGRAM, bounds, bound_count);
}

metric_t *
metrics_find (const char *family, const char *labels)
{
    pthread_mutex_lock (&s_lock);
    family_t *found = *s_find_family (family);
    metric_t *self = found ? *s_find_series (found, labels) : NULL;
    pthread_mutex_unlock (&s_lock);
    return self;
}

void
metric_destroy (metric_t **self_p)
{
    metric_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&s_lock);
    metric_t **series = &self->family->series;
    while (*series != self)
        series = &(*series)->next;
    *series = self->next;
    pthread_mutex_unlock (&s_lock);
    free (self->labels);
    free (self->buckets);
    free (self);
    *self_p = NULL;
}

void
metric_add (metric_t *self, uint64_t amount)
{
    assert (self && self->family->type == COUNTER);
    atomic_fetch_add_explicit (&self->count, amount, memory_order_relaxed);
}

void
metric_set (metric_t *self, double value)
{
    assert (self && self->family->type == GAUGE);
    atomic_store_explicit (&self->value, value, memory_order_relaxed);
}

static void
s_change (_Atomic double *cell, double difference)
{
    double old = atomic_load_explicit (cell, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit (
        cell, &old, old + difference, memory_order_relaxed, memory_order_relaxed))
        continue;
}

void
metric_change (metric_t *self, double difference)
{
    assert (self && self->family->type == GAUGE);
    s_change (&self->value, difference);
}

void
metric_observe (metric_t *self, double value)
{
    metric_observe_times (self, value, 1);
}

void
metric_observe_times (metric_t *self, double value, uint64_t times)
{
    assert (self && self->family->type == HISTOGRAM);
    const family_t *family = self->family;
    size_t bucket = 0;
    while (bucket < family->bound_count && !(value <= family->bounds[bucket]))
        bucket++;
    s_change (&self->value, value * (double)times);
    atomic_fetch_add_explicit (&self->buckets[bucket], times, memory_order_relaxed);
}

static uint64_t
s_bucket (const metric_t *self, size_t i)
{
    return atomic_load_explicit (&self->buckets[i], memory_order_relaxed);
}

double
metric_value (const metric_t *self)
{
    assert (self);
    if (self->family->type == GAUGE)
        return atomic_load_explicit (&self->value, memory_order_relaxed);
    if (self->family->type == COUNTER)
        return (double)atomic_load_explicit (&self->count, memory_order_relaxed);
    uint64_t count = 0;
    for (size_t i = 0; i <= self->family->bound_count; i++)
        count += s_bucket (self, i);
    return (double)count;
}

static void
s_add_number (strbuf_t *out, double value)
{
    if (isfinite (value))
        strbuf_addf (out, "%.15g\n", value);
    else
        strbuf_add (out, isnan (value) ? "NaN\n" : value > 0 ? "+Inf\n" : "-Inf\n");
}

/* The name and the labels, with le (may be "") behind the series' own. */
static void
s_add_series (strbuf_t *out, const metric_t *self, const char *suffix, const char *le)
{
    strbuf_addf (out, "%s%s", self->family->name, suffix);
    const char *comma = *self->labels && *le ? "," : "";
    if (*self->labels || *le)
        strbuf_addf (out, "{%s%s%s}", self->labels, comma, le);
    strbuf_add (out, " ");
}

static void
s_add_histogram (strbuf_t *out, const metric_t *self)
{
    const family_t *family = self->family;
    uint64_t count =
        0; /* from the buckets, so that +Inf's is the count at any moment */
    for (size_t i = 0; i <= family->bound_count; i++) {
        char le[40] = "le=\"+Inf\"";
        if (i < family->bound_count)
            snprintf (le, sizeof le, "le=\"%.15g\"", family->bounds[i]);
        count += s_bucket (self, i);
        s_add_series (out, self, "_bucket", le);
        strbuf_addf (out, "%" PRIu64 "\n", count);
    }
    s_add_series (out, self, "_sum", "");
    s_add_number (out, atomic_load_explicit (&self->value, memory_order_relaxed));
    s_add_series (out, self, "_count", "");
    strbuf_addf (out, "%" PRIu64 "\n", count);
}

static void
s_add_metric (strbuf_t *out, const metric_t *self)
{
    if (self->family->type == HISTOGRAM) {
        s_add_histogram (out, self);
        return;
    }
    s_add_series (out, self, "", "");
    if (self->family->type == COUNTER)
        strbuf_addf (out, "%" PRIu64 "\n",
            atomic_load_explicit (&self->count, memory_order_relaxed));
    else
        s_add_number (out, metric_value (self));
}

static void
s_add_family (strbuf_t *out, const family_t *self)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    strbuf_addf (out, "# HELP %s ", self->name);
    for (const char *at = self->help; *at; at++) {
        if (*at == '\\' || *at == '\n')
            strbuf_add (out, *at == '\n' ? "\\n" : "\\\\");
        else
            strbuf_add_bytes (out, at, 1);
    }
    strbuf_addf (out, "\n# TYPE %s %s\n", self->name, types[self->type]);
    for (const metric_t *series = self->series; series; series = series->next)
        s_add_metric (out, series);
}

char *
metrics_render (size_t *length)
{
    strbuf_t out = STRBUF_EMPTY;
    pthread_mutex_lock (&s_lock);
    for (const family_t *family = s_families; family; family = family->next)
        s_add_family (&out, family);
    pthread_mutex_unlock (&s_lock);
    health_to_metrics (&out);
    process_render (&out);
    if (length)
        *length = out.length;
    return strbuf_take (&out);
}
