"""The main job, end to end: a prediction goes in, its answer comes out, live and stored."""
import http.client
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import unittest
import uuid

from stack import Stack, wait_for


class Serve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack())
        cls.stack.serve()

    def predict(self, **body):
        status, answer, headers = self.stack.post("/predict", {"history": [10, 20, 30]} | body)
        self.assertEqual(status, 202, answer)
        self.assertEqual(answer["status"], "PENDING")
        self.assertEqual(headers["Location"], f"/result/{answer['request_id']}")
        return answer["request_id"]

    def result(self, request_id):
        status, answer, _ = self.stack.get(f"/result/{request_id}", {"Prefer": "wait=10"})
        self.assertEqual(status, 200)
        self.assertEqual(answer["status"], "COMPLETED", answer)
        return answer

    def test_prediction_is_completed(self):
        result = self.result(self.predict())["result"]
        self.assertEqual(len(result["item_ids"]), 10)
        self.assertEqual(len(set(result["item_ids"])), 10)
        self.assertEqual(result["scores"], sorted(result["scores"], reverse=True))
        self.assertFalse({10, 20, 30} & set(result["item_ids"]))
        self.assertEqual(result["source"], "model")
        self.assertEqual(result["history_used"], 3)

    def test_empty_and_unknown_histories_are_answered_from_popular_items(self):
        for history, dropped in ([], 0), ([999999], 1):
            result = self.result(self.predict(history=history))["result"]
            self.assertEqual(result["source"], "popular")
            self.assertEqual(result["unknown_dropped"], dropped)
            self.assertEqual(len(result["item_ids"]), 10)

    def test_recommend_at_once_agrees_with_the_job(self):
        status, once, _ = self.stack.post("/recommend", {"history": [10, 20, 30], "k": 5})
        self.assertEqual(status, 200, once)
        job = self.result(self.predict(k=5))["result"]
        self.assertEqual(once["result"]["item_ids"], job["item_ids"])

    def test_user_recommendations_and_history(self):
        status, users, _ = self.stack.get("/users")
        self.assertEqual((status, users[:3], len(users)),
                         (200, ["user_1", "user_2", "user_3"], 100))
        status, history, _ = self.stack.get("/users/user_7/history")
        self.assertEqual(status, 200)
        status, answer, _ = self.stack.get("/users/user_7/recommendations?k=4")
        self.assertEqual(status, 200, answer)
        self.assertEqual(len(answer["result"]["item_ids"]), 4)
        self.assertFalse(set(history["items"]) & set(answer["result"]["item_ids"]))
        self.assertEqual(self.stack.get("/users/nobody/history")[0], 404)

    def test_result_arrives_as_an_event(self):
        request_id = self.predict()
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", f"/events?request_id={request_id}")
        answer = connection.getresponse()
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "text/event-stream")
        lines = []
        while not any(line.startswith("data:") for line in lines):
            lines.append(answer.readline().decode())
        self.assertIn("event: result\n", lines)
        self.assertIn(request_id, lines[-1])

    def test_unknown_result_is_not_found(self):
        status, problem, headers = self.stack.get(
            "/result/00000000-0000-7000-8000-000000000000")
        self.assertEqual((status, problem["status"]), (404, 404))
        self.assertEqual(headers["Content-Type"], "application/problem+json")

    def test_a_new_model_is_taken_without_a_restart(self):
        before = self.stack.get("/models")[1]
        self.stack.sasrec("train", "--seed", "7", "--epochs", "2", "--publish", "always",
                          "--out", str(self.stack.folder / "checkpoints"))
        status, answer, _ = self.stack.post("/models/reload", "")
        self.assertEqual(status, 200, answer)
        version = self.result(self.predict())["result"]["model_version"]
        self.assertEqual(version, answer["version"])
        models = self.stack.get("/models")[1]["models"]
        self.assertEqual(len(models), len(before["models"]) + 1)

    def test_metrics_have_the_names_that_dashboards_use(self):
        self.result(self.predict())
        text = self.stack.get("/metrics")[1].decode()
        for line in (
                r'http_requests_total\{handler="/predict",method="POST",status="2xx"\} [1-9]',
                r"http_request_duration_seconds_count\{", r"worker_processed_total [1-9]",
                r"worker_errors_total 0", r"worker_inference_latency_seconds_count [1-9]",
                r"worker_history_length_count [1-9]", r"worker_prediction_score_count [1-9]"):
            self.assertRegex(text, re.compile("^" + line, re.M))

    def test_health(self):
        self.assertEqual(self.stack.status("/livez"), 200)
        verbose = self.stack.get("/readyz?verbose")[1].decode()
        for check in "postgres", "model":
            self.assertIn(f"[+]{check} ok", verbose)

    def test_probe_asks_for_those_who_have_no_curl(self):
        self.assertIn("[+]model ok", self.stack.sasrec("probe").stdout)
        self.assertEqual(self.stack.sasrec("probe", "--live").stdout, "ok\n")

    def test_the_page_is_on_its_own_port_with_the_same_routes(self):
        status, body, _ = self.stack.get("/", port=self.stack.ui_port)
        self.assertEqual(status, 200)
        self.assertIn(b"<html", body)
        self.assertEqual(self.stack.get("/users", port=self.stack.ui_port)[0], 200)


    def test_signals_reach_the_main_thread_only(self):
        """Some libraries make threads before main (a shared OpenBLAS does); one that took
        SIGTERM would end us at once."""
        pid = self.stack.server.pid
        tasks = [t for t in pathlib.Path(f"/proc/{pid}/task").iterdir() if t.name != str(pid)]
        self.assertTrue(tasks)
        masks = [mask for mask in map(self.blocked, tasks) if mask is not None]
        self.assertTrue(masks)
        for mask in masks:
            self.assertTrue(mask >> (signal.SIGTERM - 1) & 1)

    @staticmethod
    def blocked(task):
        """The signals that a thread blocks; None: it ended meanwhile, as those of connections do."""
        try:
            return int(re.search(r"SigBlk:\s*(\w+)", (task / "status").read_text())[1], 16)
        except (FileNotFoundError, ProcessLookupError):
            return None


class Precision(unittest.TestCase):
    """--encoder-precision bf16: what this CPU makes of it is told everywhere alike."""

    def test_bf16_is_served_where_it_can_be_and_is_said_to_be(self):
        with Stack() as stack:
            stack.serve(SASREC_ENCODER_PRECISION="bf16")
            status, answer, _ = stack.post("/recommend", {"history": [10, 20, 30], "k": 5})
            self.assertEqual((status, answer["result"]["source"]), (200, "model"), answer)
            self.assertEqual(len(answer["result"]["item_ids"]), 5)
            version = answer["result"]["model_version"]
            log = (stack.folder / "serve.log").read_text()
            line = re.search(r".*reload_controller\.encoder_precision.*", log)[0]
            self.assertIn(f"version={version} ", line)
            used = "precision=bf16" in line
            self.assertEqual(used, "reason=" not in line, line)
            metrics = stack.get("/metrics")[1].decode()
            self.assertRegex(metrics, re.compile(
                rf"^sasrec_model_encoder_bf16 {used:d}$", re.M))
            self.assertIn(f"[+]model ok: {version}{', its encoder in bf16' * used}\n",
                          stack.get("/readyz?verbose")[1].decode())
            if not re.search(r"\b(amx|avx512)_bf16\b", pathlib.Path("/proc/cpuinfo").read_text()):
                self.assertIn("no faster kernel for bf16", line)


class Stop(unittest.TestCase):
    def test_sigterm_stops_at_once_and_loses_nothing(self):
        with Stack() as stack:
            stack.serve()
            load = stack.load("--seconds", "2")
            wait_for("load begins", 60,
                     lambda: stack.sql("select count(*) from predictions") != "0")
            self.assertEqual(stack.stop_server(), 0)
            stack.load_report(load)
            stack.serve()
            wait_for("the backlog completes", 60, lambda: stack.sql(
                "select count(*) from predictions where status = 'PENDING'") == "0")

    def test_stops_in_time_beside_a_frozen_database(self):
        """SIGSTOP of the server and of all its processes: nothing answers, nothing fails.
        Who waits hears 503."""
        with Stack() as stack:
            stack.serve()
            stack.post("/predict", {"history": [10]})
            stack.get(f"/result/{uuid.uuid4()}")  # its connection is there
            answers = []

            def ask(method, path, body=None):
                answers.append(stack.request(method, path, body)[0])
            clients = [threading.Thread(target=ask, args=arguments) for arguments in (
                ("POST", "/predict", {"history": [10]}), ("GET", f"/result/{uuid.uuid4()}"))]
            frozen = [stack.postgres.pid, *map(int, subprocess.run(
                ["pgrep", "-P", str(stack.postgres.pid)], capture_output=True,
                text=True).stdout.split())]
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            try:
                for client in clients:
                    client.start()
                time.sleep(0.5)  # they wait
                began = time.monotonic()
                self.assertEqual(stack.stop_server(), 0)
                self.assertLess(time.monotonic() - began, 8)  # 4, and what a busy machine adds
                for client in clients:
                    client.join(5)
                self.assertEqual(answers, [503, 503])
            finally:
                for pid in frozen:
                    os.kill(pid, signal.SIGCONT)

    def test_stops_in_time_when_the_frozen_database_was_given_up(self):
        """Connections to it are being tried, which takes seconds each."""
        with Stack() as stack:
            stack.serve()
            backends = stack.sql("select pid from pg_stat_activity where application_name "
                                 "like 'sasrec %'").split()
            os.kill(stack.postgres.pid, signal.SIGSTOP)
            for pid in map(int, backends):
                os.kill(pid, signal.SIGKILL)
            try:
                time.sleep(2)
                began = time.monotonic()
                self.assertEqual(stack.stop_server(), 0)
                self.assertLess(time.monotonic() - began, 8)  # 4, and what a busy machine adds
            finally:
                os.kill(stack.postgres.pid, signal.SIGCONT)


if __name__ == "__main__":
    unittest.main()
