"""The catalogue over HTTP, and what of it is recommended: the real program, a real
PostgreSQL."""
import datetime
import json
import pathlib
import time
import unittest

from stack import ROOT, Stack, wait_for

HISTORY = [10, 20, 30]
SECOND = 1.0  # "from the next second on"


class Items(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        cls.stack.__enter__()
        cls.stack.serve()

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def ask(self, method, path, body=None, status=200, headers=None):
        got, answer, _ = self.stack.request(method, path, body, headers)
        self.assertEqual(got, status, answer)
        return answer

    def recommended(self, **more):
        answer = self.ask("POST", "/recommend", {"history": HISTORY, "k": 20, **more})
        return answer["result"]["item_ids"]

    def within_a_second(self, what, ask):
        """From now on, or at the latest in a second: then for good."""
        start = time.monotonic()
        wait_for(what, 60, ask)
        self.assertLess(time.monotonic() - start, SECOND + 2, what)  # of a busy machine
        for _ in range(20):
            self.assertTrue(ask(), what)

    # Writing and reading

    def test_an_item_is_put_patched_and_deleted(self):
        path = "/items/900001"
        self.assertEqual(self.ask("GET", path, status=404)["type"], "/problems/no-item")
        self.ask("PATCH", path, {"hidden": True}, 404)
        self.ask("DELETE", path, status=404)
        item = {"item_id": 900001, "title": "Kettle", "category": "kitchen",
                "categories": ["kitchen", "new"], "hidden": False,
                "available_from": "2026-01-02T02:04:05.000000Z", "expires_at": None,
                "attributes": {"colour": "red"}, "image_url": "https://shop/k.png",
                "in_model": False}
        self.assertEqual(self.ask("PUT", path, item | {
            "available_from": "2026-01-02T03:04:05+01:00"}, 201), item)
        self.assertEqual(self.ask("PUT", path, item), item)  # as it was read
        self.assertEqual(self.ask("GET", path), item)
        patch = {"title": None, "attributes": {"size": 2, "colour": None}}
        self.assertEqual(self.ask("PATCH", path, patch),
                         item | {"title": None, "attributes": {"size": 2}})
        self.assertEqual(self.ask("DELETE", path, status=204), b"")
        self.ask("GET", path, status=404)

    def test_what_the_model_knows_is_told(self):
        self.assertTrue(self.ask("GET", "/items/10")["in_model"])
        self.ask("PUT", "/items/900002", {"title": "New"}, 201)
        self.assertEqual([i["in_model"] for i in self.ask("GET", "/items?ids=10,900002")],
                         [True, False])

    def test_many_items_in_one_body_are_all_or_nothing(self):
        lines = [{"item_id": 910000 + i, "title": f"Bulk number{i}"} for i in range(300)]
        body = "\n".join(map(json.dumps, lines))
        headers = {"Content-Type": "application/x-ndjson"}
        answer = self.ask("POST", "/items", body, headers=headers)
        self.assertEqual(answer, {"received": 300, "created": 300})
        self.assertEqual(self.ask("POST", "/items", lines[:2])["created"], 0)
        bad = [{"item_id": 920000}, {"title": "x"}, {"item_id": 1, "hidden": 7}, 5]
        problem = self.ask("POST", "/items", bad, 422)
        self.assertEqual([e["pointer"] for e in problem["errors"]],
                         ["/1/item_id", "/2/hidden", "/3"])
        self.ask("GET", "/items/920000", status=404)
        self.assertEqual(self.ask("POST", "/items", {"item_id": 920001, "titel": "x"})
                         ["warnings"][0]["pointer"], "/titel")

    def test_bad_fields_are_named(self):
        for body, pointer in (({"item_id": 5}, "/item_id"), ({"hidden": "no"}, "/hidden"),
                              ({"expires_at": "soon"}, "/expires_at"),
                              ({"image_url": "javascript:1"}, "/image_url")):
            problem = self.ask("PUT", "/items/900003", body, 422)
            self.assertEqual(problem["errors"][0]["pointer"], pointer)
        self.ask("PUT", "/items/%01", {}, 422)

    def test_items_may_be_named_by_keys(self):
        path = "/items/SKU%2F1"
        self.ask("GET", path, status=404)
        item = self.ask("PUT", path, {"title": "Keyed"}, 201)
        self.assertEqual((item["item_key"], item["title"]), ("SKU/1", "Keyed"))
        self.assertEqual(self.ask("PUT", path, item), item)  # as it was read
        self.assertEqual(self.ask("GET", f"/items/{item['item_id']}"), item)
        self.assertTrue(self.ask("PATCH", path, {"hidden": True})["hidden"])
        self.ask("PUT", path, {"item_id": "SKU-2"}, 422)
        answer = self.ask("POST", "/items", [{"item_id": "SKU/1", "title": "Again"},
                                             {"item_id": "SKU-2", "title": "Second"}])
        self.assertEqual(answer, {"received": 2, "created": 1})
        self.assertEqual({i["title"] for i in self.ask("GET", "/items?ids=SKU-2&ids=SKU/1")},
                         {"Again", "Second"})
        self.ask("DELETE", path, status=204)
        self.ask("GET", path, status=404)

    def test_a_number_beyond_all_integers_is_a_key(self):
        """As a barcode is: over HTTP the same as in a file."""
        for key, is_key in ("9007199254740992", True), ("9999999999999999", True), ("9007199254740991", False):
            item = self.ask("PUT", f"/items/{key}", {"title": "Long"}, 201)
            self.assertEqual((item.get("item_key"), item["item_id"] == int(key)), (key if is_key else None, not is_key))
            self.assertEqual(self.ask("GET", f"/items?ids={key}"), [item])
            self.ask("DELETE", f"/items/{key}", status=204)
            self.assertEqual(self.ask("GET", f"/items?ids={key}"), [])

    def test_titles_are_searched(self):
        self.ask("POST", "/items", [{"item_id": 930001, "title": "Quasar Lamp"},
                                    {"item_id": 930002, "title": "The quasars"}])
        found = self.ask("GET", "/items?query=quasar")
        self.assertEqual([i["item_id"] for i in found], [930001, 930002])
        self.assertEqual(len(self.ask("GET", "/items?query=QUA&limit=1")), 1)
        self.assertEqual(self.ask("GET", "/items?query=%25"), [])
        found = self.ask("GET", "/items?query=quasar&ids=1&ids=930002")
        self.assertEqual([i["item_id"] for i in found], [930002])
        self.ask("GET", "/items?query=a&limit=0", status=422)

    def test_items_are_listed(self):
        page = self.ask("GET", "/items?limit=3")
        self.assertEqual([i["item_id"] for i in page], [1, 2, 3])
        page = self.ask("GET", f"/items?after={page[-1]['item_id']}&limit=2")
        self.assertEqual([i["item_id"] for i in page], [4, 5])

    def test_a_file_of_items_is_imported(self):
        path = ROOT / "tests/fixtures/items/movielens.csv"
        done = self.stack.sasrec("import", "--items", str(path))
        self.assertIn("item_id is movieId, title is title, categories is genres",
                      done.stderr)
        self.assertIn("Loaded 3 items", done.stdout)
        self.assertEqual(self.ask("GET", "/items/1")["categories"],
                         ["Adventure", "Children"])
        bad = pathlib.Path(self.stack.folder) / "bad.jsonl"
        bad.write_text('{"item_id": 940001}\n{"item_id": 1.5}\n')
        done = self.stack.sasrec("import", "--items", str(bad), check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{bad}:2: ", done.stderr)
        self.ask("GET", "/items/940001", status=404)

    def test_a_file_of_keys_is_imported(self):
        path = pathlib.Path(self.stack.folder) / "keys.csv"
        path.write_text("asin,title\n0123,Zero\n77,Seventy-seven\nB00X,Letters\n")
        done = self.stack.sasrec("import", "--items", str(path))
        self.assertIn("taken as texts", done.stderr)
        self.assertEqual(self.stack.sql("select string_agg(item_key, ' ' order by item_key) "
                                        "from items where title in ('Zero', 'Seventy-seven', "
                                        "'Letters')"), "0123 77 B00X")

    # What is recommended

    def test_a_hidden_item_is_not_recommended(self):
        first = self.recommended()[0]
        self.ask("PATCH", f"/items/{first}", {"hidden": True})
        self.within_a_second("hidden", lambda: first not in self.recommended())
        self.assertEqual(len(self.recommended()), 20)  # others take its place
        self.assertEqual(self.recommended(include_hidden=True)[0], first)
        similar = f"/items/{HISTORY[0]}/similar?k=1000"
        self.assertNotIn(first, self.ask("GET", similar)["item_ids"])
        self.assertNotIn(first, self.ask("GET", "/popular?days=3650&k=1000")["item_ids"])
        answer = self.ask("POST", "/recommend", {"history": [], "k": 1000})
        self.assertEqual(answer["source"], "popular")
        self.assertNotIn(first, answer["result"]["item_ids"])
        self.ask("PATCH", f"/items/{first}", {"hidden": False})
        self.within_a_second("shown again", lambda: first in self.recommended())

    def test_a_deleted_item_is_not_recommended_until_it_is_put(self):
        item = self.recommended()[1]
        before = self.ask("GET", f"/items/{item}")
        self.ask("DELETE", f"/items/{item}", status=204)
        self.within_a_second("deleted", lambda: item not in self.recommended())
        self.ask("PUT", f"/items/{item}", before, 201)
        self.within_a_second("put again", lambda: item in self.recommended())

    def test_an_item_goes_at_its_time_and_comes_at_its_time(self):
        item = self.recommended()[2]
        now = datetime.datetime.now(datetime.timezone.utc)
        times = [(now + datetime.timedelta(seconds=s)).isoformat() for s in (3, 5)]
        self.ask("PATCH", f"/items/{item}", {"expires_at": times[0]})
        self.assertIn(item, self.recommended())
        wait_for("it has expired", 60, lambda: item not in self.recommended())
        gone = datetime.datetime.now(datetime.timezone.utc) - now
        self.assertGreaterEqual(gone.total_seconds(), 3)
        self.ask("PATCH", f"/items/{item}", {"expires_at": None, "available_from": times[1]})
        wait_for("it is available", 60, lambda: item in self.recommended())
        came = datetime.datetime.now(datetime.timezone.utc) - now
        self.assertGreaterEqual(came.total_seconds(), 5)

    def test_whoever_writes_the_table_is_heard(self):
        item = self.recommended()[3]
        self.stack.sql(f"update items set hidden = true where item_id = {item}")
        self.within_a_second("hidden by SQL", lambda: item not in self.recommended())
        self.stack.sql(f"update items set hidden = false where item_id = {item}")
        self.within_a_second("shown by SQL", lambda: item in self.recommended())


if __name__ == "__main__":
    unittest.main()
