/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import_items.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "cli/files/item_row.h"
#include "cli/files/objects.h"
#include "proto/item.h"
#include "store/items.h"

enum { S_BAD_SHOWN = 10, S_PORTION = 1000, S_NAMES_SHOWN = 8 };
enum { S_AGAIN = -1 }; /* a status of our own, beside the command's */

/* One run over a file. */
typedef struct {
    const command_t *command; /* borrowed */
    source_t *source;         /* borrowed */
    db_t *db;                 /* borrowed; in a transaction */
    objects_t *objects;       /* owned */
    progress_t *progress;     /* owned */
    item_draft_t *drafts;     /* owned; S_PORTION of room */
    size_t waiting;           /* of them: not written yet */
    bool keys;                /* items are texts */
    strbuf_t told;            /* how the first was understood */
    uint64_t told_to;         /* bad lines up to this one were told when read before */
    uint64_t rows, created, bad;
} s_run_t;

static void
s_tell_bad (s_run_t *run, const char *error)
{
    if (run->bad++ < S_BAD_SHOWN && objects_line (run->objects) > run->told_to)
        fprintf (stderr, "%s: %s:%" PRIu64 ": %s\n", run->command->spec->name,
            source_name (run->source), objects_line (run->objects), error);
}

static void
s_forget (s_run_t *run)
{
    for (size_t i = 0; i < run->waiting; i++)
        free (run->drafts[i].json);
    run->waiting = 0;
}

static int
s_write (s_run_t *run)
{
    size_t created = 0;
    if (run->waiting == 0)
        return COMMAND_DONE;
    db_status_t status = items_put (run->db, run->drafts, run->waiting, &created);
    s_forget (run);
    run->created += created;
    return status == DB_OK ? COMMAND_DONE
                           : command_fail (run->command, "nothing was loaded: %s",
                                 db_error (run->db));
}

static const char *
s_item (const s_run_t *run)
{
    const layout_t *layout = &run->command->layout;
    return layout->named[COLUMN_ITEM] ? layout->names[COLUMN_ITEM] : NULL;
}

static void
s_tell (s_run_t *run, const json_t *object)
{
    const char *key;
    json_t *value;
    strbuf_t left = STRBUF_EMPTY;
    size_t left_count = 0;
    const char *item = s_item (run);
    json_object_foreach ((json_t *)(uintptr_t)object, key, value)
    {
        const char *meaning = item_row_meaning (object, item, key);
        if (meaning)
            strbuf_addf (&run->told, "%s%s is %.40s", run->told.length > 0 ? ", " : "",
                meaning, key);
        else if (left_count++ < S_NAMES_SHOWN)
            strbuf_addf (&left, "%s%.40s", left_count > 1 ? ", " : "", key);
    }
    if (left_count > 0)
        strbuf_addf (&run->told, "; left out: %s%s", left.data,
            left_count > S_NAMES_SHOWN ? ", ..." : "");
    strbuf_free (&left);
    utf8_plain (run->told.data);
    if (!run->command->quiet)
        fprintf (stderr, "%s: %s\n", source_name (run->source), run->told.data);
}

/* The row as a draft, which waits behind the others. */
static int
s_read_row (s_run_t *run, const json_t *object, char error[160])
{
    json_fault_t fault;
    strbuf_t json = STRBUF_EMPTY;
    json_t *row = item_row_take (object, s_item (run), run->keys, error);
    if (!row)
        return -1;
    item_draft_t *draft = &run->drafts[run->waiting];
    *draft = (item_draft_t){0};
    int rc = item_read_name (row, &draft->item_id, draft->key, &fault) ||
                     item_read (row, false, &json, &fault)
                 ? -1
                 : 0;
    if (rc)
        snprintf (error, 160, "%s", fault.detail);
    else {
        draft->json = strbuf_take (&json);
        run->waiting++;
    }
    json_decref (row);
    return rc;
}

/* All items have to be keys: what was read so far is to be read again. */
static int
s_begin_again (s_run_t *run)
{
    run->told_to = objects_line (run->objects) - 1;
    if (!run->command->quiet)
        fprintf (stderr,
            "%s:%" PRIu64 ": its item is no plain integer: all items are taken as "
            "texts; --item-ids integers refuses such a line\n",
            source_name (run->source), objects_line (run->objects));
    return S_AGAIN;
}

/* After a bad row the rest is only checked: nothing will be kept. */
static int
s_take (s_run_t *run, const json_t *object)
{
    char error[160];
    bool either = run->command->layout.items == LAYOUT_ITEMS_ANY;
    if (either && !run->keys && item_row_has_key (object, s_item (run)))
        return s_begin_again (run);
    if (run->told.length == 0)
        s_tell (run, object);
    if (s_read_row (run, object, error)) {
        utf8_plain (error);
        s_tell_bad (run, error);
        return COMMAND_DONE;
    }
    run->rows++;
    if (run->bad > 0)
        s_forget (run);
    return run->waiting == S_PORTION ? s_write (run) : COMMAND_DONE;
}

static int
s_read_all (s_run_t *run)
{
    int status = COMMAND_DONE;
    while (status == COMMAND_DONE) {
        char error[160];
        json_t *object;
        objects_status_t got = objects_next (run->objects, &object, error);
        if (got == OBJECTS_END)
            break;
        if (got == OBJECTS_BROKEN) {
            command_fail (run->command, "%s: %s", source_name (run->source), error);
            return COMMAND_REFUSED;
        }
        if (got == OBJECTS_BAD)
            s_tell_bad (run, error);
        else
            status = s_take (run, object);
        json_decref (object);
        progress_update (run->progress, objects_line (run->objects), NULL);
    }
    return status == COMMAND_DONE && run->bad == 0 ? s_write (run) : status;
}

static int
s_answer (const s_run_t *run, double seconds)
{
    if (!run->command->json) {
        printf ("Loaded %" PRIu64 " item%s from %s in %.1f s; %" PRIu64
                " of them new.\n",
            run->rows, run->rows == 1 ? "" : "s", source_name (run->source), seconds,
            run->created);
        return COMMAND_DONE;
    }
    json_t *answer = json_pack ("{s:s,s:s,s:s,s:I,s:I,s:f}", "file",
        source_name (run->source), "sha256", source_digest (run->source), "understood",
        run->told.data, "items", (json_int_t)run->rows, "created",
        (json_int_t)run->created, "seconds", seconds);
    return command_answer (run->command, &answer);
}

static int
s_load (s_run_t *run)
{
    int64_t started_us = clock_monotonic_us ();
    if (db_script (run->db, "BEGIN") != DB_OK)
        return command_fail (run->command, "cannot load items: %s", db_error (run->db));
    int status = s_read_all (run);
    progress_destroy (&run->progress);
    if (status == COMMAND_DONE && (run->bad > 0 || run->rows == 0))
        status = command_refuse_file (
            run->command, source_name (run->source), "items", run->rows, run->bad);
    if (status != COMMAND_DONE) {
        db_script (run->db, "ROLLBACK");
        return status;
    }
    if (db_script (run->db, "COMMIT") != DB_OK)
        return command_fail (
            run->command, "nothing was loaded: %s", db_error (run->db));
    return s_answer (run, (double)(clock_monotonic_us () - started_us) / 1e6);
}

static int
s_run_as (const command_t *command, db_t *db, source_t *source, const char *path,
    bool keys, uint64_t *told_to)
{
    s_run_t run = {.command = command,
        .source = source,
        .db = db,
        .keys = keys,
        .told_to = *told_to};
    run.drafts = calloc (S_PORTION, sizeof *run.drafts);
    assert (run.drafts);
    run.objects = objects_new (source_file (source), path, &command->layout);
    run.progress =
        progress_new ("import", "lines", source_lines (source), command->quiet);
    int status = s_load (&run);
    *told_to = run.told_to;
    s_forget (&run);
    progress_destroy (&run.progress);
    objects_destroy (&run.objects);
    free (run.drafts);
    strbuf_free (&run.told);
    return status;
}

int
import_items (const command_t *command, db_t *db, source_t *source, const char *path)
{
    bool keys = command->layout.items == LAYOUT_ITEMS_KEYS;
    uint64_t told_to = 0;
    int status = s_run_as (command, db, source, path, keys, &told_to);
    if (status != S_AGAIN)
        return status;
    rewind (source_file (source));
    return s_run_as (command, db, source, path, true, &told_to);
}
