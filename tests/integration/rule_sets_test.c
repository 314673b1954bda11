/* Rules under a name, against a real PostgreSQL. SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "store/rule_sets.h"

static void
s_put (store_fixture_t *self, const char *name, const char *rules, bool created)
{
    bool found;
    assert_int_equal (rule_sets_put (self->db, name, rules, &found), DB_OK);
    assert_int_equal (found, created);
}

static void
s_assert_rules (store_fixture_t *self, const char *name, const char *expected)
{
    char *rules;
    assert_int_equal (rule_sets_find (self->db, name, &rules), DB_OK);
    if (expected)
        assert_string_equal (rules, expected);
    else
        assert_null (rules);
    free (rules);
}

static void
s_a_set_is_kept_under_its_name (void **state)
{
    s_assert_rules (*state, "homepage", NULL);
    s_put (
        *state, "homepage", "{\"exclude\":[9007199254740991],\"diversity\":0.3}", true);
    s_put (*state, "cart", "{}", true);
    s_assert_rules (
        *state, "homepage", "{\"exclude\": [9007199254740991], \"diversity\": 0.3}");
    s_put (*state, "homepage", "{\"seen\":\"only\"}", false);
    s_assert_rules (*state, "homepage", "{\"seen\": \"only\"}");
    s_assert_rules (*state, "cart", "{}");
}

static void
s_a_set_can_be_deleted_once (void **state)
{
    store_fixture_t *self = *state;
    bool found;
    s_put (self, "homepage", "{}", true);
    assert_int_equal (rule_sets_delete (self->db, "homepage", &found), DB_OK);
    assert_true (found);
    assert_int_equal (rule_sets_delete (self->db, "homepage", &found), DB_OK);
    assert_false (found);
    s_assert_rules (self, "homepage", NULL);
}

static void
s_sets_are_listed_by_name (void **state)
{
    store_fixture_t *self = *state;
    strbuf_t list = STRBUF_EMPTY;
    assert_int_equal (rule_sets_list (self->db, 10, &list), DB_OK);
    assert_string_equal (list.data, "[]");
    strbuf_clear (&list);
    s_put (self, "b", "{}", true);
    s_put (self, "a", "{}", true);
    s_put (self, "c", "{}", true);
    store_do (self, "UPDATE rule_sets SET updated_at = '2026-01-02 03:04:05.678+00'");
    assert_int_equal (rule_sets_list (self->db, 1, &list), DB_OK);
    assert_string_equal (
        list.data, "[{\"name\":\"a\",\"updated_at\":\"2026-01-02T03:04:05.678Z\"}]");
    strbuf_free (&list);
}

static void
s_rules_are_an_object (void **state)
{
    store_fixture_t *self = *state;
    bool created;
    assert_int_equal (rule_sets_put (self->db, "a", "[]", &created), DB_DATA);
    assert_int_equal (rule_sets_put (self->db, "", "{}", &created), DB_DATA);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST (s_a_set_is_kept_under_its_name),
        STORE_TEST (s_a_set_can_be_deleted_once),
        STORE_TEST (s_sets_are_listed_by_name),
        STORE_TEST (s_rules_are_an_object),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
