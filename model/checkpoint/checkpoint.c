/* SPDX-License-Identifier: Apache-2.0 */
#include "model/checkpoint/checkpoint.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/hex.h"
#include "base/jsonread.h"
#include "model/checkpoint/checkpoint_format.h"
#include "model/checkpoint/safetensors.h"

bool
checkpoint_version_valid (const char *version)
{
    static const char allowed[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    size_t length = strlen (version);
    return length > 0 && length < CHECKPOINT_VERSION_SIZE && version[0] != '.' &&
           strspn (version, allowed) == length;
}

int
checkpoint_path (
    const char *folder, const char *version, char path[CHECKPOINT_PATH_SIZE])
{
    int length = snprintf (
        path, CHECKPOINT_PATH_SIZE, "%s/%s" CHECKPOINT_SUFFIX, folder, version);
    return length < CHECKPOINT_PATH_SIZE ? 0 : -1;
}

static int
s_current_path (const char *folder, char path[CHECKPOINT_PATH_SIZE], char error[160])
{
    if (snprintf (path, CHECKPOINT_PATH_SIZE, "%s/current", folder) <
        CHECKPOINT_PATH_SIZE)
        return 0;
    snprintf (error, 160, "the path of the checkpoints folder is too long");
    return -1;
}

int
checkpoint_current (
    const char *folder, char version[CHECKPOINT_VERSION_SIZE], char error[160])
{
    char path[CHECKPOINT_PATH_SIZE], *text = NULL;
    size_t length = 0;
    struct stat info;
    if (s_current_path (folder, path, error) != 0)
        return -1;
    if (stat (path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return 1;
    if (files_read (path, CHECKPOINT_VERSION_SIZE, &text, &length, error) != 0)
        return -1;
    if (length && text[length - 1] == '\n')
        text[--length] = 0;
    bool valid = strlen (text) == length && checkpoint_version_valid (text);
    if (valid)
        snprintf (version, CHECKPOINT_VERSION_SIZE, "%s", text);
    else
        snprintf (error, 160, "%.100s does not hold a version", path);
    free (text);
    return valid ? 0 : -1;
}

int
checkpoint_publish (const char *folder, const char *version, char error[160])
{
    char path[CHECKPOINT_PATH_SIZE];
    struct stat info;
    if (!checkpoint_version_valid (version)) {
        snprintf (
            error, 160, "not a version: 1 to 64 of letters, digits, '.', '_', '-'");
        return -1;
    }
    if (checkpoint_path (folder, version, path) != 0 || stat (path, &info) != 0 ||
        !S_ISREG (info.st_mode)) {
        snprintf (error, 160, "there is no checkpoint %s in this folder", version);
        return -1;
    }
    if (s_current_path (folder, path, error) != 0)
        return -1;
    files_part_t parts[] = {{version, strlen (version)}, {"\n", 1}};
    return files_replace (path, parts, 2, error);
}

/* The header's JSON text of an open file; fresh. NULL with error. */
static char *
s_read_header (int file, uint64_t size, size_t *length, char error[160])
{
    char start[8];
    if (size < 8 || pread (file, start, 8, 0) != 8) {
        snprintf (error, 160, "file is cut short");
        return NULL;
    }
    if (safetensors_header_length (start, size, length, error) != 0)
        return NULL;
    char *text = malloc (*length + 1);
    assert (text);
    if (pread (file, text, *length, 8) != (ssize_t)*length) {
        snprintf (error, 160, "file is cut short");
        free (text);
        return NULL;
    }
    text[*length] = 0;
    return text;
}

/* The header's __metadata__; fresh. NULL with error. */
static json_t *
s_read_metadata (int file, uint64_t size, char error[160])
{
    size_t length;
    char *text = s_read_header (file, size, &length, error);
    if (!text)
        return NULL;
    json_fault_t fault;
    json_t *header = json_read_object (text, length, &fault);
    free (text);
    if (!header) {
        snprintf (error, 160, "header: %.140s", fault.detail);
        return NULL;
    }
    json_t *metadata = json_incref (json_object_get (header, "__metadata__"));
    json_decref (header);
    if (!json_is_object (metadata)) {
        snprintf (error, 160, "header: no __metadata__");
        json_decref (metadata);
        return NULL;
    }
    return metadata;
}

static void
s_describe (json_t *entry, const json_t *metadata)
{
    const char *created_at =
        json_string_value (json_object_get (metadata, "created_at"));
    const char *text = json_string_value (json_object_get (metadata, "training"));
    json_fault_t fault;
    json_t *training = text ? json_read_object (text, strlen (text), &fault) : NULL;
    json_t *metrics = json_object_get (training, "metrics");
    if (created_at)
        json_object_set_new (entry, "created_at", json_string (created_at));
    if (json_is_object (metrics))
        json_object_set (entry, "metrics", metrics);
    json_decref (training);
}

static json_t *
s_entry (const char *folder, const char *version, bool current)
{
    char path[CHECKPOINT_PATH_SIZE], error[160] = "not a regular file";
    struct stat info = {0};
    if (checkpoint_path (folder, version, path) != 0)
        return NULL;
    int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return NULL;
    json_t *metadata = NULL;
    if (fstat (file, &info) == 0 && S_ISREG (info.st_mode))
        metadata = s_read_metadata (file, (uint64_t)info.st_size, error);
    close (file);
    json_t *entry = json_pack ("{s:s,s:I,s:s,s:{},s:b}", "version", version, "size",
        (json_int_t)info.st_size, "created_at", "", "metrics", "current", current);
    if (metadata)
        s_describe (entry, metadata);
    else
        json_object_set_new (entry, "error", json_string (error));
    json_decref (metadata);
    return entry;
}

/* Newest first; what cannot be read last. */
static int
s_newest_first (const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int order = strcmp (json_string_value (json_object_get (y, "created_at")),
        json_string_value (json_object_get (x, "created_at")));
    if (order)
        return order;
    return strcmp (json_string_value (json_object_get (y, "version")),
        json_string_value (json_object_get (x, "version")));
}

static json_t *
s_sorted (json_t *entries)
{
    size_t count = json_array_size (entries);
    json_t **order = calloc (count + 1, sizeof *order), *sorted = json_array ();
    assert (order && sorted);
    for (size_t i = 0; i < count; i++)
        order[i] = json_array_get (entries, i);
    qsort (order, count, sizeof *order, s_newest_first);
    for (size_t i = 0; i < count; i++)
        json_array_append (sorted, order[i]);
    free (order);
    json_decref (entries);
    return sorted;
}

/* "v1.safetensors" -> "v1"; false for other names. */
static bool
s_version_of (const char *name, char version[CHECKPOINT_VERSION_SIZE])
{
    const char *dot = strrchr (name, '.');
    if (!dot || strcmp (dot, CHECKPOINT_SUFFIX) != 0 ||
        dot - name >= CHECKPOINT_VERSION_SIZE)
        return false;
    snprintf (version, CHECKPOINT_VERSION_SIZE, "%.*s", (int)(dot - name), name);
    return checkpoint_version_valid (version);
}

json_t *
checkpoint_list (const char *folder)
{
    char version[CHECKPOINT_VERSION_SIZE], current[CHECKPOINT_VERSION_SIZE] = "";
    char error[160];
    json_t *entries = json_array ();
    if (checkpoint_current (folder, current, error) != 0)
        current[0] = 0;
    DIR *dir = opendir (folder);
    for (struct dirent *file; dir && (file = readdir (dir));)
        if (s_version_of (file->d_name, version)) {
            json_t *entry = s_entry (folder, version, strcmp (version, current) == 0);
            if (entry)
                json_array_append_new (entries, entry);
        }
    if (dir)
        closedir (dir);
    return s_sorted (entries);
}

checkpoint_sum_t *
checkpoint_sum_new (void)
{
    checkpoint_sum_t *self = EVP_MD_CTX_new ();
    assert (self);
    int ok = EVP_DigestInit_ex (self, EVP_sha256 (), NULL);
    assert (ok);
    return self;
}

void
checkpoint_sum_add (checkpoint_sum_t *self, const void *bytes, size_t length)
{
    int ok = EVP_DigestUpdate (self, bytes, length);
    assert (ok);
}

void
checkpoint_sum_end (checkpoint_sum_t **self_p, char hex[CHECKPOINT_HASH_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    int ok = EVP_DigestFinal_ex (*self_p, hash, &length);
    assert (ok && 2 * length + 1 == CHECKPOINT_HASH_SIZE);
    hex_print (hash, length, hex);
    hex[2 * length] = '\0';
    EVP_MD_CTX_free (*self_p);
    *self_p = NULL;
}

void
checkpoint_hash (const void *const *parts, const size_t *lengths, size_t count,
    char hex[CHECKPOINT_HASH_SIZE])
{
    checkpoint_sum_t *sum = checkpoint_sum_new ();
    for (size_t i = 0; i < count; i++)
        checkpoint_sum_add (sum, parts[i], lengths[i]);
    checkpoint_sum_end (&sum, hex);
}

size_t
checkpoint_header_hash_place (const char *header, size_t length)
{
    const size_t key_length = strlen (CHECKPOINT_HEADER_HASH_KEY);
    const char *found = memmem (header, length, CHECKPOINT_HEADER_HASH_KEY, key_length);
    if (!found)
        return 0;
    size_t place = (size_t)(found - header) + key_length;
    if (length - place < CHECKPOINT_HASH_SIZE)
        return 0;
    bool again =
        memmem (header + place, length - place, CHECKPOINT_HEADER_HASH_KEY, key_length);
    return again ? 0 : place;
}
