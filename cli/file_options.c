/* The options that say what a file is. SPDX-License-Identifier: Apache-2.0 */
#include "cli/file_options.h"

#include "cli/command.h"

enum {
    S_KEY_COLUMNS = 0x3000,
    S_KEY_NO_HEADER,
    S_KEY_DELIMITER,
    S_KEY_TIME_UNIT,
    S_KEY_ITEM_IDS
};

const struct argp_option file_options[] = {
    {"format", 'f', "FORMAT", 0, "csv, jsonl or pairs", 0},
    {"columns", S_KEY_COLUMNS, "NAMES", 0,
        "user=UserId,item=ItemId,time=Timestamp,kind=Action,value=Rating: what the "
        "header calls them; time= leaves it out",
        0},
    {"no-header", S_KEY_NO_HEADER, "ORDER", 0,
        "user,item,_,time: the columns of a file without a header; _ is left out", 0},
    {"delimiter", S_KEY_DELIMITER, "TEXT", 0, "Between columns: , ; | :: or tab", 0},
    {"time-unit", S_KEY_TIME_UNIT, "UNIT", 0,
        "Of times that are numbers: s, ms, us, ns or day (20260228)", 0},
    {"item-ids", S_KEY_ITEM_IDS, "KIND", 0,
        "integers, keys (texts), or auto: integers if all of them are", 0},
    {0}};

error_t
file_options_parse (int key, char *text, struct argp_state *state)
{
    layout_t *layout = &((command_t *)state->input)->layout;
    char error[160];
    int rc = 0;
    switch (key) {
    case 'f':
        rc = layout_set_format (layout, text, error);
        break;
    case S_KEY_COLUMNS:
        rc = layout_set_columns (layout, text, error);
        break;
    case S_KEY_NO_HEADER:
        rc = layout_set_no_header (layout, text, error);
        break;
    case S_KEY_DELIMITER:
        rc = layout_set_delimiter (layout, text, error);
        break;
    case S_KEY_TIME_UNIT:
        rc = layout_set_time_unit (layout, text, error);
        break;
    case S_KEY_ITEM_IDS:
        rc = layout_set_items (layout, text, error);
        break;
    case ARGP_KEY_END:
        rc = layout_check (layout, error);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (rc == -1)
        argp_error (state, "%s", error);
    return 0;
}
