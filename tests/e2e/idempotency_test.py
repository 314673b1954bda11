"""Idempotency-Key, end to end: however often and at whatever time a request is sent, it is made
once.

    IDEMPOTENCY_KEYS=10000 tests/e2e/idempotency_test.py     as many keys, five posts of each
"""
import http.client
import json
import os
import threading
import time
import unittest

from stack import Stack

KEYS = int(os.environ.get("IDEMPOTENCY_KEYS", "100"))
AT_ONCE = 5


class Idempotency(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.__exit__)
        cls.stack.serve()

    def setUp(self):
        self.stack.sql("truncate predictions, interactions, idempotency")

    def post(self, path, body, key):
        return self.stack.post(path, body, {"Idempotency-Key": key})

    def storm(self, path, body_of):
        """AT_ONCE threads post each key at the same time, again while one is in work. The
        answers of each key, and how many were told that it is in work."""
        answers, in_work = {str(i): [] for i in range(KEYS)}, [0] * AT_ONCE
        together = threading.Barrier(AT_ONCE)
        failures = []

        def run(number):
            connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=40)
            try:
                for key, said in answers.items():
                    together.wait(60)
                    while True:
                        connection.request("POST", path, json.dumps(body_of(key)),
                                           {"Idempotency-Key": f"key-{key}"})
                        answer = connection.getresponse()
                        text = answer.read()
                        if answer.status != 409:
                            break
                        in_work[number] += 1
                        time.sleep(0.005)
                    said.append((answer.status, text))
            except BaseException as error:
                failures.append(error)
                together.abort()
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(i,)) for i in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        return answers, sum(in_work)

    def test_a_prediction_is_made_once(self):
        answers, in_work = self.storm("/predict", lambda key: {"history": [int(key) % 500 + 1]})
        for key, said in answers.items():
            self.assertEqual(len(said), AT_ONCE)
            self.assertEqual(len(set(said)), 1, key)
            self.assertEqual(said[0][0], 202)
        rows = self.stack.sql("select count (*), count (distinct request_id) from predictions")
        self.assertEqual(rows, f"{KEYS}|{KEYS}")
        print(f"\n    {KEYS} keys x {AT_ONCE} posts: {KEYS} rows, {in_work} times in work")
        one = json.loads(answers["0"][0][1])["request_id"]
        result = self.stack.get(f"/result/{one}", {"Prefer": "wait=20"})[1]
        self.assertEqual(result["status"], "COMPLETED")
        self.assertEqual(self.post("/predict", {"history": [1]}, "key-0")[1]["request_id"], one)

    def test_interactions_are_written_once(self):
        answers, in_work = self.storm(
            "/interactions", lambda key: [{"user_id": f"u{key}", "item_id": i} for i in (1, 2)])
        for key, said in answers.items():
            self.assertEqual(set(said), {(200, b'{"received":2,"added":2,"duplicates":0}')}, key)
        self.assertEqual(self.stack.sql("select count (*) from interactions"), str(2 * KEYS))
        print(f"\n    {KEYS} keys x {AT_ONCE} posts: {2 * KEYS} rows, {in_work} times in work")

    def test_another_body_is_refused(self):
        for path, body, other in (("/predict", {"history": [1]}, {"history": [2]}),
                                  ("/interactions", {"user_id": "u", "item_id": 1},
                                   {"user_id": "u", "item_id": 2})):
            status, first, _ = self.post(path, body, "one")
            self.assertIn(status, (200, 202))
            status, problem, _ = self.post(path, other, "one")
            self.assertEqual((status, problem["type"]),
                             (422, "/problems/idempotency-key-reused"))
            self.assertEqual(self.post(path, body, "one")[1], first)

    def test_what_was_refused_may_be_sent_right(self):
        self.assertEqual(self.post("/predict", {"history": [-1]}, "two")[0], 422)
        self.assertEqual(self.post("/predict", {"history": [1]}, "two")[0], 202)
        self.assertEqual(self.post("/interactions", {"user_id": "u"}, "two")[0], 422)
        self.assertEqual(self.post("/interactions", {"user_id": "u", "item_id": 1}, "two")[0], 200)

    def test_a_restart_forgets_nothing(self):
        first = self.post("/predict", {"history": [1]}, "three")[1]
        self.stack.stop_server()
        self.stack.serve()
        self.assertEqual(self.post("/predict", {"history": [1]}, "three")[1], first)
        self.assertEqual(self.post("/predict", {"history": [2]}, "three")[0], 422)


if __name__ == "__main__":
    unittest.main()
