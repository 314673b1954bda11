/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/item_option.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/item_key.h"
#include "base/jsonread.h"
#include "cli/files/values.h"
#include "proto/item_list.h"

static void
s_add_item (item_option_t *self, const model_t *model, const char *text)
{
    int32_t index = model ? model_item_named (model, text) : -1;
    int64_t item = item_key_reference (self->texts.length);
    if (index >= 0)
        item = model_item_id (model, (size_t)index);
    else
        strbuf_add_bytes (&self->texts, text, strlen (text) + 1);
    self->items[self->count++] = item;
}

/* -1: not a list of items. */
static int
s_read_list (item_option_t *self, const model_t *model, char *text)
{
    char *rest = NULL;
    for (char *one = strtok_r (text, ",", &rest); one;
         one = strtok_r (NULL, ",", &rest)) {
        one = values_strip (one);
        if (!item_key_valid (one) || self->count == ITEM_OPTION_LIMIT)
            return -1;
        s_add_item (self, model, one);
    }
    return 0;
}

/* Integers and keys are told apart here, and stay what they are. */
static int
s_read_json (item_option_t *self, const char *text)
{
    json_fault_t fault;
    json_t *array = json_read_value (text, strlen (text), &fault);
    json_t *object = json_pack ("{s:o}", "history", array ? array : json_null ());
    free (self->items);
    int rc = item_list_read (object, "history", ITEM_OPTION_LIMIT, &self->items,
        &self->count, &self->texts, &fault);
    json_decref (object);
    return rc;
}

int
item_option_read (item_option_t *self, const model_t *model, const char *option)
{
    char *text = strdup (option);
    self->items = calloc (ITEM_OPTION_LIMIT, sizeof *self->items);
    assert (text && self->items);
    int rc = *text == '[' ? s_read_json (self, text) : s_read_list (self, model, text);
    free (text);
    return rc;
}

void
item_option_free (item_option_t *self)
{
    free (self->items);
    strbuf_free (&self->texts);
}
