"""The roles apart, with a real broker: api, two workers, db-writer."""
import json
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
from deployment import Deployment, wait_for  # noqa: E402
from otlp import Receiver  # noqa: E402

COMPLETED = "select count(*) from predictions where status = 'COMPLETED'"


class Roles(unittest.TestCase):
    """One deployment for all; the tests run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.receiver = cls.enterClassContext(Receiver())
        cls.stack = cls.enterClassContext(Deployment("kafka", env={
            "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "OTEL_EXPORTER_OTLP_ENDPOINT":
            cls.receiver.url, "OTEL_TRACES_SAMPLER": "parentbased_always_off"}))

    def kcat(self, *arguments, **more):
        done = subprocess.run(
            ["kcat", "-q", "-b", self.stack.env["KAFKA_BOOTSTRAP_SERVERS"], *arguments],
            capture_output=True, text=True, timeout=60, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def results(self):
        """Every result there is, by request id."""
        lines = self.kcat("-C", "-t", "inference.results", "-e").splitlines()
        return {result["request_id"]: result for result in map(json.loads, lines)}

    def predict(self):
        status, body, _ = self.stack.post("/predict", {"history": [10, 20, 30]})
        self.assertEqual(status, 202, body)
        return body["request_id"]

    def wait_completed(self, ids, seconds):
        wait_for("COMPLETED", seconds, lambda: self.stack.unfinished(ids) == 0)

    def test_1_a_prediction_takes_the_way_over_kafka(self):
        request_id = self.predict()
        _, body, _ = self.stack.get(f"/result/{request_id}", {"Prefer": "wait=20"})
        self.assertEqual(body["status"], "COMPLETED", body)
        self.assertEqual(len(body["result"]["item_ids"]), 10)
        requests = self.kcat("-C", "-t", "inference.requests", "-e")
        self.assertIn(request_id, requests)
        self.assertIn(request_id, self.results())

    def test_1a_who_ended_a_row_says_so_to_all(self):
        """The db-writer does what is answered, the api process what expires."""
        done = self.predict()
        stream = self.stack.get(f"/events?request_id={done}")[1].decode()
        self.assertIn("event: result\n", stream)
        self.assertIn(f'event: ended\ndata: {{"request_id":"{done}","status":"COMPLETED"}}', stream)
        late = "0190a0b0-c0d0-7000-8000-00000000dead"
        self.stack.sql(
            "insert into predictions (request_id, user_id, status, request_json, deadline,"
            f" dispatched_at, next_attempt_at) values ('{late}', 'a', 'PENDING',"
            f" '{{\"request_id\":\"{late}\",\"history\":[1]}}', now() + interval '2 s', now(),"
            " now() + interval '1 hour')")
        stream = self.stack.get(f"/events?request_id={late}")[1].decode()
        self.assertIn('"status":"EXPIRED"', stream)
        wait_for("both on inference.ended", 60, lambda: {(done, "COMPLETED"), (late, "EXPIRED")} <= {
            (request_id, ending["status"]) for ending in map(
                json.loads, self.kcat("-C", "-t", "inference.ended", "-e").splitlines())
            for request_id in ending["request_ids"]})

    def headers(self, topic, request_id):
        """Those of the message about it, as kcat shows them; "": there is none yet."""
        for line in self.kcat("-C", "-t", topic, "-e", "-f", "%h\t%s\n").splitlines():
            if request_id in line:
                return line.partition("\t")[0]
        return ""

    def told(self, event, request_id):
        """{role: trace id}: whose log has the event about it."""
        return {name: line.get("trace_id") for name in self.stack.roles
                for line in map(json.loads, (text for text in self.stack.log(name)
                                             if request_id in text and text.startswith("{")))
                if line["event"] == event and line["request_id"] == request_id}

    def test_1b_a_request_is_followed_by_its_id_through_all_of_it(self):
        trace_id, span_id = "5ca1ab1e" * 4, "decafbad" * 2
        _, body, head = self.stack.post(
            "/predict", {"history": [10, 20, 30]},
            {"traceparent": f"00-{trace_id}-{span_id}-01"})
        request_id = body["request_id"]
        self.wait_completed([request_id], 60)
        names = {"POST /predict", "accept", "queue", "compute", "store"}
        spans = wait_for("its spans", 60, lambda: names == set(
            found := self.receiver.spans(trace_id)) and found)
        root = spans["POST /predict"]
        carried = f"00-{trace_id}-{root['spanId']}-01"
        self.assertEqual(head["traceresponse"], carried)
        self.assertEqual(root["parentSpanId"], span_id)
        self.assertEqual(self.stack.sql(
            "select request_json->>'traceparent' from predictions "
            f"where request_id = '{request_id}'"), carried)
        for topic in "inference.requests", "inference.results":
            header = wait_for(topic, 60, lambda topic=topic: self.headers(topic, request_id))
            self.assertIn(f"traceparent={carried}", header)
        for event, roles in (("http.request", {"api"}), ("request_producer.accepted", {"api"}),
                             ("inference_worker.computed", {"worker-1", "worker-2"}),
                             ("db_writer.ended", {"db-writer"})):
            told = wait_for(event, 60, lambda event=event: self.told(event, request_id))
            self.assertTrue(set(told) <= roles, told)
            self.assertEqual(set(told.values()), {trace_id})
        wait_for("who waits hears", 60, lambda: self.told("ended_watch.heard", request_id))
        for name, role in (("queue", "worker"), ("compute", "worker"), ("store", "db-writer"),
                           ("accept", "api")):
            self.assertEqual(spans[name]["resource"]["sasrec.role"], role)
            self.assertEqual(spans[name]["parentSpanId"], root["spanId"])
            self.assertEqual(spans[name]["attributes"]["sasrec.request_id"], request_id)

    def answered(self):
        """What a job of now is answered, by a worker, over Kafka."""
        _, job, _ = self.stack.get(f"/result/{self.predict()}", {"Prefer": "wait=20"})
        self.assertEqual(len(job["result"]["item_ids"]), 10, job)
        return job["result"]["item_ids"]

    def hide(self, item, hidden):
        """By SQL, as a shop may; from then on all workers are to know it, in a second."""
        self.stack.sql(f"update items set hidden = {hidden} where item_id = {item}")
        start = time.monotonic()
        wait_for("the workers know", 60, lambda: (item in self.answered()) != hidden)
        self.assertLess(time.monotonic() - start, 5)  # 1, and what a busy machine adds
        for _ in range(24):  # of both workers: jobs take turns
            self.assertEqual(item in self.answered(), not hidden)

    def test_1c_workers_without_a_database_do_not_recommend_what_is_hidden(self):
        item = self.answered()[0]
        self.hide(item, True)
        for name in "worker-1", "worker-2":
            self.stack.roles[name].kill()
            self.stack.roles[name].wait_ready()
        for _ in range(24):  # from their first answer on
            self.assertNotIn(item, self.answered())
        self.hide(item, False)

    def test_1d_what_strangers_write_to_the_catalogue_is_put_right(self):
        item = self.answered()[0]
        self.hide(item, True)

        def put_right():
            lines = self.kcat("-C", "-t", "catalogue.items", "-e", "-f", "%k %s\n").splitlines()
            last = [line for line in lines if line.startswith(f"{item} ")][-1]
            return '"hidden":true' in last

        for message in f'{{"item_id":{item}}}', "{{{":  # on offer; nothing that can be read
            self.kcat("-P", "-t", "catalogue.items", "-k", str(item), input=message)
            wait_for("it is said again", 60, put_right)
        self.kcat("-P", "-t", "catalogue.items", "-k", "what", input="{{{")  # the last of all
        for name in "db-writer", "worker-1", "worker-2":
            self.stack.roles[name].kill()
        for name in "db-writer", "worker-1", "worker-2":
            self.stack.roles[name].wait_ready()
        for _ in range(24):
            self.assertNotIn(item, self.answered())
        self.hide(item, False)

    def test_2_a_stranger_is_served(self):
        message = json.dumps({"request_id": "no uuid", "history": [10, 20], "k": 3, "x": {}})
        self.kcat("-P", "-t", "inference.requests", input=message)
        result = wait_for("its result", 60, lambda: self.results().get("no uuid"))
        self.assertEqual(len(result["result"]["item_ids"]), 3)
        self.assertEqual(len(result["result"]["scores"]), 3)

    def test_3_poison_is_put_aside_and_nothing_waits_for_it(self):
        bad = ["no JSON", '{"history":[1]}', '{"request_id":"bad","history":{}}', "[]",
               '{"request_id":"bad-2","history":[1],"k":0}']
        good = [json.dumps({"request_id": f"good-{i}", "history": [i]}) for i in range(100)]
        mixed = [line for i, line in enumerate(good)
                 for line in ([bad[i // 20], line] if i % 20 == 0 else [line])]
        self.kcat("-P", "-t", "inference.requests", input="\n".join(mixed))
        wait_for("the good ones are answered", 60, lambda: all(
            f"good-{i}" in self.results() for i in range(100)))
        for request_id in "bad", "bad-2":
            self.assertIsNone(self.results()[request_id]["result"])
            self.assertTrue(self.results()[request_id]["error"])
        letters = json.loads(self.stack.sasrec("dlq", "list", "--json").stdout)
        self.assertEqual(sorted(letter["value"] for letter in letters["letters"]),
                         sorted(bad))
        self.assertTrue(all(letter["reason"] for letter in letters["letters"]))
        self.stack.sasrec("dlq", "replay")
        wait_for("they are dead letters again", 60, lambda: json.loads(
            self.stack.sasrec("dlq", "list", "--json").stdout)["count"] == len(bad))

    def test_3a_interactions_become_rows_once(self):
        event = "0b4b3c1e-8a54-4d0e-9d5a-3f1f5e1c7a11"
        self.kcat("-P", "-t", "interactions.events", input="\n".join([
            json.dumps({"user_id": "kafka-1", "item_id": 7}),
            json.dumps({"user_id": "kafka-1", "item_id": 8, "event_id": event,
                        "created_at": "2026-01-02T03:04:05Z"}),
            json.dumps({"user_id": "kafka-1", "item_id": 8, "event_id": event}),
            json.dumps({"user_id": "kafka-1", "item_id": 9, "created_at": "2026-99-99"}),
            json.dumps({"user_id": "kafka-1", "item_id": 10, "event": "purchase", "value": 2})]))
        items = "select string_agg(item_id::text, ' ' order by item_id) " \
                "from interactions where user_id = 'kafka-1'"
        wait_for("three rows", 60, lambda: self.stack.sql(items) == "7 8 10")
        self.assertEqual(self.stack.sql("select item_id, event, value from interactions "
                                        "where user_id = 'kafka-1' and event is not null"), "10|purchase|2")
        letters = wait_for("the refused one is a dead letter", 60, lambda: [
            letter for letter in json.loads(self.stack.sasrec(
                "dlq", "list", "--json").stdout)["letters"]
            if letter["topic"] == "interactions.events"])
        self.assertEqual([json.loads(letter["value"])["item_id"] for letter in letters], [9])
        self.assertIn("date", letters[0]["reason"])

    def test_3b_what_the_api_was_told_counts_and_rules_go_with_the_request(self):
        status, body, _ = self.stack.post(
            "/interactions", [{"user_id": "api-1", "item_id": item} for item in (10, 20, 30)])
        self.assertEqual((status, body["added"]), (200, 3), body)
        status, body, _ = self.stack.post(
            "/predict", {"user_id": "api-1", "seen": "only", "exclude": [20]})
        self.assertEqual(status, 202, body)
        _, job, _ = self.stack.get(f"/result/{body['request_id']}", {"Prefer": "wait=20"})
        self.assertEqual(sorted(job["result"]["item_ids"]), [10, 30], job)

    def test_4_every_process_takes_up_a_new_model(self):
        def versions():
            return {self.stack.get("/version", port=self.stack.roles[name].port)[1][
                "model_version"] for name in ("api", "worker-1", "worker-2")}
        before = versions()
        self.assertEqual(len(before), 1)
        told = [{"user_id": f"keyed-{user}", "item_id": key}
                for user in range(20) for key in ("SKU-1", "SKU, 2", "SKU-3")]
        self.assertEqual(self.stack.post("/interactions", told)[1]["added"], 60)
        self.stack.sasrec("train", "--epochs", "1", "--publish", "always")
        wait_for("all have the new model", 4.5,  # they look by themselves after 5
                 lambda: len(versions()) == 1 and versions() != before)

    def keys(self):
        """Of what a worker answers to keys, over Kafka."""
        body = {"history": ["SKU-1", "no such"], "allow": ["SKU, 2", "SKU-3", "SKU-1"]}
        status, job, _ = self.stack.post("/predict", body)
        self.assertEqual(status, 202, job)
        _, job, _ = self.stack.get(f"/result/{job['request_id']}", {"Prefer": "wait=20"})
        self.assertEqual(job["result"]["unknown_dropped"], 1, job)
        return sorted(job["result"]["item_keys"])

    def test_4a_keys_travel_and_so_does_what_is_hidden_of_them(self):
        self.assertEqual(self.keys(), ["SKU, 2", "SKU-3"])
        self.assertEqual(self.stack.request("PATCH", "/items/SKU%2C%202", {"hidden": True})[0], 200)
        wait_for("the workers know", 10, lambda: self.keys() == ["SKU-3"])
        for _ in range(8):  # of both workers: jobs take turns
            self.assertEqual(self.keys(), ["SKU-3"])

    def test_5_a_killed_worker_is_taken_over_from(self):
        ids = [self.predict() for _ in range(50)]
        self.stack.roles["worker-1"].kill(for_good=True)
        ids += [self.predict() for _ in range(50)]
        self.wait_completed(ids, 15)
        wait_for("all partitions are the other's", 5, lambda: self.stack.metric(
            "worker-2", "sasrec_kafka_partitions") == 12)

    def test_6_a_killed_broker_costs_nothing_but_time(self):
        ids = [self.predict() for _ in range(20)]
        self.stack.broker.end()
        ids += [self.predict() for _ in range(20)]
        self.assertEqual(self.stack.status("/readyz"), 200)  # 202 needs PostgreSQL alone
        role = self.stack.roles["db-writer"]
        wait_for("the db-writer is unready", 10, lambda: not role.ready())
        self.stack.broker.start()
        self.wait_completed(ids, 100)  # what was sent again before it had returned waits
        role.wait_ready()

    def test_6a_a_stop_keeps_its_time_while_the_broker_is_frozen(self):
        def stop(name):
            role = self.stack.roles[name]
            with role.lock:
                role.kills += 1  # asked for; it is started again
                process = role.process
                process.terminate()
            began = time.monotonic()
            return process.wait(10), time.monotonic() - began
        broker = self.stack.broker.process
        broker.send_signal(signal.SIGSTOP)
        try:
            for name in "api", "worker-2", "db-writer":
                status, seconds = stop(name)
                self.assertEqual((name, status), (name, 0))
                self.assertLess(seconds, 5, name)  # 4 and what a busy machine adds
        finally:
            broker.send_signal(signal.SIGCONT)
        for name in "api", "worker-2", "db-writer":
            self.stack.roles[name].wait_ready(60)

    def test_7_all_end_in_order(self):
        self.assertEqual(self.stack.close_roles(), [])
        for name, role in self.stack.roles.items():
            if name != "worker-1":
                self.assertEqual(role.process.returncode, 0, name)
                self.assertEqual(role.crashes, [], name)


if __name__ == "__main__":
    unittest.main()
