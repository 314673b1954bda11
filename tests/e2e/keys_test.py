"""A shop whose items have texts for ids, as Amazon's files have them: what is imported,
trained, asked for and told by keys, over every way in, and comes back by them."""
import json
import os
import subprocess
import unittest
import urllib.parse

from stack import BUILD, ROOT, Stack

FIRST_ID = 2**52
ITEMS = [f"B00KEY{i:04}" for i in range(20)] + [f"0316{i:06}" for i in range(19)] + ["with, comma"]


def reviews():
    """Who likes one item likes its neighbours in the list."""
    for user in range(60):
        for step in range(4 + user % 6):
            yield {"reviewerID": f"A{user}", "asin": ITEMS[(user + step * (1 + user % 2)) % len(ITEMS)],
                   "overall": 5.0, "unixReviewTime": 1760000000 + 86400 * step + user}


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))
        cls.file = cls.stack.folder / "reviews_Toys_5.json"
        cls.file.write_text("".join(json.dumps(row) + "\n" for row in reviews()))
        cls.told = cls.stack.sasrec("import", str(cls.file)).stderr
        cls.imported = cls.stack.sql("select count(*) from items where item_key is not null")
        cls.stack.sql("update items set title = 'The first' where item_key = 'B00KEY0000'")
        cls.stack.sasrec("train", "--epochs", "2", "--publish", "always")
        cls.stack.serve()

    def ask(self, method, path, body=None, headers=None, expected=200):
        status, answer, _ = self.stack.request(method, path, body, headers)
        self.assertEqual(status, expected, answer)
        return answer

    def ids(self):
        """The integer of each key."""
        rows = self.stack.sql("select item_key, item_id from items where item_key is not null")
        return {key: int(item) for key, _, item in (row.rpartition("|") for row in rows.splitlines())}

    def check(self, result, k):
        """An answer whose items are told both ways."""
        self.assertEqual(len(result["item_ids"]), k)
        self.assertEqual([self.ids()[key] for key in result["item_keys"]], result["item_ids"])
        self.assertTrue(all(item >= FIRST_ID for item in result["item_ids"]))

    # In

    def test_what_is_read_is_told(self):
        self.assertIn("item is asin (a text)", self.told)
        self.assertEqual(self.imported, str(len(ITEMS)))

    def test_the_same_key_has_the_same_integer_in_a_file(self):
        """So a checkpoint of a file serves the histories of a database."""
        out = str(self.stack.folder / "from_file")
        report = json.loads(self.stack.sasrec("train", "--data", str(self.file), "--epochs", "1", "--json",
                                              "--out", out).stdout)
        answer = json.loads(self.stack.sasrec("recommend", "--history", "B00KEY0001,0316000002", "-k", "5", "--json",
                                              "--checkpoint", report["checkpoint"]).stdout)
        self.assertEqual((answer["history_used"], answer["unknown_dropped"]), (2, 0))
        self.check(answer, 5)

    def test_an_increment_of_numbers_is_keys_when_that_is_said(self):
        path = self.stack.folder / "today.csv"
        path.write_text("user,item,time\nA_today,9780316,2026-01-01\nA_today,7,2026-01-02\n")
        self.stack.sasrec("import", str(path), "--item-ids", "keys")
        history = self.ask("GET", "/users/A_today/history")
        self.assertEqual(history["item_keys"], ["9780316", "7"])
        self.assertTrue(all(item >= FIRST_ID for item in history["items"]))
        self.ask("DELETE", "/users/A_today")

    def test_one_text_late_in_a_file_makes_all_of_it_keys(self):
        path = self.stack.folder / "late.csv"
        path.write_text("user,item\n" + "A_late,5\n" * 3 + "A_late,5x\n")
        self.assertIn("late.csv:5: the item \"5x\"", self.stack.sasrec("import", str(path)).stderr)
        self.assertEqual(self.ask("GET", "/users/A_late/history")["item_keys"], ["5", "5", "5", "5x"])
        refused = self.stack.sasrec("import", str(path), "--append", "--item-ids", "integers", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--item-ids keys takes texts", refused.stderr)
        self.ask("DELETE", "/users/A_late")

    def test_an_export_is_what_was_imported(self):
        for name in "all.csv", "all.jsonl":
            out = self.stack.folder / name
            self.stack.sasrec("export", "--out", str(out))
            again = self.stack.sasrec("import", str(out), "--append", "--json").stdout
            self.assertEqual(json.loads(again)["interactions"], 0)
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        expected = sorted((row["reviewerID"], row["asin"]) for row in reviews())
        self.assertEqual(sorted((row["user_id"], row["item_id"]) for row in rows if row["user_id"][1:].isdigit()),
                         expected)

    # Asking

    def test_recommend_by_keys_is_recommend_by_integers(self):
        ids = self.ids()
        by_key = self.ask("POST", "/recommend", {"history": ["B00KEY0001", ids["0316000002"], "with, comma"],
                                                 "exclude": ["B00KEY0003"], "k": 7})["result"]
        by_id = self.ask("POST", "/recommend", {"history": [ids["B00KEY0001"], ids["0316000002"], ids["with, comma"]],
                                                "exclude": [ids["B00KEY0003"]], "k": 7})["result"]
        self.assertEqual(by_key, by_id)
        self.check(by_key, 7)
        self.assertFalse({"B00KEY0001", "0316000002", "with, comma", "B00KEY0003"} & set(by_key["item_keys"]))
        few = self.ask("POST", "/recommend", {"history": [], "allow": ["B00KEY0005", "none"]})
        self.assertEqual(few["result"]["item_keys"], ["B00KEY0005"])

    def test_an_unknown_key_is_dropped_and_counted(self):
        answer = self.ask("POST", "/recommend", {"history": ["no such", "316000002", "0316000002"]})
        self.assertEqual((answer["history_used"], answer["unknown_dropped"]), (1, 2))

    def test_a_batch(self):
        requests = [{"history": [key], "k": 3} for key in ITEMS]
        for answer in self.ask("POST", "/recommend/batch", {"requests": requests})["results"]:
            self.check(answer["result"], 3)

    def test_a_set_of_rules(self):
        every = self.ask("POST", "/recommend", {"history": [], "k": 100})["result"]["item_keys"]
        rules = {"exclude": every[:2] + [self.ids()[every[2]], "no such"]}
        self.assertEqual(self.ask("PUT", "/rules/front", rules, expected=201)["rules"], rules)
        self.assertEqual(self.ask("GET", "/rules/front")["rules"], rules)
        body = {"history": [], "rules": "front", "exclude": [every[3]], "k": 4}
        wanted = every[4:8]
        self.assertEqual(self.ask("POST", "/recommend", body)["result"]["item_keys"], wanted)
        batch = self.ask("POST", "/recommend/batch", {"requests": [body]})
        self.assertEqual(batch["results"][0]["result"]["item_keys"], wanted)
        request_id = self.ask("POST", "/predict", body, expected=202)["request_id"]
        job = self.ask("GET", f"/result/{request_id}", headers={"Prefer": "wait=10"})
        self.assertEqual(job["result"]["item_keys"], wanted)
        self.ask("PUT", "/rules/front", {"allow": every[4:7]})
        for allow in (["007", every[6], every[5]], [self.ids()[key] for key in every[5:8]]):
            answer = self.ask("POST", "/recommend", {"history": [], "rules": "front", "allow": allow})
            self.assertEqual(answer["result"]["item_keys"], every[5:7])
        refused = self.ask("PUT", "/rules/front", {"allow": ["a\nb"]}, expected=422)
        self.assertEqual(refused["errors"][0]["pointer"], "/allow/0")
        self.ask("DELETE", "/rules/front", expected=204)

    def test_a_job(self):
        body = {"history": ["B00KEY0001", "0316000002"], "user_id": "A1", "k": 4}
        request_id = self.ask("POST", "/predict", body, expected=202)["request_id"]
        job = self.ask("GET", f"/result/{request_id}", headers={"Prefer": "wait=10"})
        self.check(job["result"], 4)
        self.assertEqual(job["result"]["item_keys"], self.ask("POST", "/recommend", body)["result"]["item_keys"])
        stored = self.stack.sql(f"select request_json -> 'history' from predictions where request_id = '{request_id}'")
        self.assertEqual(json.loads(stored), ["B00KEY0001", "0316000002"])

    def test_similar_items(self):
        for key in "B00KEY0004", "with, comma":
            answer = self.ask("GET", f"/items/{urllib.parse.quote(key)}/similar?k=5")
            self.assertEqual((answer["item_id"], answer["item_key"]), (self.ids()[key], key))
            self.check(answer, 5)
        self.assertEqual(self.ask("GET", f"/items/{self.ids()['B00KEY0004']}/similar")["item_key"], "B00KEY0004")
        self.ask("GET", "/items/no%20such/similar", expected=404)

    def test_scores_and_reasons(self):
        ids = self.ids()
        items = ["B00KEY0005", "no such", ids["0316000002"]]
        score = self.ask("POST", "/score", {"history": ["B00KEY0001", "none"], "items": items})
        self.assertEqual(score["item_keys"], ["B00KEY0005", None, "0316000002"])
        self.assertEqual(score["item_ids"][::2], [ids["B00KEY0005"], ids["0316000002"]])
        self.assertIsNone(score["scores"][1])
        self.assertEqual(score["unknown_items"], [score["item_ids"][1]])
        answer = self.ask("POST", "/explain", {"history": ["B00KEY0001", "none", "B00KEY0002"], "items": items})
        self.assertEqual([e["item_key"] for e in answer["explanations"]], ["B00KEY0005", "0316000002"])
        self.assertEqual({r["item_key"] for r in answer["explanations"][0]["reasons"]}, {"B00KEY0001", "B00KEY0002"})

    def test_items_and_popular_ones(self):
        items = self.ask("GET", "/items?ids=B00KEY0000,0316000002,no-such")
        self.assertEqual({item["item_key"]: item["title"] for item in items},
                         {"B00KEY0000": "The first", "0316000002": None})
        popular = self.ask("GET", "/popular?days=3650&k=1000")
        self.assertEqual({key: self.ids()[key] for key in popular["item_keys"]},
                         dict(zip(popular["item_keys"], popular["item_ids"])))

    def test_the_command(self):
        answer = json.loads(self.stack.sasrec("recommend", "--json", "-k", "3", "--history",
                                              '["B00KEY0001", "with, comma", "no such"]').stdout)
        self.assertEqual((answer["history_used"], answer["unknown_dropped"]), (2, 1))
        self.check(answer, 3)
        table = self.stack.sasrec("recommend", "-k", "3", "--history", "B00KEY0001,with, no such").stdout
        self.assertRegex(table, r" (B00KEY|0316|with, )")

    # Telling

    def test_what_is_told_by_key_counts_at_once(self):
        events = [{"user_id": "A_new", "item_id": key} for key in ("B00KEY0001", "brand new", "007", "brand new")]
        self.assertEqual(self.ask("POST", "/interactions", events)["added"], 4)
        history = self.ask("GET", "/users/A_new/history")
        self.assertEqual(history["item_keys"], ["B00KEY0001", "brand new", "007", "brand new"])
        self.assertEqual(history["items"], [self.ids()[key] for key in history["item_keys"]])
        answer = self.ask("POST", "/recommend", {"user_id": "A_new"})
        self.assertEqual((answer["history_used"], answer["unknown_dropped"]), (1, 3))
        self.ask("DELETE", "/users/A_new")

    def test_a_bad_key_is_named(self):
        for bad in "", "a\nb", "k" * 129:
            problem = self.ask("POST", "/interactions", {"user_id": "u", "item_id": bad}, expected=422)
            self.assertEqual([e["pointer"] for e in problem["errors"]], ["/item_id"])

    # The page

    def test_the_page(self):
        folder = BUILD / "e2e"
        done = subprocess.run(["node", ROOT / "tests/e2e/browser.mjs", "--keys", "--modules", folder,
                               "--url", f"http://127.0.0.1:{self.stack.ui_port}"], env=os.environ, timeout=120)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
