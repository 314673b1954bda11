/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/curve.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/strbuf.h"

#define HEADER "epoch,loss,valid_ndcg10,valid_hr10,positions_per_second,elapsed_s\n"

/* The drawing, in SVG units. */
enum { S_WIDTH = 720, S_HEIGHT = 400, S_LEFT = 60, S_RIGHT = 660, S_TOP = 40 };
enum { S_BOTTOM = 350, S_TICKS = 5 };

typedef struct {
    double epoch, loss, ndcg10, hr10, rate, elapsed_s;
} s_row_t;

struct curve {
    char *prefix;
    s_row_t *rows;
    size_t count, room;
};

static void
s_append (curve_t *self, s_row_t row)
{
    while (self->count && self->rows[self->count - 1].epoch >= row.epoch)
        self->count--;
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 64;
        self->rows = realloc (self->rows, self->room * sizeof (s_row_t));
        assert (self->rows);
    }
    self->rows[self->count++] = row;
}

static void
s_read (curve_t *self)
{
    char path[512], line[256];
    snprintf (path, sizeof path, "%s.csv", self->prefix);
    FILE *file = fopen (path, "r");
    while (file && fgets (line, sizeof line, file)) {
        s_row_t row;
        if (sscanf (line, "%lf,%lf,%lf,%lf,%lf,%lf", &row.epoch, &row.loss, &row.ndcg10,
                &row.hr10, &row.rate, &row.elapsed_s) == 6)
            s_append (self, row);
    }
    if (file)
        fclose (file);
}

curve_t *
curve_new (const char *prefix, bool keep)
{
    curve_t *self = calloc (1, sizeof *self);
    assert (self);
    self->prefix = strdup (prefix);
    assert (self->prefix);
    if (keep)
        s_read (self);
    return self;
}

void
curve_destroy (curve_t **self_p)
{
    curve_t *self = *self_p;
    if (!self)
        return;
    free (self->rows);
    free (self->prefix);
    free (self);
    *self_p = NULL;
}

/* One of the two lines, with the axis it is read on. */
typedef struct {
    const char *name, *colour;
    double least, most;
    double x;                     /* of the axis */
    const char *inside, *outside; /* text-anchor of its name and of its figures */
    double gap;                   /* between the axis and its figures */
    size_t member;                /* offset in s_row_t */
} s_line_t;

static double
s_value (const s_row_t *row, const s_line_t *line)
{
    double value;
    memcpy (&value, (const char *)row + line->member, sizeof value);
    return value;
}

static void
s_range (const curve_t *self, s_line_t *line)
{
    line->least = line->most = s_value (&self->rows[0], line);
    for (size_t i = 1; i < self->count; i++) {
        line->least = fmin (line->least, s_value (&self->rows[i], line));
        line->most = fmax (line->most, s_value (&self->rows[i], line));
    }
    if (line->most - line->least < 1e-9)
        line->most = line->least + 1e-9;
}

static double
s_x (const curve_t *self, double epoch)
{
    double first = self->rows[0].epoch, last = self->rows[self->count - 1].epoch;
    return last > first ? S_LEFT + (S_RIGHT - S_LEFT) * (epoch - first) / (last - first)
                        : (S_LEFT + S_RIGHT) / 2.0;
}

static double
s_y (const s_line_t *line, double value)
{
    return S_BOTTOM -
           (S_BOTTOM - S_TOP) * (value - line->least) / (line->most - line->least);
}

static void
s_draw_line (const curve_t *self, const s_line_t *line, strbuf_t *out)
{
    strbuf_addf (out,
        "<text x=\"%g\" y=\"24\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n"
        "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"",
        line->x, line->inside, line->colour, line->name, line->colour);
    for (size_t i = 0; i < self->count; i++)
        strbuf_addf (out, "%.1f,%.1f ", s_x (self, self->rows[i].epoch),
            s_y (line, s_value (&self->rows[i], line)));
    strbuf_add (out, "\"/>\n");
    for (int i = 0; i <= S_TICKS; i++) {
        double value = line->least + (line->most - line->least) * i / S_TICKS;
        strbuf_addf (out,
            "<text x=\"%g\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%.4g</text>\n",
            line->x + line->gap, s_y (line, value) + 4, line->outside, line->colour,
            value);
    }
}

static void
s_draw_frame (const curve_t *self, strbuf_t *out)
{
    size_t best = 0;
    for (size_t i = 1; i < self->count; i++)
        best = self->rows[i].ndcg10 > self->rows[best].ndcg10 ? i : best;
    double x = s_x (self, self->rows[best].epoch);
    strbuf_addf (out,
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" "
        "stroke=\"#999\"/>\n"
        "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#999\" "
        "stroke-dasharray=\"4\"/>\n"
        "<text x=\"%d\" y=\"24\" text-anchor=\"middle\" fill=\"#555\">best: epoch %g, "
        "NDCG@10 %.4f</text>\n",
        S_LEFT, S_TOP, S_RIGHT - S_LEFT, S_BOTTOM - S_TOP, x, S_TOP, x, S_BOTTOM,
        S_WIDTH / 2, self->rows[best].epoch, self->rows[best].ndcg10);
    double told = -1;
    for (int i = 0; i <= S_TICKS; i++) {
        double first = self->rows[0].epoch, last = self->rows[self->count - 1].epoch;
        double epoch = round (first + (last - first) * i / S_TICKS);
        if (epoch == told)
            continue;
        told = epoch;
        strbuf_addf (out,
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" "
            "fill=\"#555\">%g</text>\n",
            s_x (self, epoch), S_BOTTOM + 18, epoch);
    }
    strbuf_addf (out,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">epoch</text>\n",
        S_WIDTH / 2, S_BOTTOM + 38);
}

static void
s_draw (const curve_t *self, strbuf_t *out)
{
    s_line_t lines[] = {
        {"loss", "#b33a3a", 0, 0, S_LEFT, "start", "end", -6, offsetof (s_row_t, loss)},
        {"validation NDCG@10", "#1f5fa8", 0, 0, S_RIGHT, "end", "start", 6,
            offsetof (s_row_t, ndcg10)}};
    strbuf_addf (out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
        S_WIDTH, S_HEIGHT);
    s_draw_frame (self, out);
    for (size_t i = 0; i < 2; i++) {
        s_range (self, &lines[i]);
        s_draw_line (self, &lines[i], out);
    }
    strbuf_add (out, "</svg>\n");
}

static void
s_tabulate (const curve_t *self, strbuf_t *out)
{
    strbuf_add (out, HEADER);
    for (size_t i = 0; i < self->count; i++) {
        const s_row_t *row = &self->rows[i];
        strbuf_addf (out, "%.0f,%.6f,%.6f,%.6f,%.0f,%.3f\n", row->epoch, row->loss,
            row->ndcg10, row->hr10, row->rate, row->elapsed_s);
    }
}

static int
s_write (const curve_t *self, const char *suffix, const strbuf_t *text, char error[160])
{
    char path[512];
    snprintf (path, sizeof path, "%s%s", self->prefix, suffix);
    files_part_t part = {text->data, text->length};
    return files_replace (path, &part, 1, error);
}

int
curve_add (curve_t *self, const trainer_epoch_t *epoch, char error[160])
{
    s_append (
        self, (s_row_t){(double)epoch->epoch, epoch->loss, epoch->valid_ndcg10,
                  epoch->valid_hr10, epoch->positions_per_second, epoch->elapsed_s});
    strbuf_t csv = STRBUF_EMPTY, svg = STRBUF_EMPTY;
    s_tabulate (self, &csv);
    s_draw (self, &svg);
    int status = s_write (self, ".csv", &csv, error);
    if (status == 0)
        status = s_write (self, ".svg", &svg, error);
    strbuf_free (&csv);
    strbuf_free (&svg);
    return status;
}
