"""clients/python beside the real service, and beside one that misbehaves; the recipe for Gorse
in docs/clients.md."""
import collections.abc
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
import tomllib
import unittest

from stack import ROOT, Stack, free_port

sys.path.insert(0, str(pathlib.Path(ROOT, "clients/python")))
from sasrec_client import Client, JobError, Problem, Recommendation, Unreachable  # noqa: E402


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack())
        cls.stack.serve()
        cls.sasrec = cls.enterClassContext(Client(f"http://127.0.0.1:{cls.stack.port}"))

    def test_recommend(self):
        by_user = self.sasrec.recommend(user_id="user_3", k=5)
        given = self.sasrec.recommend(self.sasrec.history("user_3"), k=5)
        self.assertEqual(list(by_user), list(given))
        self.assertEqual((len(by_user), by_user.source), (5, "model"))
        self.assertEqual(by_user.raw["user_id"], "user_3")

    def test_fields_of_the_request_are_passed_on(self):
        answer = self.sasrec.recommend([10, 20], seen="only", allow=[10], k=3, kk=3)
        self.assertEqual(answer.item_ids, [10])
        self.assertEqual([warning["pointer"] for warning in answer.warnings], ["/kk"])

    def test_recommend_batch(self):
        good, bad = self.sasrec.recommend_batch([{"history": [10], "k": 3}, {"history": [-1]}])
        self.assertIsInstance(good, Recommendation)
        self.assertIsInstance(bad, Problem)
        self.assertEqual((len(good), bad.status, bad.errors[0]["pointer"]), (3, 422, "/requests/1/history/0"))

    def test_titles_come_along(self):
        answer = self.sasrec.recommend([10, 20], k=3, expand=True)
        self.assertEqual([item.item_id for item in answer.items], answer.item_ids)
        self.assertTrue(all(item.title and item.in_model for item in answer.items))
        self.assertIsNone(self.sasrec.recommend([10], k=3).items)
        batch = self.sasrec.recommend_batch([{"history": [10, 20], "k": 3}], expand=True)
        self.assertEqual(batch[0].items, answer.items)
        for other in self.sasrec.similar(10, 2, expand=True), self.sasrec.popular(days=3650, k=2, expand=True):
            self.assertEqual([item.item_id for item in other.items], other.item_ids)

    def test_score(self):
        best = self.sasrec.recommend([10, 20], k=3)
        given = [best.item_ids[2], 999999, best.item_ids[0]]
        scores = self.sasrec.score(given, [10, 20], expand=True)
        self.assertEqual((scores.names, scores.items[1], scores.scores[1]), (given, None, None))
        ranked = self.sasrec.score(given, user_id="user_3", history=[10], append=True, ranked=True)
        self.assertEqual((len(ranked), list(ranked)[-1]), (3, (999999, None)))

    def test_explain(self):
        why = self.sasrec.explain([10, 20, 30], k=2, reasons=2, exclude=[40])
        wanted = self.sasrec.recommend([10, 20, 30], k=2, exclude=[40])
        self.assertEqual([one.name for one in why], wanted.names)
        self.assertEqual((why.left_out, [len(one.reasons) for one in why]), (3, [2, 2]))
        self.assertIn(why.explanations[0].reasons[0].name, (10, 20, 30))
        named = self.sasrec.explain(user_id="user_3", items=[10, 999999], expand=True)
        self.assertEqual(([one.name for one in named], named.unknown_items), ([10], [999999]))
        self.assertTrue(named.explanations[0].raw["item"]["title"])

    def test_a_job_and_its_result(self):
        self.assertEqual(list(self.sasrec.predict_and_wait([10, 20], k=4)),
                         list(self.sasrec.recommend([10, 20], k=4)))
        job = self.sasrec.job(self.sasrec.predict(user_id="user_3"), wait=10)
        self.assertEqual((job.status, job.ended, len(job.result)), ("COMPLETED", True, 10))

    def test_a_job_is_watched(self):
        request_id = self.sasrec.predict([10, 20], k=3)
        result, ended = self.sasrec.watch(request_id)
        self.assertEqual((result.name, ended.name), ("result", "ended"))
        self.assertEqual(len(result.data["result"]["item_ids"]), 3)
        self.assertEqual(ended.data, {"request_id": request_id, "status": "COMPLETED"})

    def test_the_service_is_watched(self):
        events = self.sasrec.events()
        health = next(events)
        events.close()
        self.assertEqual((health.name, health.data["ready"]), ("health", True))

    def test_similar_and_popular(self):
        similar = self.sasrec.similar(10, k=3)
        self.assertEqual(len(list(similar)), 3)
        self.assertNotIn(10, similar.item_ids)
        popular = list(self.sasrec.popular(days=3650, k=2))
        self.assertGreaterEqual(popular[0][1], popular[1][1])

    def test_interactions(self):
        added = self.sasrec.add_interactions({"user_id": "client", "item_id": 10})
        self.assertEqual((added.received, added.added, added.duplicates), (1, 1, 0))
        one = {"user_id": "client", "item_id": 20, "event_id": "0b4b3c1e-8a54-4d0e-9d5a-3f1f5e1c7a12"}
        self.assertEqual(self.sasrec.add_interactions([one, one]).duplicates, 1)
        self.assertEqual(self.sasrec.history("client"), [10, 20])
        self.assertEqual(self.sasrec.history("client", limit=1), [20])
        self.assertIn("client", self.sasrec.users(prefix="cl"))
        self.assertEqual(self.sasrec.forget_user("client")["interactions"], 2)
        with self.assertRaises(Problem) as caught:
            self.sasrec.history("client")
        self.assertEqual((caught.exception.status, caught.exception.type), (404, "unknown-user"))

    def test_users_come_in_pages(self):
        self.stack.sql("insert into interactions (user_id, item_id) "
                       "select 'page_' || n, 1 from generate_series (1, 10001) n")
        self.addCleanup(self.stack.sql, "delete from interactions where user_id like 'page%'")
        self.assertEqual(len(set(self.sasrec.users(prefix="page_"))), 10001)

    def test_items(self):
        items = self.sasrec.items([10, 20, 999999])
        self.assertEqual(set(items), {10, 20})
        self.assertTrue(items[10].title)

    def test_the_catalogue(self):
        put = self.sasrec.put_item("KEY/1 é", title="Blue kettle", categories=["kitchen", "blue"])
        self.assertEqual((put.key, put.category, put.categories, put.in_model),
                         ("KEY/1 é", "kitchen", ["kitchen", "blue"], False))
        self.assertEqual(self.sasrec.put_items([{"item_id": "KEY/2", "title": "Green kettle"},
                                                {"item_id": "KEY/1 é", "title": "Blue kettle, big"}]), 1)
        self.assertEqual({item.key for item in self.sasrec.find_items("kett")}, {"KEY/1 é", "KEY/2"})
        self.assertTrue(self.sasrec.patch_item("KEY/2", hidden=True).hidden)
        self.assertEqual(self.sasrec.item("KEY/1 é").title, "Blue kettle, big")
        found = self.sasrec.items(["KEY/2", put.item_id, "KEY/3"])
        self.assertEqual({name: item.key for name, item in found.items()},
                         {"KEY/2": "KEY/2", put.item_id: "KEY/1 é"})
        everything = [item.item_id for item in self.sasrec.all_items()]
        self.assertEqual(str(len(everything)), self.stack.sql("select count(*) from items"))
        self.assertEqual(everything, sorted(set(everything)))
        for key in "KEY/1 é", "KEY/2":
            self.sasrec.delete_item(key)
        with self.assertRaises(Problem) as caught:
            self.sasrec.item("KEY/2")
        self.assertEqual(caught.exception.type, "no-item")

    def test_rules_under_a_name(self):
        every = self.sasrec.recommend([10, 20], k=20).item_ids
        self.sasrec.put_rules("front", exclude=every[:5], seen="exclude")
        self.assertIn("front", self.sasrec.rule_sets())
        self.assertEqual(self.sasrec.rules("front"), {"exclude": every[:5], "seen": "exclude"})
        self.assertEqual(self.sasrec.recommend([10, 20], rules="front").item_ids, every[5:15])
        self.sasrec.delete_rules("front")
        with self.assertRaises(Problem):
            self.sasrec.recommend([10, 20], rules="front")

    def test_every_operation_of_a_shop_has_a_method(self):
        class Asked(Exception):
            pass

        def told(method, target, *_):
            raise Asked(method, target.partition("?")[0])

        calls = {  # method: what it is called with
            "recommend": ([1],), "recommend_batch": ([{}],), "score": ([1], [1]), "explain": ([1],),
            "similar": (1,), "popular": (), "predict": ([1],), "job": ("r",), "predict_and_wait": ([1],),
            "watch": ("r",), "events": (), "add_interactions": ({},), "users": (), "history": ("u",),
            "forget_user": ("u",), "items": ([1],), "find_items": ("w",), "all_items": (), "item": (1,),
            "put_item": (1,), "put_items": ([{}],), "patch_item": (1,), "delete_item": (1,),
            "rule_sets": (), "rules": ("n",), "put_rules": ("n",), "delete_rules": ("n",), "models": (),
            "reload_model": (), "version": (), "ready": (), "openapi": ()}
        methods = {name for name in vars(Client) if not name.startswith("_")}
        self.assertEqual(methods - calls.keys(), {"request", "close"})
        client, asked = Client(retries=0), set()
        client._once = told
        client._send = lambda connection, method, target, *_: told(method, target)
        for name, arguments in calls.items():
            with self.assertRaises(Asked, msg=name) as caught:
                answer = getattr(client, name)(*arguments)
                if isinstance(answer, collections.abc.Iterator):
                    next(answer)
            asked.add(caught.exception.args)
        others = {"/", "/docs", "/assets/{name}", "/session",  # of a browser
                  "/livez", "/metrics", "/status",  # of whoever looks after the service
                  "/users/{user_id}/recommendations"}  # recommend (user_id=...)
        for path, operations in self.sasrec.openapi()["paths"].items():
            for method in operations.keys() & {"get", "post", "put", "patch", "delete"} if path not in others else ():
                pattern = re.sub(r"{\w+}", "[^/]+", path)
                self.assertTrue(any(did == method.upper() and re.fullmatch(pattern, target) for did, target in asked),
                                f"{method} {path}")

    def test_the_service_itself(self):
        self.assertTrue(self.sasrec.ready())
        self.assertEqual(self.sasrec.version()["model_version"], self.sasrec.models()["current"])
        self.assertEqual(self.sasrec.reload_model(), self.sasrec.models()["current"])
        self.assertIn("/recommend", self.sasrec.openapi()["paths"])

    def test_what_is_wrong_is_said(self):
        with self.assertRaises(Problem) as caught:
            self.sasrec.recommend([10, -1])
        problem = caught.exception
        self.assertEqual((problem.status, problem.type, problem.errors[0]["pointer"]),
                         (422, "invalid-field", "/history/1"))
        self.assertIn("history[1]", str(problem))
        self.assertTrue(problem.request_id)

    def test_odd_ids_are_quoted(self):
        self.sasrec.add_interactions({"user_id": "a/b c?é", "item_id": 10})
        self.assertEqual(self.sasrec.history("a/b c?é"), [10])

    def test_many_threads_share_a_client(self):
        answers = []
        threads = [threading.Thread(target=lambda: answers.extend(
            self.sasrec.recommend([10], k=3) for _ in range(20))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 80)

    def gorse(self, *users, **env):
        """What the script of the recipe gives for each of them."""
        recipe = re.search(r"^```toml\n(.*?)^```$", (ROOT / "docs/clients.md").read_text(), re.M | re.S)[1]
        script = tomllib.loads(recipe)["recommend"]["external"][0]["script"]
        url = f"http://127.0.0.1:{self.stack.port}"
        return subprocess.run(["node", pathlib.Path(__file__).with_name("gorse.mjs"), *users], input=script,
                              env=self.stack.env | {"SASREC_URL": url} | env, capture_output=True, text=True)

    def test_the_recipe_for_gorse(self):
        done = self.gorse("user_3", "user_4", "never seen")
        self.assertEqual(done.returncode, 0, done.stderr)
        for user, line in zip(("user_3", "user_4", "never seen"), done.stdout.splitlines(), strict=True):
            wanted = self.sasrec.recommend(user_id=user, k=100).item_ids
            self.assertEqual(json.loads(line), list(map(str, wanted)))
        done = self.gorse("anon")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("422", done.stderr)

    def test_nobody_there(self):
        with self.assertRaises(Unreachable):
            Client(f"http://127.0.0.1:{free_port()}", retries=1).version()
        with self.assertRaises(ValueError):
            Client("localhost:8000")


class Script(http.server.BaseHTTPRequestHandler):
    """Answers as it is told: (status, body, headers), or None to hang up."""
    protocol_version = "HTTP/1.1"
    answers, asked = [], []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path, dict(self.headers), body))
        told = self.answers.pop(0)
        if told is None:
            self.close_connection = True
            return
        status, body, headers = told
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for key, value in ({"Content-Type": "application/json", "Content-Length": str(len(text))} | headers).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


BUSY = (503, {"type": "/problems/overloaded", "title": "Busy", "status": 503}, {"Retry-After": "0"})
RESULT = {"item_ids": [1], "scores": [2.0], "source": "model", "model_version": "v", "history_used": 1,
          "unknown_dropped": 0}


class Misbehaving(unittest.TestCase):
    def setUp(self):
        Script.answers, Script.asked = [], []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Script)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.sasrec = Client(f"http://127.0.0.1:{self.server.server_port}/prefix/", key="secret", timeout=5)
        self.addCleanup(self.sasrec.close)

    def test_the_key_and_the_prefix_are_sent(self):
        Script.answers[:] = [(200, {"version": "1"}, {})]
        self.sasrec.version()
        _, path, headers, _ = Script.asked[0]
        self.assertEqual((path, headers["Authorization"]), ("/prefix/version", "Bearer secret"))

    def test_what_was_not_done_is_asked_again(self):
        Script.answers[:] = [BUSY, (429, {}, {}), (200, {"result": RESULT}, {})]
        self.assertEqual(self.sasrec.recommend([1]).item_ids, [1])
        Script.answers[:] = [BUSY] * 3
        with self.assertRaises(Problem) as caught:
            self.sasrec.recommend([1])
        self.assertEqual((caught.exception.type, caught.exception.retry_after), ("overloaded", 0))

    def test_what_is_wrong_is_not_asked_again(self):
        Script.answers[:] = [(422, {"type": "/problems/invalid-field"}, {})]
        with self.assertRaises(Problem):
            self.sasrec.recommend([1])
        self.assertEqual(len(Script.asked), 1)

    def test_what_cannot_happen_twice_is_sent_again_when_nobody_answers(self):
        Script.answers[:] = [None, (200, {"received": 2, "added": 2, "duplicates": 0}, {})]
        self.sasrec.add_interactions([{"user_id": "u", "item_id": 1}, {"user_id": "u", "item_id": 2}])
        first, second = (body for _, _, _, body in Script.asked)
        self.assertEqual(first, second)
        self.assertEqual(len({event["event_id"] for event in json.loads(first)}), 2)

    def test_what_may_happen_twice_is_not(self):
        Script.answers[:] = [None]
        with self.assertRaises(Unreachable):
            self.sasrec.request("POST", "/of/a/later/release", {})
        self.assertEqual(len(Script.asked), 1)

    def test_a_connection_that_was_closed_meanwhile_is_not_used(self):
        Script.answers[:] = [(200, {}, {"Connection": "close"}), (200, {}, {})]
        self.sasrec.request("POST", "/a", {})
        self.sasrec.request("POST", "/b", {})

    def test_answers_that_are_no_problems(self):
        Script.answers[:] = [(502, b"<h1>Bad gateway</h1>", {"Content-Type": "text/html"})]
        with self.assertRaises(Problem) as caught:
            self.sasrec.version()
        self.assertEqual((caught.exception.status, caught.exception.type), (502, ""))
        self.assertIn("Bad gateway", str(caught.exception))

    def test_jobs_without_a_result(self):
        job = {"request_id": "r", "status": "FAILED", "result": None, "error": "it rained"}
        Script.answers[:] = [(202, {"request_id": "r"}, {}), (200, job, {})]
        with self.assertRaises(JobError) as caught:
            self.sasrec.predict_and_wait([1])
        self.assertEqual(str(caught.exception), "request r is FAILED: it rained")

    def test_a_stream_goes_on_where_it_broke_off(self):
        part = b"retry: 9\n\n: still here\n\nid: %d\nevent: model\ndata: {\"version\":\ndata: \"%d\"}\n\n"
        stream = {"Content-Type": "text/event-stream", "Connection": "close"}
        Script.answers[:] = [(200, part % (7, 1), stream), (200, part % (8, 2), stream)]
        events = self.sasrec.events()
        self.assertEqual([next(events).data["version"] for _ in range(2)], ["1", "2"])
        self.assertEqual(Script.asked[1][2]["Last-Event-ID"], "7")


if __name__ == "__main__":
    unittest.main()
