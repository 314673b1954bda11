"""Traces of one process, by the real program over a real PostgreSQL: what a receiver gets,
what the log, the row and the client are told."""
import json
import re
import unittest

from otlp import Receiver, read_by_schema
from stack import Stack, wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def parent(trace_id=TRACE, flags="01"):
    return {"traceparent": f"00-{trace_id}-{SPAN}-{flags}"}


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.receiver = cls.enterClassContext(Receiver())
        cls.stack = cls.enterClassContext(Stack(trained=False))
        cls.stack.sasrec("seed", "--users", "20")
        cls.stack.sasrec("train", "--epochs", "1", "--publish", "always")
        cls.serve(OTEL_EXPORTER_OTLP_ENDPOINT=cls.receiver.url, OTEL_SERVICE_NAME="shop",
                  OTEL_EXPORTER_OTLP_HEADERS="x-tenant=a%20b")

    @classmethod
    def serve(cls, **env):
        cls.stack.stop_server()
        cls.stack.serve(LOG_LEVEL="debug", LOG_FORMAT="json", **env)

    def ask(self, path="/predict", headers=None):
        """(request id, trace id the client was told, or None)."""
        status, body, head = self.stack.post(path, {"history": [10, 20, 30]}, headers)
        self.assertIn(status, (200, 202), body)
        told = head.get("traceresponse")
        return body["request_id"], told and re.fullmatch(
            "00-([0-9a-f]{32})-[0-9a-f]{16}-0[01]", told)[1]

    def spans(self, trace_id, names):
        return wait_for(f"spans {sorted(names)}", 60, lambda: (
            found := self.receiver.spans(trace_id)) and set(found) >= set(names) and found)

    def log(self, request_id, event):
        """The line of that event about that request."""
        def find():
            for line in (self.stack.folder / "serve.log").read_text().splitlines():
                if request_id in line and f'"{event}"' in line:
                    return json.loads(line)
            return None
        return wait_for(f"{event} of {request_id}", 60, find)

    def row_trace(self, request_id):
        return self.stack.sql("select request_json->>'traceparent' from predictions "
                              f"where request_id = '{request_id}'")

    def test_1_a_job_is_one_trace_from_its_client_to_its_row(self):
        request_id, told = self.ask(headers=parent())
        self.assertEqual(told, TRACE)
        spans = self.spans(TRACE, ("POST /predict", "accept", "queue", "compute", "store"))
        request = spans.pop("POST /predict")
        self.assertEqual(request["parentSpanId"], SPAN)
        self.assertEqual(request["attributes"]["http.response.status_code"], 202)
        for span in spans.values():
            self.assertEqual(span["parentSpanId"], request["spanId"], span)
            self.assertEqual(span["attributes"]["sasrec.request_id"], request_id)
        self.assertLessEqual(int(spans["queue"]["endTimeUnixNano"]),
                             int(spans["compute"]["endTimeUnixNano"]))
        self.assertEqual(request["resource"]["service.name"], "shop")
        self.assertEqual(request["resource"]["sasrec.role"], "all")
        self.assertEqual(self.row_trace(request_id), f"00-{TRACE}-{request['spanId']}-01")
        for event in ("http.request", "request_producer.accepted",
                      "inference_worker.computed", "db_writer.ended"):
            self.assertEqual(self.log(request_id, event)["trace_id"], TRACE, event)

    def test_2_a_request_without_a_trace_begins_one(self):
        request_id, trace_id = self.ask("/recommend")
        spans = self.spans(trace_id, ("POST /recommend", "queue", "compute"))
        self.assertNotIn("parentSpanId", spans["POST /recommend"])
        self.assertEqual(self.log(request_id, "http.request")["trace_id"], trace_id)

    def test_3_a_trace_that_is_no_trace_is_not_believed(self):
        for bad in (f"00-{TRACE}-{SPAN}", f"00-{TRACE.upper()}-{SPAN}-01",
                    f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01"):
            _, told = self.ask(headers={"traceparent": bad})
            self.assertNotIn(told, (None, TRACE), bad)

    def test_4_who_asks_decides(self):
        quiet = "1" * 32
        request_id, told = self.ask(headers=parent(quiet, "00"))
        self.assertEqual(told, quiet)
        self.assertEqual(self.log(request_id, "db_writer.ended")["trace_id"], quiet)
        self.assertTrue(self.row_trace(request_id).endswith("-00"))
        _, later = self.ask("/recommend")
        self.spans(later, ("compute",))
        self.assertEqual(self.receiver.spans(quiet), {})

    def test_5_what_is_sent_is_what_the_schema_says(self):
        self.ask(headers=parent("2" * 32))
        self.spans("2" * 32, ("store",))
        count = 0
        for body in self.receiver.bodies:
            for group in read_by_schema(body).resource_spans:
                for span in (s for scope in group.scope_spans for s in scope.spans):
                    count += 1
                    self.assertEqual((len(span.trace_id), len(span.span_id)), (16, 8))
                    self.assertIn(len(span.parent_span_id), (0, 8))
                    self.assertIn(span.kind, (span.SPAN_KIND_INTERNAL, span.SPAN_KIND_SERVER,
                                              span.SPAN_KIND_CLIENT))
                    self.assertLessEqual(span.start_time_unix_nano, span.end_time_unix_nano)
                    self.assertTrue(span.name)
        self.assertGreaterEqual(count, 5)
        self.assertTrue(all(path == "/v1/traces" and head["x-tenant"] == "a b"
                            for path, head in self.receiver.heads))

    def test_6_probes_are_no_traces(self):
        self.stack.get("/metrics")
        self.stack.get("/readyz", parent("3" * 32))
        self.assertFalse({"GET /metrics", "GET /readyz"} & set(self.receiver.spans()))

    def test_7_without_tracing_a_trace_is_handed_on(self):
        self.serve()
        sent = len(self.receiver.bodies)
        request_id, told = self.ask(headers=parent())
        self.assertEqual(told, TRACE)
        self.assertEqual(self.row_trace(request_id), parent()["traceparent"])
        self.assertEqual(self.log(request_id, "db_writer.ended")["trace_id"], TRACE)
        request_id, told = self.ask()
        self.assertIsNone(told)
        self.assertEqual(self.row_trace(request_id), "")
        self.assertNotIn("trace_id", self.log(request_id, "db_writer.ended"))
        self.assertEqual(len(self.receiver.bodies), sent)

    def test_8_a_receiver_that_is_away_costs_nothing(self):
        self.serve(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
        request_id, _ = self.ask()
        self.log(request_id, "db_writer.ended")
        wait_for("it is told", 60, lambda: '"span_sender.away"' in (
            self.stack.folder / "serve.log").read_text())
        self.assertEqual(self.stack.stop_server(), 0)

    def test_9_settings_that_cannot_be_are_named(self):
        for name, value in (("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost"),
                            ("OTEL_TRACES_SAMPLER", "jaeger"),
                            ("OTEL_TRACES_SAMPLER_ARG", "2")):
            env = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.receiver.url,
                   "OTEL_TRACES_SAMPLER": "traceidratio", name: value}
            self.stack.env.update(env)
            self.addCleanup(lambda env=env: [self.stack.env.pop(key, None) for key in env])
            done = self.stack.sasrec("serve", check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(name, done.stderr)


if __name__ == "__main__":
    unittest.main()
