"""Two api replicas behind one nginx, under a path: what one accepts is seen on the other,
by a stream, by waiting, and by a person with a browser."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "chaos"))
from deployment import BUILD, Deployment  # noqa: E402
from nginx import Nginx  # noqa: E402 (of tests/e2e, where stack.py is)

JOBS = 6


class Replicas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Deployment(
            "kafka-replicas", env={"SASREC_TRUSTED_PROXIES": "127.0.0.1"}))
        cls.ports = [cls.stack.roles[name].port for name in ("api", "api-2")]
        cls.nginx = cls.enterClassContext(Nginx(cls.ports))

    def accept(self, port, path="/predict"):
        status, body, headers = self.stack.post(path, {"history": [10, 20, 30]}, port=port)
        self.assertEqual(status, 202, body)
        return body["request_id"], headers

    def check_event(self, port, path, request_id):
        status, text, _ = self.stack.get(f"{path}?request_id={request_id}", port=port)
        self.assertEqual(status, 200, text)
        lines = text.decode().splitlines()
        self.assertIn("event: result", lines)
        event = json.loads(next(line for line in lines if line.startswith("data:"))[5:])
        self.assertEqual(event["request_id"], request_id)
        self.assertEqual(len(event["result"]["item_ids"]), 10)

    def accepted_by(self):
        """How many jobs each replica has accepted."""
        name = 'http_requests_total{handler="/predict",method="POST",status="2xx"}'
        return [self.stack.metric(role, name) for role in ("api", "api-2")]

    def test_a_stream_on_the_other_replica_has_the_result(self):
        for accepting, streaming in (self.ports, self.ports[::-1]):
            for _ in range(JOBS):
                request_id, _ = self.accept(accepting)
                self.check_event(streaming, "/events", request_id)

    def test_waiting_on_the_other_replica_ends_with_the_result(self):
        for accepting, waiting in (self.ports, self.ports[::-1]):
            request_id, _ = self.accept(accepting)
            _, row, _ = self.stack.get(f"/result/{request_id}", {"Prefer": "wait=20"},
                                       port=waiting)
            self.assertEqual(row["status"], "COMPLETED", row)

    def test_through_nginx_nobody_knows_that_there_are_two(self):
        before = self.accepted_by()
        for _ in range(JOBS):
            request_id, headers = self.accept(self.nginx.port, "/rec/predict")
            self.assertTrue(headers["Location"].endswith(f"/rec/result/{request_id}"))
            self.check_event(self.nginx.port, "/rec/events", request_id)
            status, row, _ = self.stack.get(f"/rec/result/{request_id}",
                                            {"Prefer": "wait=20"}, port=self.nginx.port)
            self.assertEqual((status, row["status"]), (200, "COMPLETED"))
        after = self.accepted_by()
        self.assertTrue(all(b > a for a, b in zip(before, after)), (before, after))

    def test_the_page_under_a_path(self):
        folder = BUILD / "e2e"
        done = subprocess.run(
            ["node", TESTS / "e2e/browser.mjs", "--url", self.nginx.url.rstrip("/"),
             "--modules", folder, "--screenshots", folder / "screenshots-nginx",
             "--only", "select user"], env=os.environ, timeout=240, stdout=subprocess.PIPE,
            text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("ok   select user", done.stdout)


if __name__ == "__main__":
    unittest.main()
