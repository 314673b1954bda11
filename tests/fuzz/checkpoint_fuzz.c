/* A checkpoint file. The input is the header's text and, behind a NUL, the tensors'
 * bytes; lengths and hashes are put right, or nothing would get past them. Without a NUL
 * the input is the whole file. SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/checkpoint_format.h"
#include "model/checkpoint/load.h"
#include "model/serve/model.h"
#include "tests/fuzz/fuzz.h"

#define DATA_HASH_KEY "\"sha256\":\""

static char s_folder[] = "/tmp/sasrec-fuzz-XXXXXX";
static char s_path[CHECKPOINT_PATH_SIZE];

static void
s_remove_folder (void)
{
    remove (s_path);
    rmdir (s_folder);
}

static void
s_make_folder (void)
{
    char *made = mkdtemp (s_folder);
    assert (made);
    int failed = checkpoint_path (s_folder, "fuzz", s_path);
    assert (!failed);
    atexit (s_remove_folder);
}

static void
s_hash (const void *bytes, size_t length, char hex[CHECKPOINT_HASH_SIZE])
{
    checkpoint_hash (&bytes, &length, 1, hex);
}

static void
s_set_data_hash (char *header, const void *data, size_t length)
{
    char hash[CHECKPOINT_HASH_SIZE], *place = strstr (header, DATA_HASH_KEY);
    place = place ? place + strlen (DATA_HASH_KEY) : "";
    s_hash (data, length, hash);
    if (strlen (place) > CHECKPOINT_HASH_SIZE - 1)
        memcpy (place, hash, CHECKPOINT_HASH_SIZE - 1);
}

static void
s_set_header_hash (char *header, size_t length)
{
    char hash[CHECKPOINT_HASH_SIZE];
    size_t place = checkpoint_header_hash_place (header, length);
    if (!place)
        return;
    memset (header + place, '0', CHECKPOINT_HASH_SIZE - 1);
    s_hash (header, length, hash);
    memcpy (header + place, hash, CHECKPOINT_HASH_SIZE - 1);
}

static void
s_write (const uint8_t *bytes, size_t length)
{
    FILE *file = fopen (s_path, "wb");
    assert (file);
    const uint8_t *end = memchr (bytes, 0, length);
    if (end) {
        uint64_t header_length = (uint64_t)(end - bytes);
        size_t rest = length - header_length - 1;
        char *header = strndup ((const char *)bytes, header_length);
        assert (header);
        s_set_data_hash (header, end + 1, rest);
        s_set_header_hash (header, header_length);
        fwrite (&header_length, 8, 1, file);
        fwrite (header, 1, header_length, file);
        fwrite (end + 1, 1, rest, file);
        free (header);
    } else
        fwrite (bytes, 1, length, file);
    fclose (file);
}

static void
s_ask (const model_t *model)
{
    int64_t history[] = {10, 20, 7, -1}, ids[5];
    float scores[5];
    model_query_t query = {.history = history, .history_count = 4, .k = 5};
    model_answer_t answer = {.item_ids = ids, .scores = scores};
    model_scratch_t *scratch = model_scratch_new (model, 1);
    model_recommend (model, scratch, &query, 1, &answer);
    assert (answer.count <= 5);
    model_scratch_destroy (&scratch);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
    char error[160] = "";
    if (!s_path[0])
        s_make_folder ();
    s_write (length ? bytes : (const uint8_t *)"", length);
    model_t *model = load_model (s_path, error);
    if (model)
        s_ask (model);
    else
        assert (strlen (error) > 8);
    model_destroy (&model);
    return 0;
}
