/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH        24
#define BAR_INTERVAL_MS  100
#define LINE_INTERVAL_MS 5000
#define WIDTH_FALLBACK   80

struct progress {
    char *label;
    char *unit;
    uint64_t total; /* 0 = unknown */
    bool quiet;
    bool terminal;
    size_t shown; /* columns of the terminal's line that are ours; 0 = none */
    int64_t started_ms;
    int64_t shown_ms;    /* when the last bar or line was written */
    uint64_t shown_part; /* lines: tenths of total already told */
};

progress_t *
progress_new (const char *label, const char *unit, uint64_t total, bool quiet)
{
    assert (label && unit);
    progress_t *self = calloc (1, sizeof *self);
    assert (self);
    self->label = strdup (label);
    self->unit = strdup (unit);
    assert (self->label && self->unit);
    self->total = total;
    self->quiet = quiet;
    self->terminal = isatty (STDERR_FILENO);
    self->started_ms = clock_monotonic_ms ();
    self->shown_ms = self->terminal ? 0 : self->started_ms;
    return self;
}

/* Spaces instead of an escape sequence: every terminal knows them. */
static void
s_clear (progress_t *self)
{
    if (self->shown > 0)
        fprintf (stderr, "\r%*s\r", (int)self->shown, "");
    self->shown = 0;
}

/* A line that fills the terminal would wrap, and stay. */
static size_t
s_width (void)
{
    struct winsize size;
    if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
        return size.ws_col - 1u;
    return WIDTH_FALLBACK - 1;
}

/* Writes what fits over what is there, whole characters; each is taken for one column. */
static void
s_show (progress_t *self, const char *text)
{
    size_t width = s_width ();
    size_t columns = 0;
    const char *end = text;
    for (size_t step; columns < width && *end && (step = utf8_length (end)) > 0;
         columns++)
        end += step;
    size_t rest = self->shown > columns ? self->shown - columns : 0;
    if (rest > width - columns)
        rest = width - columns;
    fprintf (stderr, "\r%.*s%*s", (int)(end - text), text, (int)rest, "");
    self->shown = columns;
}

void
progress_destroy (progress_t **self_p)
{
    assert (self_p);
    progress_t *self = *self_p;
    if (!self)
        return;
    s_clear (self);
    free (self->label);
    free (self->unit);
    free (self);
    *self_p = NULL;
}

/* 1234567 -> "1.2M" */
static void
s_add_count (strbuf_t *out, double count)
{
    static const char *const units[] = {"", "k", "M", "G"};
    size_t unit = 0;
    while (count >= 999.5 && unit < 3) {
        count /= 1000;
        unit++;
    }
    strbuf_addf (
        out, unit > 0 && count < 9.95 ? "%.1f%s" : "%.0f%s", count, units[unit]);
}

static void
s_add_duration (strbuf_t *out, double seconds)
{
    long whole = (long)(seconds + 0.5);
    if (whole >= 3600)
        strbuf_addf (out, "%ldh%02ldm", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        strbuf_addf (out, "%ldm%02lds", whole / 60, whole % 60);
    else
        strbuf_addf (out, "%lds", whole);
}

static void
s_add_bar (strbuf_t *out, double share)
{
    int full = (int)(share * BAR_WIDTH);
    strbuf_add (out, "[");
    for (int i = 0; i < BAR_WIDTH; i++)
        strbuf_add (out, i < full ? "#" : "-");
    strbuf_add (out, "] ");
}

/* "train [###---]  42 %  1.2M of 3M positions, 51k/s, 35s left, note" */
static void
s_add_state (strbuf_t *out, const progress_t *self, uint64_t done, const char *note)
{
    double seconds = (double)(clock_monotonic_ms () - self->started_ms) / 1000;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    strbuf_addf (out, "%s ", self->label);
    if (self->total > 0) {
        double share = (double)done / (double)self->total;
        share = share > 1 ? 1 : share;
        if (self->terminal)
            s_add_bar (out, share);
        strbuf_addf (out, "%3.0f %%  ", share * 100);
    }
    s_add_count (out, (double)done);
    if (self->total > 0) {
        strbuf_add (out, " of ");
        s_add_count (out, (double)self->total);
    }
    strbuf_addf (out, " %s, ", self->unit);
    s_add_count (out, rate);
    strbuf_add (out, "/s");
    if (self->total > done && rate > 0) {
        strbuf_add (out, ", ");
        s_add_duration (out, (double)(self->total - done) / rate);
        strbuf_add (out, " left");
    }
    if (note && *note)
        strbuf_addf (out, ", %s", note);
}

static bool
s_is_due (progress_t *self, uint64_t done, int64_t now_ms)
{
    if (self->terminal)
        return now_ms - self->shown_ms >= BAR_INTERVAL_MS ||
               (self->total > 0 && done >= self->total);
    if (self->total == 0)
        return now_ms - self->shown_ms >= LINE_INTERVAL_MS;
    uint64_t part = (uint64_t)((double)done * 10 / (double)self->total);
    if (part <= self->shown_part)
        return false;
    self->shown_part = part;
    return true;
}

void
progress_update (progress_t *self, uint64_t done, const char *note)
{
    assert (self);
    int64_t now_ms = clock_monotonic_ms ();
    if (self->quiet || !s_is_due (self, done, now_ms))
        return;
    self->shown_ms = now_ms;
    strbuf_t text = STRBUF_EMPTY;
    s_add_state (&text, self, done, note);
    if (self->terminal)
        s_show (self, text.data);
    else
        fprintf (stderr, "%s\n", text.data);
    strbuf_free (&text);
}

void
progress_say (progress_t *self, const char *format, ...)
{
    assert (self && format);
    if (self->quiet)
        return;
    s_clear (self);
    va_list args;
    va_start (args, format);
    vfprintf (stderr, format, args);
    va_end (args);
    fputc ('\n', stderr);
}
