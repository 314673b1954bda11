/* Tests of proto/rule_words. SPDX-License-Identifier: Apache-2.0 */
#include "proto/rule_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/rules.h"

static const rule_word_t *
s_word (const char *name)
{
    for (size_t i = 0; i < RULE_WORD_COUNT; i++)
        if (strcmp (rule_words[i].name, name) == 0)
            return &rule_words[i];
    fail_msg ("there is no %s", name);
    return NULL;
}

static void
words_become_the_fields_of_a_body (void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"include_seen", "", "{\"include_seen\":true}"},
        {"include_seen", "0", "{\"include_seen\":false}"},
        {"include_hidden", "true", "{\"include_hidden\":true}"},
        {"include_hidden", "yes", "{\"include_hidden\":\"yes\"}"},
        {"seen", "purchase,return", "{\"seen\":\"purchase,return\"}"},
        {"seen", "1", "{\"seen\":\"1\"}"},
        {"exclude", "10,SKU-2,007,9007199254740992",
            "{\"exclude\":[10,\"SKU-2\",\"007\",\"9007199254740992\"]}"},
        {"allow", "", "{\"allow\":[\"\"]}"},
        {"allow", "1,,", "{\"allow\":[1,\"\",\"\"]}"},
        {"categories_any", "12,a b", "{\"categories\":{\"any\":[\"12\",\"a b\"]}}"},
        {"categories_none", "a", "{\"categories\":{\"none\":[\"a\"]}}"},
        {"min_score", "-1e3", "{\"min_score\":-1000.0}"},
        {"diversity", "nan", "{\"diversity\":\"nan\"}"},
        {"diversity", "0x1", "{\"diversity\":\"0x1\"}"},
        {"popularity", "", "{\"popularity\":\"\"}"},
        {"popularity", "1e999", "{\"popularity\":\"1e999\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *object = json_object ();
        rule_words_put (object, s_word (cases[i][0]), cases[i][1]);
        char *text = json_dumps (object, JSON_COMPACT);
        assert_string_equal (text, cases[i][2]);
        free (text);
        json_decref (object);
    }
}

static void
lists_of_categories_stand_beside_each_other (void **state)
{
    (void)state;
    json_t *object = json_object ();
    rule_words_put (object, s_word ("categories_any"), "a,b");
    rule_words_put (object, s_word ("categories_all"), "c");
    rule_words_put_value (object, s_word ("categories_none"), json_pack ("[s]", "d,e"));
    char *text = json_dumps (object, JSON_COMPACT);
    assert_string_equal (text,
        "{\"categories\":{\"any\":[\"a\",\"b\"],\"all\":[\"c\"],\"none\":[\"d,e\"]}}");
    free (text);
    json_decref (object);
}

/* What is wrong is told by the word that said it. */
static void
faults_lead_back_to_their_words (void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"include_seen", "maybe"}, {"seen", "exclud"},
        {"exclude", "1,,2"}, {"allow", ""}, {"categories_any", "a,"},
        {"categories_all", ""}, {"categories_none", "a,"}, {"include_hidden", "maybe"},
        {"min_score", "1e10"}, {"diversity", "high"}, {"popularity", "-1"}};
    assert_int_equal (sizeof bad / sizeof bad[0], RULE_WORD_COUNT);
    for (size_t i = 0; i < RULE_WORD_COUNT; i++) {
        strbuf_t texts = STRBUF_EMPTY;
        rules_t rules = {.texts = &texts};
        json_fault_t fault = {0};
        json_t *object = json_object ();
        rule_words_put (object, s_word (bad[i][0]), bad[i][1]);
        assert_int_equal (rules_read (&rules, object, &fault), -1);
        assert_ptr_equal (rule_words_at (fault.pointer), s_word (bad[i][0]));
        rules_free (&rules);
        strbuf_free (&texts);
        json_decref (object);
    }
    assert_null (rule_words_at ("/rules"));
    assert_null (rule_words_at (""));
}

/* Each field has a word, or three: categories. */
static void
every_rule_has_a_word (void **state)
{
    (void)state;
    static const char *const fields[] = {RULES_FIELDS};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp (fields[i], "categories"))
            assert_non_null (s_word (fields[i]));
    assert_int_equal (RULE_WORD_COUNT, sizeof fields / sizeof fields[0] + 2);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (words_become_the_fields_of_a_body),
        cmocka_unit_test (lists_of_categories_stand_beside_each_other),
        cmocka_unit_test (faults_lead_back_to_their_words),
        cmocka_unit_test (every_rule_has_a_word),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
