/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/curve.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/grow.h"
#include "base/strbuf.h"

#define HEADER "epoch,loss,valid_ndcg10,valid_hr10,positions_per_second,elapsed_s\n"

typedef struct {
    double epoch, loss, ndcg10, hr10, rate, elapsed_s;
} s_row_t;

struct curve {
    char *path;
    s_row_t *rows;
    size_t count, room;
};

static void
s_append (curve_t *self, s_row_t row)
{
    while (self->count && self->rows[self->count - 1].epoch >= row.epoch)
        self->count--;
    self->rows = grow (self->rows, &self->room, self->count + 1, sizeof *self->rows);
    self->rows[self->count++] = row;
}

static void
s_read (curve_t *self)
{
    char line[256];
    FILE *file = fopen (self->path, "r");
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
curve_new (const char *path, bool keep)
{
    curve_t *self = calloc (1, sizeof *self);
    assert (self);
    self->path = strdup (path);
    assert (self->path);
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
    free (self->path);
    free (self);
    *self_p = NULL;
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

int
curve_add (curve_t *self, const trainer_epoch_t *epoch, char error[160])
{
    s_append (
        self, (s_row_t){(double)epoch->epoch, epoch->loss, epoch->valid_ndcg10,
                  epoch->valid_hr10, epoch->positions_per_second, epoch->elapsed_s});
    strbuf_t text = STRBUF_EMPTY;
    s_tabulate (self, &text);
    files_part_t part = {text.data, text.length};
    int status = files_replace (self->path, &part, 1, error);
    strbuf_free (&text);
    return status;
}
