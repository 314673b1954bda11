/* Names of columns. SPDX-License-Identifier: Apache-2.0 */
#include "cli/files/columns.h"

#include <ctype.h>
#include <string.h>

static const char *const s_words[COLUMN_COUNT] = {
    "user", "item", "time", "event", "kind", "value"};
static const char *const s_own_names[COLUMN_COUNT] = {
    "user_id", "item_id", "created_at", "event_id", "event", "value"};

/* In order of preference, as column_plain writes them: a file of Amazon's has asin and
 * parent_asin, one of a shop user and session. A time that needs a reader of its own
 * (Amazon's reviewTime, "02 28, 2014") is not there. */
static const char *const s_user_names[] = {"userid", "user", "uid", "visitorid",
    "reviewerid", "customerid", "customer", "memberid", "accountid", "profileid",
    "username", "personid", "authorid", "sessionid", "session", NULL};
static const char *const s_item_names[] = {"itemid", "item", "iid", "movieid",
    "productid", "product", "asin", "parentasin", "artistid", "trackid", "songid",
    "bookid", "isbn", "articleid", "newsid", "gameid", "appid", "locationid", "venueid",
    "businessid", "poiid", "contentid", "videoid", "animeid", "recipeid", "jobid",
    "offerid", "goodsid", "skuid", "sku", NULL};
static const char *const s_time_names[] = {"createdat", "timestamp", "ts", "time",
    "datetime", "ratingtimestamp", "unixreviewtime", "eventtime", "eventtimestamp",
    "eventat", "eventdate", "occurredat", "unixtime", "unixtimestamp", "timestampms",
    "interactiontime", "interactiontimestamp", "ratedat", "ratingtime", "reviewedat",
    "viewedat", "watchedat", "clickedat", "purchasedat", "orderedat", "checkintime",
    "createtime", "creationtime", "updatedat", "date", NULL};
static const char *const s_event_id_names[] = {"eventid", "eventuuid", NULL};
static const char *const s_kind_names[] = {"event", "eventtype", "eventname",
    "interactiontype", "feedbacktype", "behaviortype", "behaviourtype", "behavior",
    "behaviour", "actiontype", "action", NULL};
/* Ratings are left out unless somebody says so: they may be stars, texts, formulas. */
static const char *const s_value_names[] = {"value", "eventvalue", NULL};
static const char *const *const s_names[COLUMN_COUNT] = {s_user_names, s_item_names,
    s_time_names, s_event_id_names, s_kind_names, s_value_names};

const char *
column_word (column_t column)
{
    return s_words[column];
}

const char *
column_name (column_t column)
{
    return s_own_names[column];
}

column_t
column_by_word (const char *word, size_t length)
{
    int column = 0;
    while (column < COLUMN_COUNT && (strlen (s_words[column]) != length ||
                                        strncmp (s_words[column], word, length) != 0))
        column++;
    return (column_t)column;
}

void
column_plain (const char *name, char plain[COLUMN_PLAIN_SIZE])
{
    size_t length = 0;
    for (; *name && *name != ':' && length < COLUMN_PLAIN_SIZE - 1; name++) {
        if (!strchr ("_- ", *name))
            plain[length++] = (char)tolower ((unsigned char)*name);
    }
    plain[length] = '\0';
}

int
column_fit (column_t column, const char *name)
{
    char plain[COLUMN_PLAIN_SIZE];
    if (strcmp (name, s_own_names[column]) == 0)
        return 0;
    column_plain (name, plain);
    for (int i = 0; s_names[column][i]; i++) {
        if (strcmp (plain, s_names[column][i]) == 0)
            return i + 1;
    }
    return -1;
}
