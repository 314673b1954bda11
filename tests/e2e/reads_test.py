"""What is read through HTTP: rows, histories, users and items, with a real PostgreSQL
and no model."""
import http.client
import json
import time
import unittest
from urllib.parse import quote

from stack import Stack

RESULT = {"item_ids": [7, 9007199254740991], "scores": [1.5, -0.25], "model_version": "v1",
          "source": "model", "history_used": 2, "unknown_dropped": 0}
PENDING, DONE, FAILED, LATE = (f"0190000{n}-0000-7000-8000-000000000000" for n in range(4))
ODD = "ä/b c+%?&'"
ROWS = f"""
insert into interactions (user_id, item_id)
    select 'user_' || u, i from generate_series(1, 12) u, generate_series(1, 3) i;
insert into interactions (user_id, item_id) values ('{ODD.replace("'", "''")}', 5);
insert into items (item_id, title, category) values (1, 'One "1"', 'odd'), (2, null, null);
insert into predictions (request_id, user_id, status, request_json, result_json, model_version,
                         error, deadline, dispatched_at, next_attempt_at) values
    ('{PENDING}', 'a', 'PENDING', '{{"request_id":"{PENDING}","history":[1]}}', null, null, null,
     now() + interval '1 hour', now(), now() + interval '1 hour'),
    ('{LATE}', 'a', 'PENDING', '{{"request_id":"{LATE}","history":[1]}}', null, null, null,
     now() + interval '1 hour', now(), now() + interval '1 hour'),
    ('{DONE}', 'a', 'COMPLETED', '{{"history":[1]}}', '{json.dumps(RESULT)}', 'v1', null,
     now(), now(), now()),
    ('{FAILED}', 'a', 'FAILED', '{{"history":[1]}}', null, null, 'no "luck"',
     now(), now(), now());
"""


class Reads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))
        cls.stack.sql(ROWS)
        cls.stack.serve(ready=False)

    def read(self, path, headers=None):
        status, body, answered = self.stack.get(path, headers)
        self.assertEqual(status, 200, body)
        return body, answered

    def test_a_completed_row(self):
        row, _ = self.read(f"/result/{DONE}")
        self.assertEqual((row["request_id"], row["status"], row["result"], row["error"]),
                         (DONE, "COMPLETED", RESULT, None))
        self.assertEqual((row["user_id"], row["model_version"]), ("a", "v1"))
        self.assertRegex(row["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*Z$")

    def test_an_id_in_capitals_is_the_same_request(self):
        row, _ = self.read(f"/result/{DONE.upper()}")
        self.assertEqual(row["status"], "COMPLETED")

    def test_a_failed_row_says_why(self):
        row, _ = self.read(f"/result/{FAILED}")
        self.assertEqual((row["status"], row["result"], row["error"]),
                         ("FAILED", None, 'no "luck"'))

    def test_waiting_ends_with_the_preference(self):
        started = time.monotonic()
        row, headers = self.read(f"/result/{PENDING}", {"Prefer": "wait=2"})
        self.assertTrue(1.9 < time.monotonic() - started < 8)  # the longest wait is 25
        self.assertEqual(headers["Preference-Applied"], "wait=2")
        self.assertEqual((row["status"], row["result"]), ("PENDING", None))

    def test_waiting_for_what_has_ended_is_no_wait(self):
        started = time.monotonic()
        self.read(f"/result/{DONE}", {"Prefer": "wait=20"})
        self.assertLess(time.monotonic() - started, 10)

    def test_a_result_from_before_the_start_is_still_an_event(self):
        for request_id, result, error in (DONE, RESULT, None), (FAILED, None, 'no "luck"'):
            text, headers = self.read(f"/events?request_id={request_id}")
            self.assertEqual(headers["Content-Type"], "text/event-stream")
            lines = text.decode().splitlines()
            self.assertIn("event: result", lines)
            data = json.loads(next(line for line in lines if line.startswith("data:"))[5:])
            self.assertEqual(data, {"request_id": request_id, "result": result, "error": error})

    def test_a_stream_is_open_while_its_request_is_not_done(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=40)
        self.addCleanup(connection.close)
        connection.request("GET", f"/events?request_id={LATE}")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.readline(), b"retry: 2000\n")
        self.assertEqual(answer.readline(), b"\n")
        self.assertTrue(answer.readline().startswith(b":"))  # the heartbeat, within 10 s

    def test_head_of_a_stream_ends(self):
        status, body, _ = self.stack.request("HEAD", "/events")
        self.assertEqual((status, body), (200, b""))

    def test_users_by_pages(self):
        users, _ = self.read("/users?prefix=user_")
        self.assertEqual(users, [f"user_{i}" for i in range(1, 13)])
        page, _ = self.read("/users?prefix=user_&after=user_2&limit=3")
        self.assertEqual(page, ["user_3", "user_4", "user_5"])
        self.assertEqual(self.read("/users?prefix=nobody")[0], [])

    def test_history(self):
        self.assertEqual(self.read("/users/user_3/history")[0],
                         {"user_id": "user_3", "items": [1, 2, 3]})
        self.assertEqual(self.read("/users/user_3/history?limit=2")[0]["items"], [2, 3])

    def test_a_user_with_odd_characters(self):
        self.assertIn(ODD, self.read("/users")[0])
        self.assertEqual(self.read(f"/users?prefix={quote(ODD)}")[0], [ODD])
        self.assertEqual(self.read(f"/users/{quote(ODD, safe='')}/history")[0],
                         {"user_id": ODD, "items": [5]})

    def test_unknown_users_are_not_found(self):
        for path in "/users/nobody/history", "/users/nobody/recommendations":
            status, problem, _ = self.stack.get(path)
            self.assertEqual((status, problem["type"]), (404, "/problems/unknown-user"))

    def test_items(self):
        items, _ = self.read("/items?ids=2,1,999,1")
        self.assertEqual([(item["item_id"], item["title"], item["category"],
                           item["categories"], item["in_model"]) for item in items],
                         [(1, 'One "1"', "odd", ["odd"], False), (2, None, None, [], False)])

    def test_without_a_model_it_says_how_to_get_one(self):
        for path in "/predict", "/recommend":
            status, problem, headers = self.stack.post(path, {"history": [1]})
            self.assertEqual(status, 503)
            self.assertIn("sasrec train", problem["detail"])
            self.assertTrue(headers["Retry-After"])
        self.assertEqual(self.stack.status("/readyz"), 503)
        self.assertIsNone(self.read("/models")[0]["current"])

    def test_statements_that_hide_in_names_stay_names(self):
        name = quote("'; drop table predictions; --", safe="")
        self.assertEqual(self.stack.status(f"/users/{name}/history"), 404)
        self.read(f"/users?prefix={name}")
        self.read(f"/result/{DONE}")


if __name__ == "__main__":
    unittest.main()
