/* Idempotency-Key at the http actor. SPDX-License-Identifier: Apache-2.0 */
#include "tests/actors/http_fixture.h"

#include "base/uuid.h"

#define KEY "Idempotency-Key: order-17\r\n"

static void
test_a_key_names_the_request (void **state)
{
    fixture_t *self = *state;
    char ids[2][PROTO_ID_SIZE], fingerprints[2][FINGERPRINT_SIZE];
    for (size_t i = 0; i < 2; i++) {
        int fd = s_post (self, "/predict", KEY, BODY);
        request_t *request = s_take_request (self->accept);
        memcpy (ids[i], request->request_id, sizeof ids[i]);
        memcpy (fingerprints[i], request->fingerprint, sizeof fingerprints[i]);
        assert_true (ticket_claim (request->ticket));
        ticket_answer (request->ticket, TICKET_DONE, NULL);
        request_destroy (&request);
        answer_t answer = client_receive (fd);
        assert_int_equal (answer.status, 202);
        assert_string_equal (client_text (&answer, "request_id"), ids[i]);
        client_free (&answer);
    }
    assert_true (uuid_valid (ids[0]));
    assert_string_equal (ids[0], ids[1]);
    assert_string_equal (fingerprints[0], fingerprints[1]);
    assert_int_equal (strlen (fingerprints[0]), FINGERPRINT_SIZE - 1);
}

static void
s_expect_id (
    fixture_t *self, const char *headers, const char *body, const char *id, bool same)
{
    int fd = s_post (self, "/predict", headers, body);
    request_t *request = s_take_request (self->accept);
    assert_int_equal (strcmp (request->request_id, id) == 0, same);
    request_refuse (&request, TICKET_FULL, NULL);
    answer_t answer = client_receive (fd);
    client_free (&answer);
}

static void
test_only_the_key_makes_the_name (void **state)
{
    fixture_t *self = *state;
    char id[PROTO_ID_SIZE];
    int fd = s_post (self, "/predict", KEY, BODY);
    request_t *request = s_take_request (self->accept);
    memcpy (id, request->request_id, sizeof id);
    request_refuse (&request, TICKET_FULL, NULL);
    s_expect_problem (client_receive (fd), 503, "overloaded");
    s_expect_id (self, KEY, "{\"history\":[1]}", id, true);
    s_expect_id (self, "Idempotency-Key: order-18\r\n", BODY, id, false);
    s_expect_id (self, "", BODY, id, false);
}

static void
test_what_is_in_work_is_not_begun_again (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/predict", KEY, BODY);
    request_t *request = s_take_request (self->accept);
    s_expect_problem (
        client_ask (self->port, "POST", "/predict", KEY, BODY), 409, "in-work");
    s_expect_problem (client_ask (self->port, "POST", "/predict", KEY, "{}"), 409,
        "in-work"); /* with whatever body */
    int other = s_post (self, "/predict", "Idempotency-Key: order-18\r\n", BODY);
    request_t *second = s_take_request (self->accept);
    request_refuse (&second, TICKET_DONE, NULL);
    answer_t answer = client_receive (other);
    assert_int_equal (answer.status, 202);
    client_free (&answer);
    request_refuse (&request, TICKET_DONE, NULL);
    answer = client_receive (fd);
    assert_int_equal (answer.status, 202);
    client_free (&answer);
    s_nothing_was_sent (self);
}

static void
test_another_body_is_refused (void **state)
{
    fixture_t *self = *state;
    int fd = s_post (self, "/predict", KEY, BODY);
    answer_t answer = s_settle (fd, self->accept, TICKET_CONTRADICTED, NULL, NULL);
    s_check_problem (&answer, 422, "idempotency-key-reused");
    client_free (&answer);
}

static void
test_what_is_no_key_is_refused (void **state)
{
    fixture_t *self = *state;
    char longest[400] = "Idempotency-Key: ";
    memset (longest + strlen (longest), 'x', 256);
    strcat (longest, "\r\n");
    static const char *const others[] = {"Idempotency-Key: \r\n",
        "Idempotency-Key: a b\r\n", "Idempotency-Key: \xc3\xa4\r\n"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        s_expect_problem (client_ask (self->port, "POST", "/predict", others[i], BODY),
            400, "malformed");
    s_expect_problem (
        client_ask (self->port, "POST", "/predict", longest, BODY), 400, "malformed");
    s_nothing_was_sent (self);
}

static void
test_other_routes_do_not_look_at_it (void **state)
{
    fixture_t *self = *state;
    for (int i = 0; i < 2; i++) {
        int fd = s_post (self, "/recommend", KEY, BODY);
        request_t *request = s_take_request (self->once);
        assert_string_equal (request->fingerprint, "");
        request_refuse (&request, TICKET_FULL, NULL);
        s_expect_problem (client_receive (fd), 503, "overloaded");
    }
}

int
main (void)
{
    s_block_signals ();
    const struct CMUnitTest tests[] = {
        TEST (test_a_key_names_the_request),
        TEST (test_only_the_key_makes_the_name),
        TEST (test_what_is_in_work_is_not_begun_again),
        TEST (test_another_body_is_refused),
        TEST (test_what_is_no_key_is_refused),
        TEST (test_other_routes_do_not_look_at_it),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
