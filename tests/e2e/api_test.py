"""What a shop does with the API: asks by user, tells what happened, asks again; and the
examples of docs/api.md and README.md, as they stand there."""
import json
import threading
import unittest
import uuid

from examples import Reader, examples
from stack import ROOT, Stack, wait_for


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack())
        cls.stack.serve()

    def ask(self, method, path, body=None, headers=None, expected=200):
        status, answer, _ = self.stack.request(method, path, body, headers)
        self.assertEqual(status, expected, answer)
        return answer

    def tell(self, *interactions):
        return self.ask("POST", "/interactions", list(interactions))

    def recommend(self, **body):
        return self.ask("POST", "/recommend", body)

    def history(self, user_id):
        return self.ask("GET", f"/users/{user_id}/history")["items"]

    # Asking

    def test_a_user_is_asked_for_by_name(self):
        by_id = self.recommend(user_id="user_3", k=7)
        given = self.recommend(history=self.history("user_3"), k=7)
        self.assertEqual(by_id["result"]["item_ids"], given["result"]["item_ids"])
        self.assertEqual(by_id["user_id"], "user_3")

    def test_a_history_beside_a_user_is_what_counts(self):
        alone = self.recommend(history=[10, 20])
        beside = self.recommend(history=[10, 20], user_id="user_3")
        self.assertEqual(alone["result"]["item_ids"], beside["result"]["item_ids"])

    def test_a_history_is_appended_to_the_stored_one(self):
        appended = self.recommend(user_id="user_3", history=[10, 20], append=True)
        given = self.recommend(history=self.history("user_3") + [10, 20])
        self.assertEqual(appended["result"]["item_ids"], given["result"]["item_ids"])

    def test_a_new_customer_gets_what_is_popular(self):
        answer = self.recommend(user_id="never seen")
        self.assertEqual((answer["source"], answer["history_used"]), ("popular", 0))
        self.assertEqual(len(answer["result"]["item_ids"]), 10)

    def test_a_job_takes_the_history_that_is_stored_when_it_is_accepted(self):
        request_id = self.ask("POST", "/predict", {"user_id": "user_4"}, expected=202)["request_id"]
        job = self.ask("GET", f"/result/{request_id}", headers={"Prefer": "wait=10"})
        self.assertEqual(job["status"], "COMPLETED")
        self.assertEqual(job["result"]["item_ids"],
                         self.recommend(user_id="user_4")["result"]["item_ids"])
        self.assertEqual(json.loads(self.stack.sql(
            f"select request_json -> 'history' from predictions where request_id = '{request_id}'")),
            self.history("user_4"))

    def test_rules_leave_what_they_allow(self):
        everything = self.recommend(history=[10, 20], k=1000)["result"]["item_ids"]
        left = self.recommend(history=[10, 20], k=10, exclude=everything[:15])["result"]["item_ids"]
        self.assertEqual(left, everything[15:25])
        few = everything[40:50:3]
        self.assertEqual(self.recommend(history=[10, 20], allow=few[::-1] + [999999])["result"]["item_ids"], few)
        self.assertEqual(self.recommend(history=[10, 20], allow=few, exclude=few[:1])["result"]["item_ids"], few[1:])
        self.assertEqual(self.recommend(history=[10, 20], allow=[])["result"]["item_ids"], [])
        again = self.recommend(history=[10, 20, 10], seen="only")["result"]["item_ids"]
        self.assertEqual(sorted(again), [10, 20])
        both = self.recommend(history=[10, 20], seen="include", k=1000)["result"]["item_ids"]
        self.assertEqual(len(both), len(everything) + 2)
        popular = self.recommend(history=[], allow=few)
        self.assertEqual((popular["source"], sorted(popular["result"]["item_ids"])), ("popular", sorted(few)))

    def test_categories_leave_what_they_name(self):
        everything = self.recommend(history=[10, 20], k=1000)["result"]["item_ids"]
        of = {item: self.stack.sql(f"select category from items where item_id = {item}") for item in everything[:60]}
        names = sorted(set(of.values()))[:2]
        wanted = [item for item in everything[:60] if of[item] in names]
        result = self.recommend(history=[10, 20], k=len(wanted), categories={"any": names})["result"]
        self.assertEqual(result["item_ids"], wanted)
        others = [item for item in everything[:60] if of[item] not in names]
        result = self.recommend(history=[10, 20], k=len(others), categories={"none": names})["result"]
        self.assertEqual(result["item_ids"], others)
        self.assertGreater(result["removed"]["categories"], 0)
        both = self.recommend(history=[10, 20], categories={"all": names})["result"]
        self.assertEqual((both["item_ids"], both["removed"]["categories"]), ([], len(everything)))

    def test_a_lowest_score_cuts_the_answer(self):
        result = self.recommend(history=[10, 20], k=10)["result"]
        cut = self.recommend(history=[10, 20], k=10, min_score=result["scores"][3])["result"]
        self.assertEqual((cut["item_ids"], cut["scores"]), (result["item_ids"][:4], result["scores"][:4]))
        self.assertEqual(cut["removed"]["min_score"], 6)
        self.assertEqual(self.recommend(history=[], k=5, min_score=1e9)["result"]["removed"], {})

    def test_the_answer_counts_what_rules_removed(self):
        everything = self.recommend(history=[10, 20], k=1000)["result"]
        self.assertEqual(everything["removed"], {"seen": 2})
        items = len(everything["item_ids"]) + 2
        result = self.recommend(history=[10, 20], exclude=[10, 30, 30, 999999], allow=[20, 30, 40])["result"]
        self.assertEqual(result["removed"], {"seen": 2, "exclude": 1, "allow": items - 4})
        self.assertEqual(result["item_ids"], [40])

    def test_diversity_reorders_the_best_hundred(self):
        plain = self.recommend(history=[10, 20], k=100)["result"]
        mixed = self.recommend(history=[10, 20], k=100, diversity=0.5)["result"]
        self.assertEqual(mixed["item_ids"][0], plain["item_ids"][0])
        self.assertNotEqual(mixed["item_ids"], plain["item_ids"])
        self.assertEqual(dict(zip(mixed["item_ids"], mixed["scores"])), dict(zip(plain["item_ids"], plain["scores"])))
        few = self.recommend(history=[10, 20], k=7, diversity=0.5)["result"]
        self.assertEqual(few["item_ids"], mixed["item_ids"][:7])

    def test_popularity_lifts_what_is_rare(self):
        plain = self.recommend(history=[10, 20], k=1000)["result"]
        lifted = self.recommend(history=[10, 20], k=1000, popularity=1)["result"]
        rank = {item: i for i, item in enumerate(self.recommend(history=[], k=1000)["result"]["item_ids"])}

        def mean(result):
            return sum(rank[item] for item in result["item_ids"][:20]) / 20
        self.assertGreater(mean(lifted), mean(plain))
        self.assertEqual(sorted(lifted["item_ids"]), sorted(plain["item_ids"]))

    def test_rules_hold_for_jobs(self):
        body = {"history": [10, 20], "seen": "only", "exclude": [10]}
        request_id = self.ask("POST", "/predict", body, expected=202)["request_id"]
        job = self.ask("GET", f"/result/{request_id}", headers={"Prefer": "wait=10"})
        self.assertEqual(job["result"]["item_ids"], [20])

    def test_rules_under_a_name(self):
        everything = self.recommend(history=[10, 20], k=30)["result"]["item_ids"]
        rules = {"exclude": everything[:5], "diversity": 0.25}
        self.assertEqual(self.ask("PUT", "/rules/front", rules, expected=201), {"name": "front", "rules": rules})
        rules["diversity"] = 0
        self.ask("PUT", "/rules/front", rules)
        self.assertEqual(self.ask("GET", "/rules/front"), {"name": "front", "rules": rules})
        self.assertIn("front", [s["name"] for s in self.ask("GET", "/rules")])
        self.assertEqual(self.recommend(history=[10, 20], rules="front")["result"]["item_ids"], everything[5:15])
        own = {"history": [10, 20], "rules": "front", "exclude": everything[5:7]}
        self.assertEqual(self.recommend(**own)["result"]["item_ids"], everything[7:17])
        request_id = self.ask("POST", "/predict", own, expected=202)["request_id"]
        job = self.ask("GET", f"/result/{request_id}", headers={"Prefer": "wait=10"})
        self.assertEqual(job["result"]["item_ids"], everything[7:17])
        self.assertEqual(job["result"]["removed"]["exclude"], 7)
        batch = self.ask("POST", "/recommend/batch", {"requests": [
            own, {"history": [10], "rules": "none"}, {"user_id": "user_3", "rules": "front"}]})["results"]
        self.assertEqual([r["status"] for r in batch], [200, 422, 200])
        self.assertEqual(batch[0]["result"]["item_ids"], everything[7:17])
        self.assertEqual(batch[1]["errors"][0]["pointer"], "/requests/1/rules")
        self.assertFalse(set(batch[2]["result"]["item_ids"]) & set(everything[:5]))
        self.ask("DELETE", "/rules/front", expected=204)
        self.assertEqual(self.ask("GET", "/rules/front", expected=404)["type"], "/problems/unknown-rules")
        self.ask("DELETE", "/rules/front", expected=404)
        self.ask("POST", "/recommend", own, expected=422)

    def test_rules_in_a_url_are_those_of_a_body(self):
        every = self.recommend(user_id="user_4", k=20)["result"]
        front = {"exclude": every["item_ids"][2:4]}
        self.ask("PUT", "/rules/url", front, expected=201)
        self.addCleanup(self.ask, "DELETE", "/rules/url", expected=204)
        for query, body in [
                (f"exclude={every['item_ids'][0]},no-such", {"exclude": [every["item_ids"][0], "no-such"]}),
                ("allow=10&allow=30,40&include_seen", {"allow": [10, 30, 40], "include_seen": True}),
                ("seen=only&k=50&include_seen=1", {"seen": "only", "k": 50}), ("seen=purchase", {"seen": "purchase"}),
                ("categories_any=Mystery,Travel&categories_none=Poetry",
                 {"categories": {"any": ["Mystery", "Travel"], "none": ["Poetry"]}}),
                ("categories_all=Mystery", {"categories": {"all": ["Mystery"]}}),
                (f"min_score={every['scores'][4]}", {"min_score": every["scores"][4]}),
                ("diversity=0.7&popularity=.25&include_hidden=1",
                 {"diversity": 0.7, "popularity": 0.25, "include_hidden": True}),
                ("rules=url", {"rules": "url"}),
                (f"rules=url&exclude={every['item_ids'][0]}", {"rules": "url", "exclude": every["item_ids"][:1]})]:
            answer = self.ask("GET", f"/users/user_4/recommendations?{query}")
            self.assertEqual(answer["result"], self.recommend(user_id="user_4", **body)["result"], query)
        for query, parameter in [
                ("exclude=1,,2", "exclude"), ("allow=", "allow"), ("categories_any=a,", "categories_any"),
                ("diversity=2", "diversity"), ("popularity=x", "popularity"), ("seen=exclud", "seen"),
                ("exclude=" + ",".join(["1"] * 101), "exclude"), ("seen=only&include_seen=x", "include_seen"),
                ("min_score=1&min_score=2", "min_score"),
                ("rules=a%20b", "rules"), ("rules=none-such", "rules"), ("exclude=%ff", "exclude")]:
            refused = self.ask("GET", f"/users/user_4/recommendations?{query}", expected=422)
            self.assertEqual(refused["errors"][0]["parameter"], parameter, query)
        self.ask("GET", "/users/nobody/recommendations?exclude=10", expected=404)
        self.assertNotIn("warnings", self.ask("GET", "/users/user_4/recommendations?k=2&history=5&expand=items&rules=url"))
        misspelt = "/users/user_4/recommendations?exlude=10"
        detail = "exlude is no parameter of this: did you mean exclude?"
        self.assertEqual(self.ask("GET", misspelt)["warnings"], [{"detail": detail, "parameter": "exlude"}])
        refused = self.ask("GET", misspelt, headers={"Prefer": "handling=strict"}, expected=422)
        self.assertEqual(refused["errors"], [{"detail": detail, "parameter": "exlude"}])

    def test_bad_rules_are_not_kept(self):
        for body, pointer in ({"exclud": [1]}, "/exclud"), ({"seen": "exclud"}, "/seen"), ({"k": 3}, "/k"):
            problem = self.ask("PUT", "/rules/bad", body, expected=422)
            self.assertEqual(problem["errors"][0]["pointer"], pointer)
        self.ask("PUT", "/rules/a%20b", {}, expected=422)
        self.ask("GET", "/rules/bad", expected=404)

    def test_a_batch_answers_each_by_itself(self):
        requests = [{"user_id": f"user_{i}", "k": i % 5 + 1} for i in range(1, 300)]
        requests[7] = {"histroy": [1]}
        requests[8] = {"history": [1, -1]}
        requests[9] = 7
        requests[10] = {"user_id": "never seen", "more": 1}
        answer = self.ask("POST", "/recommend/batch", {"requests": requests})
        results = answer["results"]
        self.assertEqual(len(results), len(requests))
        self.assertEqual([r["status"] for r in results], [200] * 7 + [422] * 3 + [200] * 289)
        self.assertEqual([[e["pointer"] for e in r["errors"]] for r in results[7:10]],
                         [["/requests/7/history"], ["/requests/8/history/1"], ["/requests/9"]])
        self.assertEqual([w["pointer"] for w in answer["warnings"]],
                         ["/requests/7/histroy", "/requests/10/more"])
        self.assertEqual(results[10]["source"], "popular")
        odd = '{"requests": [{"history": [10]}, {"history": [1e999]}, {"history": [10], "min_score": -1e999}]}'
        answers = self.ask("POST", "/recommend/batch", odd)["results"]
        self.assertEqual([r["status"] for r in answers], [200, 422, 422])
        self.assertEqual([r["errors"][0]["pointer"] for r in answers[1:]],
                         ["/requests/1/history/0", "/requests/2/min_score"])
        for i in 0, 50, 298:
            alone = self.recommend(**requests[i])
            self.assertEqual(results[i]["user_id"], requests[i]["user_id"])
            self.assertEqual(results[i]["result"]["item_ids"], alone["result"]["item_ids"])

    def test_what_is_wrong_with_the_first_element_is_said_in_full(self):
        problem = self.ask("POST", "/interactions", [{"user_id": "user_3", "item_id": 10, "created_at": 7}], expected=422)
        self.assertTrue(problem["detail"].endswith(": " + problem["errors"][0]["detail"]), problem)

    def test_the_largest_batch(self):
        answer = self.ask("POST", "/recommend/batch", {"requests": [{"history": [i], "k": 100} for i in range(1000)]})
        self.assertEqual({r["status"] for r in answer["results"]}, {200})
        self.assertEqual(len({r["request_id"] for r in answer["results"]}), 1000)

    def test_batches_past_a_limit_are_refused_whole(self):
        for requests in [], [{"history": []}] * 1001, [{"history": [], "k": 1000}] * 101, {}, None:
            problem = self.ask("POST", "/recommend/batch", {"requests": requests}, expected=422)
            self.assertEqual([e["pointer"] for e in problem["errors"]], ["/requests"])

    def test_given_items_are_scored(self):
        items = self.recommend(user_id="user_5", k=1000)["result"]
        known = dict(zip(items["item_ids"], items["scores"]))
        asked = [999999] + sorted(known)
        answer = self.ask("POST", "/score", {"user_id": "user_5", "items": asked})
        self.assertEqual((answer["item_ids"], answer["scores"][0]), (asked, None))
        self.assertEqual(answer["unknown_items"], [999999])
        for item, score in zip(asked[1:], answer["scores"][1:]):
            self.assertAlmostEqual(score, known[item], places=4)
        ranked = self.ask("POST", "/score", {"user_id": "user_5", "items": asked, "order": "ranked"})
        self.assertEqual(ranked["item_ids"][-1], 999999)
        self.assertEqual(ranked["scores"][:-1], sorted(ranked["scores"][:-1], reverse=True))

    def test_a_recommendation_is_explained(self):
        history = self.history("user_6")
        answer = self.ask("POST", "/explain", {"user_id": "user_6", "k": 3, "reasons": 200})
        self.assertEqual([e["item_id"] for e in answer["explanations"]],
                         self.recommend(user_id="user_6", k=3)["result"]["item_ids"])
        first = answer["explanations"][0]
        self.assertEqual(len(first["reasons"]), answer["left_out"])
        rules = {"user_id": "user_6", "diversity": 0.9, "popularity": 0.5, "k": 10, "deadline_s": 5}
        chosen = self.ask("POST", "/explain", rules, {"Prefer": "handling=strict"})
        self.assertEqual([e["item_id"] for e in chosen["explanations"]],
                         self.recommend(**rules)["result"]["item_ids"])
        for reason in first["reasons"][:3]:
            without = self.ask("POST", "/score", {"items": [first["item_id"]],
                               "history": [i for i in history if i != reason["item_id"]]})
            self.assertAlmostEqual(reason["change"], first["score"] - without["scores"][0], places=4)

    def test_items_come_beside_their_ids(self):
        # As if it had never been there: one that was deleted is not recommended.
        self.stack.sql("delete from items where item_id = 10;"
                       "delete from item_changes where item_id = 10")
        request_id = self.ask("POST", "/predict", {"history": [20]}, expected=202)["request_id"]
        job = self.ask("GET", f"/result/{request_id}?expand=items", headers={"Prefer": "wait=10"})
        once = self.ask("POST", "/recommend?expand=items", {"history": [20], "allow": [10, 30, 40]})
        for ids, items in [(job["result"]["item_ids"], job["items"]),
                           (once["result"]["item_ids"], once["items"])] + [
                (answer["item_ids"], answer["items"]) for answer in (
                    self.ask("GET", "/items/20/similar?k=1000&expand=items"),
                    self.ask("GET", "/popular?days=3650&k=1000&expand=items"),
                    self.ask("POST", "/score?expand=items",
                             {"history": [20], "items": [30, 999999, 10, 40], "order": "ranked"}))]:
            self.assertGreater(len(ids), 2)
            stored = self.ask("GET", "/items?ids=" + ",".join(map(str, ids)))
            rows = {item["item_id"]: item for item in stored}
            self.assertEqual(items, [rows.get(item_id) for item_id in ids])
        self.assertIn(None, once["items"])
        self.assertNotIn("items", self.recommend(history=[20]))
        self.assertNotIn("items", self.ask("GET", f"/result/{request_id}"))
        for path in "/popular?expand=titles", "/items/20/similar?expand", "/users/user_1/recommendations?expand=":
            self.assertEqual(self.ask("GET", path, expected=422)["errors"][0]["parameter"], "expand")

    def test_items_come_beside_those_of_a_batch_and_of_an_explanation(self):
        batch = self.ask("POST", "/recommend/batch?expand=items", {"requests": [
            {"history": [20], "k": 3}, {"history": [-1]}, {"history": [30], "allow": []}, {"history": [30], "k": 4}]})
        explained = self.ask("POST", "/explain?expand=items", {"history": [20, 999999, 30], "k": 3})
        named = explained["explanations"] + [r for e in explained["explanations"] for r in e["reasons"]]
        self.assertEqual(len(named), 9)
        pairs = [(entry["item_id"], entry["item"]) for entry in named]
        for place, count in (0, 3), (2, 0), (3, 4):
            result = batch["results"][place]
            pairs += zip(result["result"]["item_ids"], result["items"], strict=True)
            self.assertEqual(len(result["items"]), count)
        self.assertEqual(batch["results"][1]["status"], 422)
        rows = {item["item_id"]: item for item in
                self.ask("GET", "/items?ids=" + ",".join(str(item_id) for item_id, _ in pairs))}
        self.assertGreater(len(rows), 5)
        self.assertEqual([item for _, item in pairs], [rows.get(item_id) for item_id, _ in pairs])
        many = {"requests": [{"history": [20], "k": 1000}] * 11}
        refused = self.ask("POST", "/recommend/batch?expand=items", many, expected=422)
        self.assertEqual(refused["errors"][0]["pointer"], "/requests")
        self.assertEqual(len(self.ask("POST", "/recommend/batch", many)["results"]), 11)
        for path in "/recommend/batch", "/score", "/explain":
            refused = self.ask("POST", path + "?expand=title", {"history": [20], "items": [30]}, expected=422)
            self.assertEqual(refused["errors"][0]["parameter"], "expand")

    def test_similar_items(self):
        items = self.recommend(history=[], k=1000)["result"]["item_ids"]
        answer = self.ask("GET", f"/items/{items[0]}/similar?k=1000")
        self.assertEqual(sorted(answer["item_ids"]), sorted(items[1:]))  # all but itself
        self.assertEqual(answer["scores"], sorted(answer["scores"], reverse=True))
        self.assertTrue(all(-1.001 < score < 1.001 for score in answer["scores"]))
        again = self.ask("GET", f"/items/{answer['item_ids'][0]}/similar?k=1000")
        back = dict(zip(again["item_ids"], again["scores"]))
        self.assertAlmostEqual(back[items[0]], answer["scores"][0], places=5)  # symmetric
        self.assertEqual(self.ask("GET", f"/items/{items[0]}/similar?k=3")["item_ids"], answer["item_ids"][:3])

    def test_items_that_are_like_none(self):
        self.assertEqual(self.ask("GET", "/items/9007199254740991/similar", expected=404)["type"],
                         "/problems/unknown-item")
        for path in "/items/x/similar", "/items/-1/similar", "/items/9007199254740992/similar":
            self.ask("GET", path, expected=404)  # no key of an item
        for path in "/items/a%0Ab/similar", f"/items/{'k' * 129}/similar", "/items/1/similar?k=0":
            self.ask("GET", path, expected=422)

    def test_popular_items(self):
        self.stack.sql("insert into items (item_id, category) values (900001, 'api test'), (900002, 'api test')")
        self.tell(*({"user_id": f"fan_{i}", "item_id": 900001 + i % 3 % 2} for i in range(9)))
        self.assertEqual(self.ask("GET", "/popular?category=api%20test&days=1"),
                         {"days": 1, "category": "api test", "item_ids": [900001, 900002], "counts": [6, 3]})
        self.assertEqual(len(self.ask("GET", "/popular?k=3&days=3650")["item_ids"]), 3)
        for path in "/popular?days=0", "/popular?k=1001", "/popular?category=%01":
            self.ask("GET", path, expected=422)

    def test_answers_say_where_the_time_went(self):
        status, _, headers = self.stack.request("POST", "/recommend", {"history": [10]})
        self.assertRegex(headers["Server-Timing"], r"^(queue;dur=\d+\.\d{3}, )?compute;dur=\d+\.\d{3}$")
        status, _, headers = self.stack.request("POST", "/predict", {"history": [10]})
        self.assertRegex(headers["Server-Timing"], r"^commit;dur=\d+\.\d{3}$")

    # Telling

    def test_the_next_request_counts_what_was_told(self):
        for item in range(30):
            self.tell({"user_id": "shopper", "item_id": item + 1})
            answer = self.recommend(user_id="shopper")
            self.assertEqual(answer["history_used"] + answer["unknown_dropped"], item + 1)
        self.assertEqual(self.history("shopper"), list(range(1, 31)))

    def test_an_event_counts_once(self):
        one, other = ({"user_id": "twice", "item_id": i, "event_id": str(uuid.uuid4())} for i in (1, 2))
        self.assertEqual(self.tell(one, one), {"received": 2, "added": 1, "duplicates": 1})
        self.assertEqual(self.tell(one, other), {"received": 2, "added": 1, "duplicates": 1})
        self.assertEqual(self.tell(other), {"received": 1, "added": 0, "duplicates": 1})
        self.assertEqual(self.history("twice"), [1, 2])

    def test_what_was_bought_is_seen_and_what_was_viewed_is_not(self):
        items = self.recommend(history=[10, 20], k=6)["result"]["item_ids"]
        self.tell(*({"user_id": "buyer", "item_id": i, "event": "view"} for i in [10, 20] + items),
                  *({"user_id": "buyer", "item_id": i, "event": "purchase", "value": 9.5} for i in items[:2]))
        self.assertEqual(self.stack.sql("select count(*), sum(value) from interactions "
                                        "where user_id = 'buyer' and event = 'purchase'"), "2|19")
        everything = {"k": 1000, "user_id": "buyer"}
        seen = self.recommend(**everything, seen="include")["result"]["item_ids"]
        bought = self.recommend(**everything, seen="purchase")["result"]["item_ids"]
        self.assertEqual(bought, [i for i in seen if i not in items[:2]])
        both = self.recommend(**everything, seen="purchase", exclude=items[2:4])["result"]["item_ids"]
        self.assertEqual(both, [i for i in bought if i not in items[2:4]])
        given = self.recommend(k=1000, user_id="buyer", history=[10, 20], seen="purchase")["result"]["item_ids"]
        self.assertEqual(given, [i for i in self.recommend(k=1000, history=[10, 20], seen="include")["result"]["item_ids"]
                                 if i not in items[:2]])
        self.assertEqual(self.recommend(**everything, seen="return")["result"]["item_ids"], seen)
        batch = self.ask("POST", "/recommend/batch", {"requests": [
            {"user_id": "buyer", "history": [10], "k": 1000, "seen": "purchase"}, {"history": [10], "seen": "purchase"}]})
        self.assertFalse(set(batch["results"][0]["result"]["item_ids"]) & set(items[:2]))
        self.assertEqual([e["pointer"] for e in batch["results"][1]["errors"]], ["/requests/1/seen"])
        request_id = self.ask("POST", "/predict", everything | {"seen": "purchase"}, expected=202)["request_id"]
        job = self.ask("GET", f"/result/{request_id}", headers={"Prefer": "wait=10"})
        self.assertEqual(job["result"]["item_ids"], bought)

    def test_what_the_model_was_trained_without_is_no_history(self):
        """And is not recommended."""
        self.tell(*({"user_id": "picky", "item_id": i} for i in (10, 20)),
                  {"user_id": "picky", "item_id": 30, "event": "dislike"})
        before = self.ask("GET", "/models")["current"]
        version = json.loads(self.stack.sasrec(
            "train", "--epochs", "5", "--publish", "always", "--json", "--drop-events", "dislike").stdout)["version"]
        self.addCleanup(self.use, before)
        self.use(version)
        liked = self.recommend(history=[10, 20], k=1000)["result"]["item_ids"]
        wanted = [i for i in liked if i != 30]
        self.assertEqual(self.recommend(user_id="picky", k=1000)["result"]["item_ids"], wanted)
        self.assertEqual(self.ask("GET", "/users/picky/recommendations?k=1000")["result"]["item_ids"], wanted)
        batch = self.ask("POST", "/recommend/batch", {"requests": [{"user_id": "picky", "k": 1000}]})
        self.assertEqual(batch["results"][0]["result"]["item_ids"], wanted)
        self.assertEqual(self.recommend(user_id="picky", seen="include", k=1000)["result"]["item_ids"],
                         self.recommend(history=[10, 20], seen="include", k=1000)["result"]["item_ids"])
        self.assertEqual(self.history("picky"), [10, 20, 30])

    def use(self, version):
        (self.stack.folder / "checkpoints/current").write_text(version + "\n")
        wait_for(f"{version} is in use", 60, lambda: self.ask("GET", "/version")["model_version"] == version)

    def test_seen_by_event_needs_a_user(self):
        for body in {"history": [10]}, {"history": [10], "user_id": "anon"}:
            problem = self.ask("POST", "/recommend", body | {"seen": "purchase"}, expected=422)
            self.assertEqual([e["pointer"] for e in problem["errors"]], ["/seen"])
            self.assertIn("user_id", problem["detail"])

    def test_bad_events_are_named(self):
        for field, value in ("event", ""), ("event", "x" * 65), ("event", 1), ("value", "1"), ("value", True):
            problem = self.ask("POST", "/interactions", {"user_id": "bad", "item_id": 1, field: value}, expected=422)
            self.assertEqual([e["pointer"] for e in problem["errors"]], [f"/{field}"])

    def test_the_order_of_a_body_is_the_order_of_the_history(self):
        items = [5, 3, 9, 3, 1]
        self.tell(*({"user_id": "ordered", "item_id": i} for i in items))
        self.tell({"user_id": "ordered", "item_id": 7, "created_at": "2020-01-01T00:00:00Z"})
        self.assertEqual(self.history("ordered"), [7] + items)

    def test_a_bad_element_leaves_nothing(self):
        events = [{"user_id": "nothing", "item_id": i} for i in range(9)] + [{"user_id": "nothing"}]
        problem = self.ask("POST", "/interactions", events, expected=422)
        self.assertEqual([e["pointer"] for e in problem["errors"]], ["/9/item_id"])
        self.ask("GET", "/users/nothing/history", expected=404)

    def test_what_the_table_refuses_leaves_nothing(self):
        self.stack.sql("""
            create function no_7() returns trigger language plpgsql as
                $$ begin if new.item_id = 7 and new.user_id = 'refused' then
                     raise exception 'no sevens here'; end if; return new; end $$;
            create trigger no_7 before insert on interactions for each row execute function no_7()""")
        self.addCleanup(self.stack.sql, "drop trigger no_7 on interactions; drop function no_7")
        problem = self.ask("POST", "/interactions", [{"user_id": "refused", "item_id": i} for i in (6, 7)],
                           expected=422)
        self.assertIn("no sevens here", problem["detail"])
        self.ask("GET", "/users/refused/history", expected=404)

    def test_lines_in_chunks(self):
        lines = "".join(json.dumps({"user_id": "lines", "item_id": i}) + "\n" for i in range(500))
        chunks = (lines[i:i + 1000].encode() for i in range(0, len(lines), 1000))
        status, answer, _ = self.stack.request(
            "POST", "/interactions", chunks, {"Content-Type": "application/x-ndjson"})
        self.assertEqual((status, answer["added"]), (200, 500), answer)
        self.assertEqual(self.history("lines"), list(range(500)))

    def test_the_same_events_from_many_clients_at_once(self):
        events = [{"user_id": "crowd", "item_id": i, "event_id": str(uuid.uuid4())} for i in range(50)]
        answers = []
        def client(turn):
            for _ in range(4):
                some = events[::-1] if turn % 2 else events
                answers.append(self.stack.request("POST", "/interactions", some))
        clients = [threading.Thread(target=client, args=(turn,)) for turn in range(6)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        self.assertEqual({status for status, _, _ in answers}, {200})
        self.assertEqual(sum(answer["added"] for _, answer, _ in answers), 50)
        self.assertEqual(sorted(self.history("crowd")), list(range(50)))

    def test_unknown_fields_are_named(self):
        answer = self.tell({"user_id": "warned", "item_id": 1, "item": 2})
        self.assertEqual([w["pointer"] for w in answer["warnings"]], ["/0/item"])
        problem = self.ask("POST", "/interactions", {"user_id": "warned", "item_id": 1, "item": 2},
                           {"Prefer": "handling=strict"}, 422)
        self.assertEqual([e["pointer"] for e in problem["errors"]], ["/item"])
        self.assertEqual(problem["type"], "/problems/unknown-field")
        self.assertEqual(self.history("warned"), [1])

    # Forgetting

    def test_a_person_is_forgotten(self):
        self.tell(*({"user_id": "leaving/now", "item_id": i} for i in range(3)))
        request_id = self.ask("POST", "/predict", {"user_id": "leaving/now"}, expected=202)["request_id"]
        self.ask("GET", f"/result/{request_id}", headers={"Prefer": "wait=10"})
        path = "/users/leaving%2Fnow"
        self.assertEqual(self.ask("DELETE", path),
                         {"user_id": "leaving/now", "interactions": 3, "predictions": 1})
        self.ask("GET", path + "/history", expected=404)
        self.assertEqual(self.stack.sql("select count(*) from predictions where user_id like 'leaving%'"), "0")
        self.assertEqual(self.ask("DELETE", path)["interactions"], 0)

    # The documentation

    def test_the_examples_of_the_documentation(self):
        for page, least in ("docs/api.md", 10), ("README.md", 2):
            reader = Reader(self.stack.port)
            found = examples((ROOT / page).read_text())
            self.assertGreaterEqual(len(found), least)
            for script, said in found:
                with self.subTest(script):
                    reader.check(script, said)


if __name__ == "__main__":
    unittest.main()
