"""sasrec status: what it says while parts are there, wrong, or away."""
import http.server
import json
import signal
import threading
import unittest

from stack import Stack, free_port, wait_for

HOSTILE = {"name": "sasrec", "version": "9", "role": "api", "pid": 1, "started_ms": 0,
           "model_version": "m-2", "health": {"ready": True, "reason": "", "checks": []},
           "errors": [{"ts": "2026-01-01T00:00:00.000Z", "level": "warn", "event": "a.b",
                       "reason": "\x1b[2Jone\ntwo\u009b"}]}
METRICS = """# HELP sasrec_kafka_group_lag x
# TYPE sasrec_kafka_group_lag gauge
sasrec_kafka_group_lag{group="workers",topic="inference.requests"} 42
sasrec_kafka_dead_letters_total{class="unreadable"} 2
sasrec_kafka_dead_letters_total{class="unfit"} 1
"""


class Peer(http.server.BaseHTTPRequestHandler):
    """A process of somebody's imagination."""

    def do_GET(self):  # noqa: N802
        body = {"/status": json.dumps(HOSTILE), "/metrics": METRICS}.get(self.path, "")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Status(unittest.TestCase):
    """One stack for all; the tests run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))
        cls.stack.serve(ready=False)

    def status(self, *arguments):
        """(exit status, answer)"""
        done = self.stack.sasrec("status", "--json", *arguments, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, json.loads(done.stdout)

    def problem(self, answer, word):
        self.assertTrue(any(word in problem for problem in answer["problems"]),
                        f"{word}: {answer['problems']}")

    def screen(self, *arguments):
        done = self.stack.sasrec("status", *arguments, check=False)
        return done.returncode, done.stdout

    def test_1_what_is_wrong_is_said(self):
        code, answer = self.status()
        self.assertEqual((code, answer["ok"]), (3, False))
        self.problem(answer, "model")
        process = answer["processes"][0]
        self.assertEqual((process["role"], process["reached"], process["model_version"]),
                         ("all", True, None))
        self.assertEqual(process["pid"], self.stack.server.pid)

    def test_2_all_is_well(self):
        self.stack.sasrec("seed", "--users", "20")
        self.stack.sasrec("train", "--epochs", "1", "--publish", "always")
        wait_for("ready", 60, lambda: self.stack.status("/readyz") == 200)
        request_id = self.stack.post("/predict", {"history": [10]})[1]["request_id"]
        wait_for("completed", 60, lambda: self.stack.unfinished([request_id]) == 0)
        code, answer = wait_for("all is well", 60, lambda: (
            found := self.status())[0] == 0 and found)
        self.assertEqual(answer["problems"], [])
        self.assertEqual(answer["requests"]["last_hour"],
                         {"completed": 1, "failed": 0, "expired": 0})
        self.assertEqual(answer["requests"]["pending"], 0)
        self.assertTrue(answer["processes"][0]["model_version"])
        code, screen = self.screen()
        self.assertEqual(code, 0)
        self.assertIn("all is well", screen)
        self.assertIn(f"127.0.0.1:{self.stack.admin_port}", screen)

    def test_3_what_waits_and_what_failed_is_shown(self):
        row = ("insert into predictions (request_id, user_id, status, error, created_at, "
               "deadline, request_json) values ('{}', 'a', '{}', {}, now() - interval "
               "'{}', now() + interval '1 hour', null)")
        self.stack.sql(row.format("00000000-0000-4000-8000-000000000001", "FAILED",
                                  "E'no\\nluck \\x1b[2J'", "5 min"))
        self.stack.sql(row.format("00000000-0000-4000-8000-000000000002", "PENDING",
                                  "null", "3 min"))
        code, answer = self.status()
        self.assertEqual(code, 3)
        self.problem(answer, "1 requests wait")
        self.assertEqual(answer["requests"]["pending"], 1)
        self.assertGreater(answer["requests"]["oldest_seconds"], 179)
        self.assertEqual(answer["requests"]["last_hour"]["failed"], 1)
        self.assertEqual(answer["requests"]["errors"][0]["error"], "no luck [2J")
        self.assertIn("no luck", self.screen()[1])
        self.stack.sql("delete from predictions where request_id::text like '00000000%'")

    def test_4_a_process_is_believed_nothing(self):
        """Another model, a lag, and a text that wants to rule the terminal."""
        port = free_port()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Peer)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        both = ("--admin", f"127.0.0.1:{port}", "--admin", f"localhost:{self.stack.admin_port}")
        code, answer = self.status(*both)
        self.assertEqual(code, 3)
        self.problem(answer, "has the model m-2")
        self.problem(answer, "no worker was found")
        self.assertEqual(answer["processes"][0]["lags"], [
            {"group": "workers", "topic": "inference.requests", "messages": 42}])
        self.assertEqual(answer["processes"][0]["dead_letters"], 3)
        screen = self.screen(*both)[1]
        self.assertIn("42 behind", screen)
        self.assertNotRegex(screen, "[\x1b\u009b\x07]")

    def test_5_what_is_no_sasrec_is_said(self):
        code, answer = self.status("--admin", f"127.0.0.1:{self.stack.port}")
        self.assertEqual(code, 3)  # clients' listener: there is no /status
        self.assertEqual(answer["processes"][0]["error"], "/status answers 404")
        self.assertEqual(self.stack.get("/status")[0], 404)

    def test_6_without_the_database(self):
        self.stack.stop_postgres(signal.SIGQUIT)
        code, answer = wait_for("the service has noticed", 60, lambda: (
            found := self.status())[0] == 3 and any(
                "postgres" in problem for problem in found[1]["problems"]) and found)
        self.assertIsNone(answer["requests"])
        self.assertFalse(answer["database"]["reached"])
        self.problem(answer, "the database")
        self.assertTrue(answer["processes"][0]["reached"])
        self.assertTrue(any(line["event"] in ("db.lost", "health.failing")
                            for line in answer["processes"][0]["errors"]), answer)
        self.assertIn("not reached", self.screen()[1])

    def test_7_without_anything(self):
        self.stack.stop_server()
        code, answer = self.status()
        self.assertEqual(code, 3)
        self.problem(answer, "no process at")
        self.assertEqual((answer["processes"][0]["reached"], answer["requests"]), (False, None))

    def test_8_wrong_addresses_are_wrong_usage(self):
        for bad in "host", "host:", ":80", "host:0", "host:99999", "u@host:80", "host:80/x":
            done = self.stack.sasrec("status", "--admin", bad, check=False)
            self.assertEqual(done.returncode, 64, bad)
            self.assertIn("--admin", done.stderr)


if __name__ == "__main__":
    unittest.main()
