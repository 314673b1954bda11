/* The files of one run: FOLDER/NAME.state and, while it is going on, FOLDER/NAME.lock.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/train/run.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"

#define PREFIX "training-"
#define STATE  ".state"

struct run {
    char folder[RUN_PATH_SIZE];
    char name[RUN_NAME_SIZE];
    char state[RUN_PATH_SIZE];
    char lock[RUN_PATH_SIZE];
    int file; /* of the lock; -1: not held */
    bool resumes;
};

static int
s_paths (run_t *self, const char *folder, const char *name, char error[160])
{
    bool fits = snprintf (self->folder, RUN_PATH_SIZE, "%s", folder) < RUN_PATH_SIZE &&
                snprintf (self->name, RUN_NAME_SIZE, "%s", name) < RUN_NAME_SIZE &&
                snprintf (self->state, RUN_PATH_SIZE, "%s/%s" STATE, folder, name) <
                    RUN_PATH_SIZE &&
                snprintf (self->lock, RUN_PATH_SIZE, "%s/%s.lock", folder, name) <
                    RUN_PATH_SIZE;
    if (!fits)
        snprintf (error, 160, "the path of the checkpoints folder is too long");
    return fits ? 0 : -1;
}

/* Who gives a lock back removes its file, so a held lock may be one without a name. */
static bool
s_same_file (int file, const char *path)
{
    struct stat held, named;
    return fstat (file, &held) == 0 && stat (path, &named) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static int
s_lock (run_t *self, char error[160])
{
    do {
        if (self->file >= 0)
            close (self->file);
        self->file = open (self->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (self->file < 0) {
            snprintf (error, 160, "cannot write to %.90s: %s", self->folder,
                strerror (errno));
            return -1;
        }
        if (flock (self->file, LOCK_EX | LOCK_NB)) {
            snprintf (error, 160, "another process is working on %.40s", self->name);
            close (self->file);
            self->file = -1;
            return -1;
        }
    } while (!s_same_file (self->file, self->lock));
    return 0;
}

static run_t *
s_open (const char *folder, const char *name, bool resumes, char error[160])
{
    run_t *self = calloc (1, sizeof *self);
    assert (self);
    self->file = -1;
    self->resumes = resumes;
    if (s_paths (self, folder, name, error) || s_lock (self, error))
        run_destroy (&self);
    return self;
}

run_t *
run_new (const char *folder, char error[160])
{
    char name[RUN_NAME_SIZE];
    int64_t now_ms = clock_unix_ms ();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    gmtime_r (&seconds, &utc);
    size_t length = strftime (name, sizeof name, PREFIX "%Y%m%d-%H%M%S", &utc);
    snprintf (name + length, sizeof name - length, ".%03d", (int)(now_ms % 1000));
    if (files_make_folder (folder, error))
        return NULL;
    return s_open (folder, name, false, error);
}

/* Nobody holds it: the lock can be had. */
static bool
s_is_free (const char *folder, const char *name)
{
    char error[160];
    run_t *run = s_open (folder, name, true, error);
    bool free = run != NULL;
    run_destroy (&run);
    return free;
}

/* "training-1.state" -> "training-1"; false for other names. */
static bool
s_name_of (const char *file, char name[RUN_NAME_SIZE])
{
    size_t length = strlen (file), suffix = strlen (STATE);
    if (length <= suffix || length - suffix >= RUN_NAME_SIZE ||
        strncmp (file, PREFIX, strlen (PREFIX)) != 0 ||
        strcmp (file + length - suffix, STATE) != 0)
        return false;
    memcpy (name, file, length - suffix);
    name[length - suffix] = 0;
    return true;
}

bool
run_find (const char *folder, char name[RUN_NAME_SIZE])
{
    char found[RUN_NAME_SIZE];
    *name = 0;
    DIR *dir = opendir (folder);
    for (struct dirent *file; dir && (file = readdir (dir));)
        if (s_name_of (file->d_name, found) && strcmp (found, name) > 0 &&
            s_is_free (folder, found))
            strcpy (name, found);
    if (dir)
        closedir (dir);
    return *name != 0;
}

run_t *
run_resume (const char *folder, const char *name, char error[160])
{
    char found[RUN_NAME_SIZE];
    if (!name && !run_find (folder, found)) {
        snprintf (error, 160,
            "nothing to resume: no run was interrupted in %.60s, or another process is "
            "working on it",
            folder);
        return NULL;
    }
    run_t *self = s_open (folder, name ? name : found, true, error);
    if (self && access (self->state, F_OK) != 0) {
        snprintf (error, 160, "nothing to resume: there is no %.100s", self->state);
        run_destroy (&self);
    }
    return self;
}

void
run_destroy (run_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    if ((*self_p)->file >= 0) {
        unlink ((*self_p)->lock);
        close ((*self_p)->file);
    }
    free (*self_p);
    *self_p = NULL;
}

bool
run_resumes (const run_t *self)
{
    return self->resumes;
}

const char *
run_name (const run_t *self)
{
    return self->name;
}

const char *
run_folder (const run_t *self)
{
    return self->folder;
}

const char *
run_state (const run_t *self)
{
    return self->state;
}

void
run_complete (const run_t *self)
{
    unlink (self->state);
}
