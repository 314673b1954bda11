/* SPDX-License-Identifier: Apache-2.0 */
#include "actors/query_rules.h"

static category_names_t
s_names (const names_t *names)
{
    return (category_names_t){(const char *const *)names->texts, names->count};
}

static eligible_rules_t
s_rules (const rules_t *rules)
{
    return (eligible_rules_t){.include_seen = rules->include_seen,
        .only_seen = rules->only_seen,
        .exclude = rules->exclude,
        .exclude_count = rules->exclude_count,
        .allow = rules->allow,
        .allow_count = rules->allow_count,
        .only_allowed = rules->only_allowed,
        .categories = {.any = s_names (&rules->any),
            .all = s_names (&rules->all),
            .none = s_names (&rules->none)},
        .include_hidden = rules->include_hidden};
}

void
query_rules_set (model_query_t *query, const rules_t *rules)
{
    query->rules = s_rules (rules);
    query->has_min_score = rules->min_score.given;
    query->min_score = rules->min_score.value;
    query->diversity = rules->diversity.value;
    query->popularity = rules->popularity.value;
}
