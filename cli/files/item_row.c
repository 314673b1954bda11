/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/item_row.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/jsonread.h"
#include "base/timestamp.h"
#include "cli/files/columns.h"
#include "cli/files/values.h"

typedef json_t *(value_f)(const char *name, const json_t *value, char error[160]);

/* NULL with error, as all of these; null is what databases write for it. */
static json_t *
s_text (const char *name, const json_t *value, char error[160])
{
    char number[32];
    const char *text = json_string_value (value);
    if (json_is_null (value) || (text && values_is_null (text)))
        return json_null ();
    if (text)
        return json_string (text);
    double real = json_number_value (value);
    if (json_is_number (value) && real == floor (real) && fabs (real) < 9e15) {
        snprintf (number, sizeof number, "%.0f", real);
        return json_string (number);
    }
    snprintf (error, 160, "%.60s must be a text", name);
    return NULL;
}

static void
s_add_pieces (json_t *list, const char *text)
{
    while (*text) {
        size_t length = strcspn (text, "|");
        if (length > 0)
            json_array_append_new (list, json_stringn (text, length));
        text += length + (text[length] == '|');
    }
}

/* Amazon's are paths, one in the other: [["Toys", "Games"], ["Toys", "Cards"]]. */
static void
s_add_path (json_t *list, const json_t *path)
{
    size_t i;
    json_t *value;
    if (!json_is_array (path)) {
        json_array_append (list, (json_t *)(uintptr_t)path);
        return;
    }
    json_array_foreach (path, i, value) json_array_append (list, value);
}

static json_t *
s_flatten (const json_t *paths)
{
    size_t i;
    json_t *path, *list = json_array ();
    json_array_foreach (paths, i, path) s_add_path (list, path);
    return list;
}

/* MovieLens says "(no genres listed)". */
static json_t *
s_categories (const char *name, const json_t *value, char error[160])
{
    const char *text = json_string_value (value);
    if (json_is_array (value))
        return s_flatten (value);
    if (!text && !json_is_null (value)) {
        snprintf (error, 160, "%.60s must be a text or an array of texts", name);
        return NULL;
    }
    json_t *list = json_array ();
    if (text && !values_is_null (text) && strcmp (text, "(no genres listed)") != 0)
        s_add_pieces (list, text);
    return list;
}

static json_t *
s_flag (const char *name, const json_t *value, char error[160])
{
    static const char *const yes[] = {"true", "t", "1", "yes", "y"};
    static const char *const no[] = {"false", "f", "0", "no", "n", ""};
    json_t *text = json_is_boolean (value) ? NULL : s_text (name, value, error);
    const char *word = text ? json_string_value (text) : NULL;
    json_t *flag = json_is_boolean (value) ? json_boolean (json_is_true (value)) : NULL;
    if (json_is_null (text))
        flag = json_false ();
    for (size_t i = 0; word && i < sizeof yes / sizeof yes[0]; i++)
        if (strcasecmp (word, yes[i]) == 0)
            flag = json_true ();
    for (size_t i = 0; word && i < sizeof no / sizeof no[0]; i++)
        if (strcasecmp (word, no[i]) == 0)
            flag = json_false ();
    json_decref (text);
    if (!flag)
        snprintf (error, 160, "%.60s must be true or false", name);
    return flag;
}

/* As interactions have them: with or without a zone, or as numbers. */
static json_t *
s_time (const char *name, const json_t *value, char error[160])
{
    char fixed[TIMESTAMP_SIZE];
    int64_t unix_us;
    json_t *text = s_text (name, value, error);
    if (!text || json_is_null (text))
        return text;
    int rc = timestamp_parse (json_string_value (text), &unix_us);
    if (rc)
        values_refuse (name, json_string_value (text), "is no time", error);
    else
        timestamp_format (unix_us, fixed);
    json_decref (text);
    return rc ? NULL : json_string (fixed);
}

static json_t *
s_object (const char *name, const json_t *value, char error[160])
{
    const char *text = json_string_value (value);
    json_t *object = text && !values_is_null (text)
                         ? json_loads (text, JSON_REJECT_DUPLICATES, NULL)
                     : text ? json_null ()
                            : json_incref ((json_t *)(uintptr_t)value);
    if (json_is_object (object) || json_is_null (object))
        return object;
    json_decref (object);
    snprintf (error, 160, "%.60s must be a JSON object", name);
    return NULL;
}

/* Amazon's are lists. */
static json_t *
s_image (const char *name, const json_t *value, char error[160])
{
    const json_t *first = json_is_array (value) ? json_array_get (value, 0) : value;
    return first ? s_text (name, first, error) : json_null ();
}

static const struct {
    const char *field;
    value_f *read;
    const char *names[12]; /* in plain letters, as column_plain writes them */
} s_fields[] = {
    {"title", s_text,
        {"title", "name", "itemname", "itemtitle", "productname", "producttitle",
            "movietitle", "booktitle", "trackname"}},
    {"categories", s_categories,
        {"categories", "category", "genres", "genre", "itemcategory", "productcategory",
            "maincategory", "classes"}},
    {"hidden", s_flag, {"hidden", "ishidden"}},
    {"available_from", s_time, {"availablefrom", "availableat"}},
    {"expires_at", s_time, {"expiresat", "expires", "availableuntil"}},
    {"attributes", s_object, {"attributes"}},
    {"image_url", s_image,
        {"imageurl", "image", "imurl", "img", "imgurl", "thumbnail", "thumbnailurl",
            "posterurl", "imageurll"}},
};

#define FIELD_COUNT (sizeof s_fields / sizeof s_fields[0])

#define ID FIELD_COUNT /* in place of a field */

/* item: what the person says it is called, or NULL. */
static int
s_id_fit (const char *name, const char *item)
{
    if (item)
        return strcmp (name, item) == 0 ? 0 : -1;
    int fit = column_fit (COLUMN_ITEM, name);
    return fit >= 0 ? fit : strcasecmp (name, "id") == 0 ? 1000 : -1;
}

/* How well the name fits the field: 0 best; -1: not at all. */
static int
s_fit (size_t field, const char *item, const char *name)
{
    char plain[COLUMN_PLAIN_SIZE];
    if (field == ID)
        return s_id_fit (name, item);
    column_plain (name, plain);
    for (int i = 0; i < 12 && s_fields[field].names[i]; i++)
        if (strcmp (plain, s_fields[field].names[i]) == 0)
            return i;
    return -1;
}

/* What the object calls the field; NULL: it has none. */
static const char *
s_find (const json_t *object, size_t field, const char *item)
{
    const char *key, *best = NULL;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)object, key, value)
    {
        int fit = s_fit (field, item, key);
        if (fit >= 0 && (!best || fit < s_fit (field, item, best)))
            best = key;
    }
    return best;
}

const char *
item_row_meaning (const json_t *object, const char *item, const char *name)
{
    const char *id = s_find (object, ID, item);
    if (id && strcmp (id, name) == 0)
        return "item_id";
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        const char *found = s_find (object, field, NULL);
        if (found && strcmp (found, name) == 0)
            return s_fields[field].field;
    }
    return NULL;
}

static int
s_check_text (const char *name, const json_t *value, char error[160])
{
    if (!json_has_nul (value))
        return 0;
    snprintf (error, 160, "%.60s has U+0000, or a number that no double holds", name);
    return -1;
}

/* As a number or a text; NULL with error. */
static json_t *
s_read_id (const char *name, const char *text, bool keys, char error[160])
{
    char key[ITEM_KEY_SIZE];
    int64_t item_id;
    if (keys)
        return values_item_key (name, text, key, error) ? NULL : json_string (key);
    return values_item (name, text, &item_id, error) ? NULL : json_integer (item_id);
}

static json_t *
s_id (const json_t *object, const char *item, bool keys, char error[160])
{
    const char *name = s_find (object, ID, item);
    if (!name) {
        snprintf (error, 160, "has no %.60s%s", item ? item : "item_id",
            item ? "" : ": --columns item=NAME says which it is");
        return NULL;
    }
    const json_t *value = json_object_get (object, name);
    json_t *text =
        s_check_text (name, value, error) ? NULL : s_text (name, value, error);
    json_t *id =
        text ? s_read_id (name, json_is_null (text) ? "" : json_string_value (text),
                   keys, error)
             : NULL;
    json_decref (text);
    return id;
}

bool
item_row_has_key (const json_t *object, const char *item)
{
    char error[160];
    json_t *integer = s_id (object, item, false, error);
    json_t *key = s_id (object, item, true, error);
    bool only_key = key && !integer;
    json_decref (integer);
    json_decref (key);
    return only_key;
}

static int
s_take_id (
    const json_t *object, const char *item, bool keys, json_t *out, char error[160])
{
    json_t *id = s_id (object, item, keys, error);
    if (!id)
        return -1;
    json_object_set_new (out, "item_id", id);
    return 0;
}

static int
s_take_fields (const json_t *object, json_t *out, char error[160])
{
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        const char *name = s_find (object, field, NULL);
        const json_t *value = name ? json_object_get (object, name) : NULL;
        if (!value)
            continue;
        if (s_check_text (name, value, error))
            return -1;
        json_t *taken = s_fields[field].read (name, value, error);
        if (!taken)
            return -1;
        json_object_set_new (out, s_fields[field].field, taken);
    }
    return 0;
}

json_t *
item_row_take (const json_t *object, const char *item, bool keys, char error[160])
{
    json_t *out = json_object ();
    assert (out);
    if (s_take_id (object, item, keys, out, error) == 0 &&
        s_take_fields (object, out, error) == 0)
        return out;
    json_decref (out);
    return NULL;
}
