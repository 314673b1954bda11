/* The parts of the bridge beside a real broker. SPDX-License-Identifier: Apache-2.0 */
#include "tests/kafka/kafka.h"

#include <librdkafka/rdkafka.h>

#include "base/metrics.h"
#include "bridge/lag.h"

#define COUNT 100

static void
s_fill (topic_t topic, const char *word, int count)
{
    sender_t sender;
    sender_open (&sender);
    for (int i = 0; i < count; i++) {
        char key[32], value[64];
        snprintf (key, sizeof key, "%s-%d", word, i);
        snprintf (value, sizeof value, "%s %d", word, i);
        assert_true (sender_send (&sender, topic, key, value));
    }
    assert_true (producer_flush (sender.producer, LIMIT_MS));
    assert_int_equal (sender.safe, count);
    producer_destroy (&sender.producer);
}

/* A role that starts before 'topics create', on a broker that makes what it is asked for. */
static void
test_no_topic_is_made_by_asking (void **state)
{
    (void)state;
    char error[160] = "";
    const bool wanted[TOPIC_COUNT] = {[TOPIC_REQUESTS] = true};
    const producer_args_t args = {
        kafka_servers (), "test-early", sender_delivered, NULL};
    producer_t *producer = producer_new (&args, error);
    const record_t record = {.topic = TOPIC_REQUESTS, .value = "{}", .value_size = 2};
    assert_non_null (producer);
    for (int i = 0; i < 10; i++) {
        assert_int_equal (producer_probe (producer, wanted, 1000, error), -1);
        assert_false (producer_send (producer, &record, NULL));
    }
    assert_non_null (strstr (error, "sasrec topics create"));
    producer_destroy (&producer);
}

static void
test_topics_are_created_once (void **state)
{
    (void)state;
    topics_report_t reports[TOPIC_COUNT];
    char error[160] = "";
    const topics_options_t options = {kafka_servers (), 0, 0, LIMIT_MS};
    assert_int_equal (topics_create (&options, reports, error), 0);
    assert_true (reports[TOPIC_REQUESTS].created);
    assert_int_equal (reports[TOPIC_REQUESTS].partitions, 12);
    assert_int_equal (topics_create (&options, reports, error), 0);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        assert_false (reports[i].created);
        assert_int_equal (reports[i].partitions, reports[i].wanted);
    }
    assert_int_equal (reports[TOPIC_CONTROL].partitions, 1);
    const topics_options_t more = {kafka_servers (), 24, 0, LIMIT_MS};
    assert_int_equal (topics_create (&more, reports, error), 0);
    assert_int_equal (reports[TOPIC_REQUESTS].partitions, 12);
    assert_int_equal (reports[TOPIC_REQUESTS].wanted, 24);
}

/* As when advertised.listeners names a host that only the broker knows. */
static void
test_an_address_that_does_not_answer_is_named (void **state)
{
    (void)state;
    char error[160] = "";
    topics_report_t reports[TOPIC_COUNT];
    assert_int_equal (
        system (WITH_KAFKA
            " --stop && SASREC_KAFKA_ADVERTISED=nowhere.invalid:9092 " WITH_KAFKA
            " --start"),
        0);
    const topics_options_t options = {kafka_servers (), 0, 0, 3000};
    assert_int_equal (topics_create (&options, reports, error), -1);
    assert_non_null (strstr (error, "nowhere.invalid:9092"));
    const bool wanted[TOPIC_COUNT] = {[TOPIC_REQUESTS] = true};
    const producer_args_t args = {
        kafka_servers (), "test-lost", sender_delivered, NULL};
    producer_t *producer = producer_new (&args, error);
    assert_int_equal (producer_probe (producer, wanted, 1000, error), -1);
    assert_non_null (strstr (error, "nowhere.invalid:9092"));
    producer_destroy (&producer);
    assert_int_equal (system (WITH_KAFKA " --stop && " WITH_KAFKA " --start"), 0);
}

/* Reads until count distinct messages came; settles those whose number is below done. */
static void
s_read (consumer_t *consumer, const char *word, int count, int done)
{
    bool seen[COUNT] = {0};
    for (int found = 0; found < count;) {
        record_t record;
        char text[64], mine[32];
        int number = -1;
        assert_true (kafka_next (consumer, &record, LIMIT_MS));
        snprintf (text, sizeof text, "%.*s", (int)record.value_size,
            (const char *)record.value);
        bool ours = sscanf (text, "%31s %d", mine, &number) == 2 &&
                    strcmp (mine, word) == 0 && number < COUNT;
        if (!ours || number < done)
            consumer_settle (consumer, &record.receipt, RECEIPT_DONE);
        if (ours && !seen[number]) {
            seen[number] = true;
            found++;
        }
        record_release (&record);
    }
}

static void
test_what_was_not_settled_comes_again (void **state)
{
    (void)state;
    s_fill (TOPIC_REQUESTS, "again", COUNT);
    consumer_t *consumer = kafka_consumer ("group-again", TOPIC_REQUESTS, 1000);
    s_read (consumer, "again", COUNT, COUNT - 10);
    assert_int_equal (consumer_outstanding (consumer), 10);
    assert_int_equal (consumer_partitions (consumer), 12);
    consumer_destroy (&consumer, true);
    consumer = kafka_consumer ("group-again", TOPIC_REQUESTS, 1000);
    bool seen[COUNT] = {0};
    record_t record;
    for (int i = 0; i < 10;) {
        int number = -1;
        assert_true (kafka_next (consumer, &record, LIMIT_MS));
        sscanf (record.value, "again %d", &number);
        if (number >= COUNT - 10 && !seen[number]) {
            seen[number] = true;
            i++;
        }
        consumer_settle (consumer, &record.receipt, RECEIPT_DONE);
        record_release (&record);
    }
    consumer_destroy (&consumer, true);
    consumer = kafka_consumer ("group-again", TOPIC_REQUESTS, 1000);
    assert_false (kafka_next (consumer, &record, 1000));
    consumer_destroy (&consumer, true);
}

static void
test_a_retry_reads_the_partition_again (void **state)
{
    (void)state;
    s_fill (TOPIC_CONTROL, "retry", 3);
    consumer_t *consumer = kafka_consumer ("group-retry", TOPIC_CONTROL, 100);
    record_t record;
    receipt_t receipts[3];
    int64_t first = 0;
    for (int i = 0; i < 3; i++) {
        assert_true (kafka_next (consumer, &record, LIMIT_MS));
        receipts[i] = record.receipt;
        first = i == 1 ? record.offset : first;
        record_release (&record);
    }
    consumer_settle (consumer, &receipts[0], RECEIPT_DONE);
    consumer_settle (consumer, &receipts[2], RECEIPT_RETRY);
    consumer_settle (consumer, &receipts[1], RECEIPT_RETRY); /* stale by now */
    assert_true (kafka_next (consumer, &record, LIMIT_MS));
    assert_int_equal (record.offset, first);
    record_release (&record);
    assert_true (kafka_next (consumer, &record, LIMIT_MS));
    assert_int_equal (record.offset, first + 1);
    record_release (&record);
    assert_int_equal (consumer_outstanding (consumer), 2);
    consumer_destroy (&consumer, true);
}

/* What comes within 3 s of having joined. */
static bool
s_next (consumer_t *consumer, record_t *record)
{
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    while (consumer_partitions (consumer) == 0 && clock_monotonic_ms () < deadline_ms)
        if (kafka_next (consumer, record, 20))
            return true;
    return kafka_next (consumer, record, 3000);
}

/* Works until it is given the poison, of which it dies: true. False: nothing is left. */
static bool
s_dies (const char *group, const char *word, int poison, int *given, int *most_out)
{
    consumer_t *consumer = kafka_member (group, TOPIC_CONTROL, 5);
    record_t record;
    bool dies = false;
    while (!dies && s_next (consumer, &record)) {
        int number = -1;
        char text[64], mine[32];
        snprintf (text, sizeof text, "%.*s", (int)record.value_size,
            (const char *)record.value);
        bool ours =
            sscanf (text, "%31s %d", mine, &number) == 2 && strcmp (mine, word) == 0;
        if (ours && record.deliveries > 0)
            given[number] = -record.deliveries;
        else if (ours)
            given[number]++;
        if (ours && number > poison && (int)consumer_outstanding (consumer) > *most_out)
            *most_out = (int)consumer_outstanding (consumer);
        dies = ours && number == poison && record.deliveries == 0;
        if (!dies)
            consumer_settle (consumer, &record.receipt, RECEIPT_DONE);
    }
    consumer_destroy (&consumer, !dies);
    return dies;
}

/* The count is found by whoever takes over, though each that had it is gone. */
static void
test_what_kills_is_given_out_five_times (void **state)
{
    (void)state;
    int given[10] = {0}, deaths = 0, most_out = 0;
    s_fill (TOPIC_CONTROL, "kill", 10);
    while (s_dies ("group-kill", "kill", 4, given, &most_out))
        assert_true (++deaths <= 5);
    assert_int_equal (deaths, 5);
    assert_int_equal (given[4], -5);
    for (int i = 0; i < 10; i++)
        assert_true (i == 4 || given[i] >= 1);
    assert_int_equal (most_out, 1);
    assert_false (s_dies ("group-kill", "kill", 4, given, &most_out));
    assert_int_equal (given[4], -5); /* nothing came again */
}

static void
test_too_much_outstanding_stops_reading (void **state)
{
    (void)state;
    s_fill (TOPIC_INTERACTIONS, "full", COUNT);
    consumer_t *consumer = kafka_consumer ("group-full", TOPIC_INTERACTIONS, 10);
    receipt_t receipts[10];
    record_t record;
    for (int i = 0; i < 10; i++) {
        assert_true (kafka_next (consumer, &record, LIMIT_MS));
        receipts[i] = record.receipt;
        record_release (&record);
    }
    assert_false (kafka_next (consumer, &record, 1500)); /* paused by now */
    for (int i = 0; i < 10; i++)
        consumer_settle (consumer, &receipts[i], RECEIPT_DONE);
    for (int i = 10; i < COUNT; i++) {
        assert_true (kafka_next (consumer, &record, LIMIT_MS));
        consumer_settle (consumer, &record.receipt, RECEIPT_DONE);
        record_release (&record);
    }
    assert_int_equal (consumer_lag (consumer, TOPIC_INTERACTIONS), 0);
    consumer_destroy (&consumer, true);
}

/* Both are served until the second has partitions. */
static void
test_members_share_partitions_and_late_receipts_are_stale (void **state)
{
    (void)state;
    s_fill (TOPIC_RESULTS, "share", COUNT);
    consumer_t *one = kafka_consumer ("group-share", TOPIC_RESULTS, 1000);
    receipt_t receipts[COUNT];
    record_t record;
    for (int i = 0; i < COUNT; i++) {
        assert_true (kafka_next (one, &record, LIMIT_MS));
        receipts[i] = record.receipt;
        record_release (&record);
    }
    consumer_t *two = kafka_consumer ("group-share", TOPIC_RESULTS, 1000);
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    while (consumer_partitions (one) != 6 || consumer_partitions (two) != 6) {
        assert_true (clock_monotonic_ms () < deadline_ms);
        if (kafka_next (one, &record, 20))
            record_release (&record);
        if (kafka_next (two, &record, 20))
            record_release (&record);
    }
    size_t outstanding = consumer_outstanding (one);
    for (int i = 0; i < COUNT; i++)
        consumer_settle (one, &receipts[i], RECEIPT_DONE);
    assert_int_equal (consumer_outstanding (one), outstanding);
    consumer_destroy (&two, true);
    consumer_destroy (&one, true);
}

static void
test_a_dead_producer_reports_all_and_is_replaced (void **state)
{
    (void)state;
    sender_t sender;
    sender_open (&sender);
    for (int i = 0; i < COUNT; i++)
        sender_send (&sender, TOPIC_RESULTS, "k", "before");
    producer_die (sender.producer);
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    while (sender.safe + sender.lost < COUNT && clock_monotonic_ms () < deadline_ms)
        producer_serve (sender.producer);
    assert_int_equal (sender.safe + sender.lost, COUNT);
    size_t safe = sender.safe;
    assert_true (sender_send (&sender, TOPIC_RESULTS, "k", "after"));
    assert_true (producer_flush (sender.producer, LIMIT_MS));
    assert_int_equal (sender.safe, safe + 1);
    producer_destroy (&sender.producer);
}

static void
test_a_listener_hears_what_comes_from_now_on (void **state)
{
    (void)state;
    char error[160] = "";
    const listener_args_t args = {.bootstrap_servers = kafka_servers (),
        .client_id = "test",
        .topics = {TOPIC_RESULTS, TOPIC_CONTROL},
        .topic_count = 2};
    s_fill (TOPIC_RESULTS, "old", COUNT);
    listener_t *listener = listener_new (&args, error);
    while (listener_follow (listener, 1000, error))
        ;
    s_fill (TOPIC_RESULTS, "new", COUNT);
    s_fill (TOPIC_CONTROL, "new", 1);
    assert_int_equal (listener_follow (listener, 1000, error), 0);
    for (int i = 0; i < COUNT + 1;) {
        record_t record;
        struct pollfd item = {listener_fd (listener), POLLIN, 0};
        assert_int_equal (poll (&item, 1, LIMIT_MS), 1);
        listener_wake (listener);
        while (listener_next (listener, &record)) {
            assert_memory_equal (record.value, "new", 3);
            record_release (&record);
            i++;
        }
    }
    listener_destroy (&listener);
}

static int
s_hear (listener_t *listener, int count)
{
    int last = -1;
    while (count > 0) {
        record_t record;
        struct pollfd item = {listener_fd (listener), POLLIN, 0};
        assert_int_equal (poll (&item, 1, LIMIT_MS), 1);
        listener_wake (listener);
        for (; count > 0 && listener_next (listener, &record); count--) {
            last = (int)record.offset;
            record_release (&record);
        }
    }
    return last;
}

/* And says where that ends: all before it was there when the listener began. */
static void
test_a_compacted_topic_is_heard_from_its_beginning (void **state)
{
    (void)state;
    char error[160] = "";
    listener_until_t until = -1;
    const listener_args_t args = {.bootstrap_servers = kafka_servers (),
        .client_id = "test",
        .topics = {TOPIC_CATALOGUE, TOPIC_RESULTS},
        .topic_count = 2,
        .until = &until};
    listener_t *early = listener_new (&args, error);
    while (listener_follow (early, 1000, error))
        ;
    assert_int_equal (until, 0);
    s_fill (TOPIC_CATALOGUE, "item", COUNT);
    assert_int_equal (s_hear (early, COUNT), COUNT - 1);
    listener_destroy (&early);
    listener_t *late = listener_new (&args, error);
    while (listener_follow (late, 1000, error))
        ;
    assert_int_equal (until, COUNT);
    s_fill (TOPIC_CATALOGUE, "item", 1);
    assert_int_equal (s_hear (late, COUNT + 1), COUNT);
    listener_destroy (&late);
}

/* As a stranger's program may write: count messages that count only if committed. */
static void
s_transact (topic_t topic, int count, bool commit)
{
    char text[160] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new ();
    rd_kafka_conf_set (conf, "bootstrap.servers", kafka_servers (), text, sizeof text);
    rd_kafka_conf_set (conf, "transactional.id", "stranger", text, sizeof text);
    rd_kafka_t *rk = rd_kafka_new (RD_KAFKA_PRODUCER, conf, text, sizeof text);
    assert_string_equal (text, "");
    assert_null (rd_kafka_init_transactions (rk, LIMIT_MS));
    assert_null (rd_kafka_begin_transaction (rk));
    for (int i = 0; i < count; i++)
        assert_int_equal (rd_kafka_producev (rk, RD_KAFKA_V_TOPIC (topic_name (topic)),
                              RD_KAFKA_V_PARTITION (0), RD_KAFKA_V_KEY ("k", 1),
                              RD_KAFKA_V_VALUE (text, 1), RD_KAFKA_V_END),
            0);
    rd_kafka_flush (rk, LIMIT_MS);
    assert_null (commit ? rd_kafka_commit_transaction (rk, LIMIT_MS)
                        : rd_kafka_abort_transaction (rk, LIMIT_MS));
    rd_kafka_destroy (rk);
}

/* Its mark is the last there is, and never heard. */
static void
test_a_listener_hears_what_transactions_committed_and_where_that_ends (void **state)
{
    (void)state;
    char error[160] = "";
    listener_until_t until = -1;
    const listener_args_t args = {.bootstrap_servers = kafka_servers (),
        .client_id = "test",
        .topics = {TOPIC_CATALOGUE},
        .topic_count = 1,
        .until = &until};
    s_transact (TOPIC_CATALOGUE, 3, true);
    s_transact (TOPIC_CATALOGUE, 5, false);
    listener_t *listener = listener_new (&args, error);
    while (listener_follow (listener, 1000, error))
        ;
    int last = -1;
    int64_t there = until, deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    record_t record;
    while (last < 0 || until > last + 1) {
        assert_true (clock_monotonic_ms () < deadline_ms);
        struct pollfd item = {listener_fd (listener), POLLIN, 0};
        poll (&item, 1, 100);
        listener_wake (listener);
        for (; listener_next (listener, &record); record_release (&record))
            last = (int)record.offset;
    }
    assert_int_equal (last, there - 1 - 6 - 1); /* two marks, five aborted */
    listener_destroy (&listener);
}

/* Else the backlog would never end, and nobody's rows would be sent. */
static void
test_what_was_aborted_keeps_no_group_behind (void **state)
{
    (void)state;
    char error[160] = "";
    consumer_t *consumer = kafka_consumer ("group-aborted", TOPIC_INTERACTIONS, 1000);
    lag_t *lag =
        lag_new (kafka_servers (), "test", "group-aborted", TOPIC_INTERACTIONS, error);
    s_transact (TOPIC_INTERACTIONS, 3, true);
    s_transact (TOPIC_INTERACTIONS, 50, false);
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    record_t record;
    int count = 0;
    do {
        assert_true (clock_monotonic_ms () < deadline_ms);
        if (kafka_next (consumer, &record, 200)) {
            count += record.key_size == 1; /* a stranger's */
            consumer_settle (consumer, &record.receipt, RECEIPT_DONE);
            record_release (&record);
        }
    } while (count < 3 || lag_look (lag, 1000) || lag_messages (lag) > 0);
    assert_int_equal (count, 3);
    lag_destroy (&lag);
    consumer_destroy (&consumer, true);
}

static void
s_see_letter (void *context, const dead_letter_t *letter)
{
    int *attempts = context;
    assert_string_equal (letter->topic, "inference.requests");
    assert_string_equal (letter->class, "unreadable");
    assert_string_equal (letter->reason, "it is not JSON");
    assert_int_equal (letter->origin_offset, 77);
    assert_int_equal (letter->value_size, 6);
    assert_memory_equal (letter->value, "a\0b{}c", 6);
    *attempts = letter->attempts;
}

static void
test_dead_letters_are_listed_and_replayed_once (void **state)
{
    (void)state;
    sender_t sender;
    char error[160] = "";
    uint64_t count;
    int attempts = 0;
    const dead_letter_options_t fresh = {kafka_servers (), false, LIMIT_MS};
    const dead_letter_options_t all = {kafka_servers (), true, LIMIT_MS};
    const record_t poison = {.topic = TOPIC_REQUESTS,
        .value = "a\0b{}c",
        .value_size = 6,
        .partition = 5,
        .offset = 77,
        .attempts = 1};
    sender_open (&sender);
    assert_true (dead_letter_send (
        sender.producer, &poison, DEAD_LETTER_UNREADABLE, "it is not JSON", NULL));
    assert_true (producer_flush (sender.producer, LIMIT_MS));
    producer_destroy (&sender.producer);
    assert_int_equal (
        dead_letters_list (&fresh, s_see_letter, &attempts, &count, error), 0);
    assert_int_equal (count, 1);
    assert_int_equal (attempts, 2);
    assert_int_equal (dead_letters_replay (&fresh, NULL, NULL, &count, error), 0);
    assert_int_equal (count, 1);
    assert_int_equal (dead_letters_replay (&fresh, NULL, NULL, &count, error), 0);
    assert_int_equal (count, 0);
    assert_int_equal (
        dead_letters_list (&all, s_see_letter, &attempts, &count, error), 0);
    assert_int_equal (count, 1);
    consumer_t *consumer = kafka_consumer ("group-dlq", TOPIC_REQUESTS, 1000);
    record_t record = {0};
    do {
        record_release (&record);
        assert_true (kafka_next (consumer, &record, LIMIT_MS));
    } while (record.attempts == 0);
    assert_int_equal (record.attempts, 2);
    assert_int_equal (record.value_size, 6);
    record_release (&record);
    consumer_destroy (&consumer, true);
}

#define AGAIN 24

static void
s_send_poison (sender_t *sender, int count)
{
    const record_t poison = {
        .topic = TOPIC_REQUESTS, .value = "{", .value_size = 1, .attempts = 1};
    for (int i = 0; i < count; i++)
        assert_true (dead_letter_send (
            sender->producer, &poison, DEAD_LETTER_UNREADABLE, "again", NULL));
    assert_true (producer_flush (sender->producer, LIMIT_MS));
}

/* A worker is quick: what was sent back is dead again, on any partition. */
static void
s_die_again (void *context, const dead_letter_t *letter)
{
    (void)letter;
    s_send_poison (context, AGAIN);
}

static void
test_what_dies_again_during_a_replay_waits_for_the_next (void **state)
{
    (void)state;
    sender_t sender;
    char error[160] = "";
    uint64_t count;
    const dead_letter_options_t fresh = {kafka_servers (), false, LIMIT_MS};
    sender_open (&sender);
    assert_int_equal (dead_letters_replay (&fresh, NULL, NULL, &count, error), 0);
    s_send_poison (&sender, 1);
    assert_int_equal (
        dead_letters_replay (&fresh, s_die_again, &sender, &count, error), 0);
    assert_int_equal (count, 1);
    assert_int_equal (dead_letters_list (&fresh, NULL, NULL, &count, error), 0);
    assert_int_equal (count, AGAIN);
    producer_destroy (&sender.producer);
}

/* Serves until it is so, or fails. */
static void
s_serve_until (
    consumer_t *consumer, bool (*is_so) (consumer_t *, double), double number)
{
    int64_t deadline_ms = clock_monotonic_ms () + 2 * LIMIT_MS;
    record_t record;
    while (!is_so (consumer, number)) {
        assert_true (clock_monotonic_ms () < deadline_ms);
        if (kafka_next (consumer, &record, 20))
            record_release (&record);
    }
}

static bool
s_has_partitions (consumer_t *consumer, double number)
{
    return (double)consumer_partitions (consumer) == number;
}

/* One of two members of a topic with one partition. */
static void
test_who_has_no_partition_joins_anew (void **state)
{
    (void)state;
    metric_t *rebalances = metrics_counter ("sasrec_kafka_rebalances_total", "", "");
    consumer_t *one = kafka_consumer ("group-anew", TOPIC_CONTROL, 1000);
    s_serve_until (one, s_has_partitions, 1);
    consumer_t *two = kafka_consumer ("group-anew", TOPIC_CONTROL, 1000);
    double before = metric_value (rebalances);
    int64_t deadline_ms = clock_monotonic_ms () + LIMIT_MS;
    record_t record;
    /* Both when the second joins, both again when the one without joins anew. */
    while (metric_value (rebalances) < before + 4 ||
           consumer_partitions (one) + consumer_partitions (two) != 1) {
        assert_true (clock_monotonic_ms () < deadline_ms);
        if (kafka_next (one, &record, 20) || kafka_next (two, &record, 20))
            record_release (&record);
    }
    consumer_destroy (&two, true);
    consumer_destroy (&one, true);
}

/* What the group knew of the topics is what is there again, so that none of librdkafka's
 * refreshes finds news; but when it met, they were not there yet. */
static void
test_a_group_comes_back_after_its_topics_were_gone (void **state)
{
    (void)state;
    consumer_t *consumer = kafka_consumer ("group-gone", TOPIC_RESULTS, 1000);
    s_serve_until (consumer, s_has_partitions, 12);
    assert_int_equal (system (WITH_KAFKA " --forget && " WITH_KAFKA " --start"), 0);
    s_serve_until (consumer, s_has_partitions, 0);
    kafka_topics ();
    s_serve_until (consumer, s_has_partitions, 12);
    consumer_destroy (&consumer, true);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_no_topic_is_made_by_asking),
        cmocka_unit_test (test_topics_are_created_once),
        cmocka_unit_test (test_an_address_that_does_not_answer_is_named),
        cmocka_unit_test (test_what_was_not_settled_comes_again),
        cmocka_unit_test (test_a_retry_reads_the_partition_again),
        cmocka_unit_test (test_what_kills_is_given_out_five_times),
        cmocka_unit_test (test_too_much_outstanding_stops_reading),
        cmocka_unit_test (test_members_share_partitions_and_late_receipts_are_stale),
        cmocka_unit_test (test_a_dead_producer_reports_all_and_is_replaced),
        cmocka_unit_test (test_a_listener_hears_what_comes_from_now_on),
        cmocka_unit_test (test_a_compacted_topic_is_heard_from_its_beginning),
        cmocka_unit_test (
            test_a_listener_hears_what_transactions_committed_and_where_that_ends),
        cmocka_unit_test (test_what_was_aborted_keeps_no_group_behind),
        cmocka_unit_test (test_dead_letters_are_listed_and_replayed_once),
        cmocka_unit_test (test_what_dies_again_during_a_replay_waits_for_the_next),
        cmocka_unit_test (test_who_has_no_partition_joins_anew),
        cmocka_unit_test (test_a_group_comes_back_after_its_topics_were_gone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
