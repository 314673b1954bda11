/* Tests of proto/request. SPDX-License-Identifier: Apache-2.0 */
#include "proto/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/actor/wire.h"
#include "base/item_key.h"

static request_t *
s_read (const char *text, json_fault_t *fault)
{
    return request_from_json (text, strlen (text), fault);
}

static int
s_read_body (request_t *request, const char *text, json_fault_t *fault)
{
    json_t *object = json_read_object (text, strlen (text), fault);
    assert_non_null (object);
    int rc = request_read_body (request, object, fault);
    json_decref (object);
    return rc;
}

static void
test_a_strangers_message_needs_only_id_and_history (void **state)
{
    (void)state;
    json_fault_t fault;
    request_t *request =
        s_read ("{\"request_id\":\"r\",\"history\":[3,1],\"new\":{}}", &fault);
    assert_non_null (request);
    assert_string_equal (request->request_id, "r");
    assert_string_equal (request->user_id, "anon");
    assert_int_equal (request->history_count, 2);
    assert_int_equal (request->history[1], 1);
    assert_int_equal (request->k, 10);
    assert_int_equal (request->attempt, 1);
    assert_true (request->job);
    request_destroy (&request);
    assert_null (request);
}

static void
test_json_round_trip (void **state)
{
    (void)state;
    json_fault_t fault;
    request_t *request =
        s_read ("{\"request_id\":\"a\\\"b\",\"user_id\":\"\xc3\xa9\",\"history\":"
                "[9007199254740991,0],\"k\":1000,\"seen\":\"only\",\"exclude\":[4,5],"
                "\"allow\":[6],\"include_hidden\":true,"
                "\"deadline\":1700000000123,\"attempt\":4}",
            &fault);
    assert_non_null (request);
    strbuf_t text = STRBUF_EMPTY;
    request_to_json (request, &text);
    request_t *again = request_from_json (text.data, text.length, &fault);
    assert_non_null (again);
    assert_string_equal (again->request_id, "a\"b");
    assert_string_equal (again->user_id, "\xc3\xa9");
    assert_int_equal (again->history_count, 2);
    assert_int_equal (again->history[0], 9007199254740991);
    assert_int_equal (again->k, 1000);
    assert_true (again->rules.only_seen && !again->rules.include_seen);
    assert_int_equal (again->rules.exclude_count, 2);
    assert_int_equal (again->rules.exclude[1], 5);
    assert_true (again->rules.only_allowed && again->rules.include_hidden);
    assert_int_equal (again->rules.allow_count, 1);
    assert_int_equal (again->rules.allow[0], 6);
    assert_int_equal (again->deadline_ms, 1700000000123);
    assert_int_equal (again->attempt, 4);
    request_destroy (&again);
    request_destroy (&request);
    strbuf_free (&text);
}

static void
test_integers_and_keys_stand_in_one_list (void **state)
{
    (void)state;
    json_fault_t fault;
    static const char text[] =
        "{\"request_id\":\"r\",\"user_id\":\"anon\",\"history\":[7,\"SKU-12\",\"7\"],"
        "\"k\":10,\"exclude\":[\"0316769487\"],\"allow\":[\"a,\\\"b\",9]}";
    request_t *request = s_read (text, &fault);
    assert_non_null (request);
    assert_int_equal (request->history[0], 7);
    assert_string_equal (
        item_key_referred (request->history[1], request->keys.data), "SKU-12");
    assert_string_equal (
        item_key_referred (request->history[2], request->keys.data), "7");
    assert_string_equal (
        item_key_referred (request->rules.exclude[0], request->keys.data),
        "0316769487");
    assert_int_equal (request->rules.allow[1], 9);
    strbuf_t again = STRBUF_EMPTY;
    request_to_json (request, &again);
    assert_string_equal (again.data, text);
    strbuf_free (&again);
    request_destroy (&request);
}

static void
test_what_names_no_item_is_told (void **state)
{
    (void)state;
    static const char *const bad[] = {"\"\"", "\"a\\nb\"", "-1", "1.5", "true", "[1]",
        "null", "{}", "9007199254740992"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[120];
        json_fault_t fault;
        snprintf (text, sizeof text, "{\"request_id\":\"r\",\"history\":[1,\"a\",%s]}",
            bad[i]);
        assert_null (s_read (text, &fault));
        assert_string_equal (fault.pointer, "/history/2");
        assert_string_equal (fault.detail, "history[2] must be an integer from 0 to "
                                           "9007199254740991, or a key: 1 to 128 "
                                           "bytes without control characters");
    }
}

static void
test_words_for_what_was_seen (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool include, only;
    } cases[] = {
        {"{\"request_id\":\"r\",\"history\":[],\"seen\":\"exclude\"}", false, false},
        {"{\"request_id\":\"r\",\"history\":[],\"seen\":\"include\"}", true, false},
        {"{\"request_id\":\"r\",\"history\":[],\"seen\":\"only\"}", false, true},
        {"{\"request_id\":\"r\",\"history\":[],\"include_seen\":true}", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault;
        request_t *request = s_read (cases[i].text, &fault);
        assert_non_null (request);
        assert_int_equal (request->rules.include_seen, cases[i].include);
        assert_int_equal (request->rules.only_seen, cases[i].only);
        request_destroy (&request);
    }
}

/* It is about what is stored: HTTP turns it into a list. */
static void
test_seen_by_event_is_for_bodies_with_a_user (void **state)
{
    (void)state;
    json_fault_t fault = {0};
    request_t *request = request_new ();
    assert_int_equal (
        s_read_body (request,
            "{\"user_id\":\"u\",\"history\":[1],\"seen\":\"purchase\"}", &fault),
        0);
    assert_string_equal (request->rules.seen_event, "purchase");
    assert_false (
        request->rules.include_seen || request->rules.only_seen || request->from_store);
    request_destroy (&request);
    static const char *const refused[] = {
        "{\"history\":[1],\"seen\":\"purchase\"}",
        "{\"history\":[1],\"user_id\":\"anon\",\"seen\":\"purchase\"}",
        "{\"user_id\":\"u\",\"seen\":\"exlude\"}",
        "{\"user_id\":\"u\",\"seen\":\"included\"}",
        "{\"user_id\":\"u\",\"seen\":[\"purchase\"]}",
        "{\"user_id\":\"u\",\"seen\":\"\"}",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        request = request_new ();
        assert_int_equal (s_read_body (request, refused[i], &fault), -1);
        assert_string_equal (fault.pointer, "/seen");
        request_destroy (&request);
    }
    assert_null (s_read ("{\"request_id\":\"r\",\"history\":[],\"user_id\":\"u\","
                         "\"seen\":\"purchase\"}",
        &fault));
    assert_string_equal (fault.pointer, "/seen");
}

static void
test_every_truncated_message_is_refused (void **state)
{
    (void)state;
    const char *text = "{\"request_id\":\"r\",\"user_id\":\"u\",\"history\":[1,2],"
                       "\"k\":5,\"deadline\":1}";
    json_fault_t fault;
    for (size_t length = 0; length < strlen (text); length++)
        assert_null (request_from_json (text, length, &fault));
}

static void
test_bad_fields_are_named (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *pointer;
    } cases[] = {
        {"{\"request_id\":\"r\"}", "/history"},
        {"{\"history\":[]}", "/request_id"},
        {"{\"request_id\":\"\",\"history\":[]}", "/request_id"},
        {"{\"request_id\":7,\"history\":[]}", "/request_id"},
        {"{\"request_id\":\"r\",\"history\":[1,-1]}", "/history/1"},
        {"{\"request_id\":\"r\",\"history\":[9007199254740992]}", "/history/0"},
        {"{\"request_id\":\"r\",\"history\":[1.5]}", "/history/0"},
        {"{\"request_id\":\"r\",\"history\":[],\"k\":0}", "/k"},
        {"{\"request_id\":\"r\",\"history\":[],\"k\":1001}", "/k"},
        {"{\"request_id\":\"r\",\"history\":[],\"user_id\":\"\"}", "/user_id"},
        {"{\"request_id\":\"r\",\"history\":[],\"user_id\":\"a\\n\"}", "/user_id"},
        {"{\"request_id\":\"r\",\"history\":[],\"include_seen\":1}", "/include_seen"},
        {"{\"request_id\":\"r\",\"history\":[],\"include_hidden\":1}",
            "/include_hidden"},
        {"{\"request_id\":\"r\",\"history\":[],\"deadline\":-1}", "/deadline"},
        {"{\"request_id\":\"r\",\"history\":[],\"attempt\":0}", "/attempt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault = {0};
        assert_null (s_read (cases[i].text, &fault));
        assert_string_equal (fault.pointer, cases[i].pointer);
        assert_true (fault.detail[0]);
    }
}

static void
test_ids_of_128_bytes_fit_and_longer_ones_do_not (void **state)
{
    (void)state;
    char text[400];
    json_fault_t fault;
    snprintf (text, sizeof text, "{\"request_id\":\"%0128d\",\"history\":[]}", 7);
    request_t *request = s_read (text, &fault);
    assert_non_null (request);
    assert_int_equal (strlen (request->request_id), 128);
    request_destroy (&request);
    snprintf (text, sizeof text, "{\"request_id\":\"%0129d\",\"history\":[]}", 7);
    assert_null (s_read (text, &fault));
}

static void
test_a_body_fills_what_it_names (void **state)
{
    (void)state;
    json_fault_t fault;
    request_t *request = request_new ();
    assert_int_equal (
        s_read_body (request, "{\"history\":[10,20,30],\"deadline_s\":5}", &fault), 0);
    assert_int_equal (request->history_count, 3);
    assert_int_equal (request->deadline_s, 5);
    assert_int_equal (request->k, PROTO_K_DEFAULT);
    assert_false (request->job);
    request_destroy (&request);
}

static void
test_a_body_asks_for_a_history_or_a_user_or_both (void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool from_store;
        size_t given;
    } cases[] = {
        {"{\"history\":[1,2]}", false, 2},
        {"{\"history\":[1,2],\"user_id\":\"u\"}", false, 2},
        {"{\"history\":[],\"user_id\":\"u\"}", false, 0},
        {"{\"user_id\":\"u\"}", true, 0},
        {"{\"user_id\":\"u\",\"history\":null}", true, 0},
        {"{\"user_id\":\"u\",\"history\":[3],\"append\":true}", true, 1},
        {"{\"user_id\":\"u\",\"history\":[3],\"append\":false}", false, 1},
        {"{\"user_id\":\"u\",\"append\":true}", true, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault;
        request_t *request = request_new ();
        assert_int_equal (s_read_body (request, cases[i].text, &fault), 0);
        assert_int_equal (request->from_store, cases[i].from_store);
        assert_int_equal (request->history_count, cases[i].given);
        request_destroy (&request);
    }
}

static int
s_read_candidates (request_t *request, const char *text, json_fault_t *fault)
{
    json_t *object = json_read_object (text, strlen (text), fault);
    assert_non_null (object);
    int rc = request_read_candidates (request, object, "items", 3, fault);
    json_decref (object);
    return rc;
}

static void
test_candidates_are_read_in_their_order (void **state)
{
    (void)state;
    json_fault_t fault;
    request_t *request = request_new ();
    assert_int_equal (s_read_candidates (request, "{\"items\":[7,3,7]}", &fault), 0);
    assert_int_equal (request->candidate_count, 3);
    assert_int_equal (request->k, 3);
    assert_int_equal (request->candidates[1], 3);
    static const char *const bad[][2] = {{"{}", "/items"}, {"{\"items\":[]}", "/items"},
        {"{\"items\":[1,2,3,4]}", "/items"}, {"{\"items\":[1,-2]}", "/items/1"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal (s_read_candidates (request, bad[i][0], &fault), -1);
        assert_string_equal (fault.pointer, bad[i][1]);
    }
    request_destroy (&request);
}

static void
test_a_body_that_asks_for_nobody_is_refused (void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "/history"},
        {"{\"user_id\":null}", "/history"},
        {"{\"user_id\":\"anon\"}", "/history"},
        {"{\"history\":[1],\"append\":true}", "/append"},
        {"{\"history\":[1],\"append\":1}", "/append"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_fault_t fault;
        request_t *request = request_new ();
        assert_int_equal (s_read_body (request, cases[i][0], &fault), -1);
        assert_string_equal (fault.pointer, cases[i][1]);
        request_destroy (&request);
    }
}

/* Where there is no database there is no stored history: a message brings its own. */
static void
test_a_message_needs_its_history (void **state)
{
    (void)state;
    json_fault_t fault;
    assert_null (s_read ("{\"request_id\":\"r\",\"user_id\":\"u\"}", &fault));
    assert_string_equal (fault.pointer, "/history");
}

static void
test_a_body_with_a_bad_field_is_refused (void **state)
{
    (void)state;
    json_fault_t fault;
    request_t *request = request_new ();
    assert_int_equal (
        s_read_body (request, "{\"history\":[1],\"deadline_s\":0}", &fault), -1);
    assert_string_equal (fault.pointer, "/deadline_s");
    request_destroy (&request);
}

static void
test_refusing_tells_who_waits (void **state)
{
    (void)state;
    ticket_t *ticket = ticket_new ();
    request_t *request = request_new ();
    request->ticket = ticket_retain (ticket);
    request_refuse (&request, TICKET_FULL, "too many");
    assert_null (request);
    assert_int_equal (ticket_wait (ticket, 0, 0), TICKET_FULL);
    assert_string_equal (ticket_reason (ticket), "too many");
    ticket_release (&ticket);
}

static void
test_refusing_needs_nobody_who_waits (void **state)
{
    (void)state;
    request_t *request = request_new ();
    request_refuse (&request, TICKET_FULL, "too many");
    assert_null (request);
}

static void
test_sending_gives_the_request_away_until_the_pipe_is_full (void **state)
{
    (void)state;
    zsock_t *pull = wire_pull_new ("inproc://request-test", 4);
    zsock_t *push = wire_push_new ("inproc://request-test", 4);
    size_t sent = 0;
    request_t *request = request_new ();
    while (sent < 100 && request_send (&request, push) == 0) {
        assert_null (request);
        request = request_new ();
        sent++;
    }
    assert_int_equal (sent, 4);
    assert_non_null (request); /* full: still ours */
    request_destroy (&request);
    while ((request = request_recv (pull))) {
        request_destroy (&request);
        sent--;
    }
    assert_int_equal (sent, 0);
    wire_destroy (&push);
    wire_destroy (&pull);
    assert_null (pull);
}

static void
test_an_endpoint_is_free_again_at_once (void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        zsock_t *pull = wire_pull_new ("inproc://request-test-again", 4);
        assert_non_null (pull);
        assert_null (wire_pull_new ("inproc://request-test-again", 4));
        wire_destroy (&pull);
    }
}

/* Its trace is no field of a message; of a row it is, so that one sent again keeps it. */
static void
test_the_row_keeps_the_trace_and_kafka_has_a_header (void **state)
{
    (void)state;
    static const char trace[] =
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    json_fault_t fault;
    request_t *request = s_read ("{\"request_id\":\"r\",\"history\":[1]}", &fault);
    strbuf_t plain = STRBUF_EMPTY, row = STRBUF_EMPTY, message = STRBUF_EMPTY;
    request_to_json (request, &plain);
    request_to_row (request, &row);
    assert_string_equal (row.data, plain.data); /* there is none */
    trace_parse (&request->trace, trace);
    strbuf_clear (&row);
    request_to_row (request, &row);
    request_to_json (request, &message);
    assert_string_equal (message.data, plain.data);
    assert_null (request_from_row (row.data, row.length - 1, &fault));
    request_t *again = request_from_row (row.data, row.length, &fault);
    assert_memory_equal (&again->trace, &request->trace, sizeof again->trace);
    request_destroy (&again);
    again = request_from_json (row.data, row.length, &fault);
    assert_false (trace_exists (&again->trace));
    request_destroy (&again);
    request_destroy (&request);
    strbuf_free (&plain);
    strbuf_free (&row);
    strbuf_free (&message);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_the_row_keeps_the_trace_and_kafka_has_a_header),
        cmocka_unit_test (test_a_strangers_message_needs_only_id_and_history),
        cmocka_unit_test (test_json_round_trip),
        cmocka_unit_test (test_integers_and_keys_stand_in_one_list),
        cmocka_unit_test (test_what_names_no_item_is_told),
        cmocka_unit_test (test_words_for_what_was_seen),
        cmocka_unit_test (test_seen_by_event_is_for_bodies_with_a_user),
        cmocka_unit_test (test_every_truncated_message_is_refused),
        cmocka_unit_test (test_bad_fields_are_named),
        cmocka_unit_test (test_ids_of_128_bytes_fit_and_longer_ones_do_not),
        cmocka_unit_test (test_a_body_fills_what_it_names),
        cmocka_unit_test (test_a_body_asks_for_a_history_or_a_user_or_both),
        cmocka_unit_test (test_candidates_are_read_in_their_order),
        cmocka_unit_test (test_a_body_that_asks_for_nobody_is_refused),
        cmocka_unit_test (test_a_message_needs_its_history),
        cmocka_unit_test (test_a_body_with_a_bad_field_is_refused),
        cmocka_unit_test (test_refusing_tells_who_waits),
        cmocka_unit_test (test_refusing_needs_nobody_who_waits),
        cmocka_unit_test (test_sending_gives_the_request_away_until_the_pipe_is_full),
        cmocka_unit_test (test_an_endpoint_is_free_again_at_once),
    };
    zsys_handler_set (NULL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
