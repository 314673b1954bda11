"""A database and a checkpoint of each earlier release (tests/fixtures/releases): the schema
becomes that of today with every row in its place, requests that waited end, the old model
serves, and training goes on from there."""
import json
import re
import shutil
import subprocess
import unittest

from stack import ROOT, Stack, wait_for

RELEASES = sorted(path for path in (ROOT / "tests/fixtures/releases").iterdir() if path.is_dir())
REQUEST = "01930000-0000-7000-8000-00000000000"


class Upgrade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))

    def restore(self, release):
        """In a database of its own; the stack's own keeps today's schema, made anew."""
        self.stack.sql("create database upgraded")
        self.stack.env["PGDATABASE"] = "upgraded"
        self.stack.sql(None, script=(release / "database.sql").read_text())

    def stored(self):
        return self.stack.sql(
            "select user_id, item_id, created_at, id from interactions order by id; "
            "select item_id, title, category, created_at from items order by item_id; "
            "select name, digest, rows from imports; "
            "select request_id, status, user_id, result_json, error, created_at from predictions order by 1")

    def schema(self, database):
        done = subprocess.run(["pg_dump", "-s", "--no-owner", "--no-privileges", database], env=self.stack.env,
                              check=True, capture_output=True, text=True)
        return [line for line in done.stdout.splitlines()  # not how this dump is restored
                if line and not re.match(r"--|SET |SELECT pg_catalog|\\", line)]

    def result(self, number):
        return self.stack.get(f"/result/{REQUEST}{number}", {"Prefer": "wait=10"})[1]

    def test_each_release(self):
        self.assertTrue(RELEASES)
        for release in RELEASES:
            with self.subTest(release.name):
                self.upgrade(release)

    def upgrade(self, release):
        fresh = self.schema(self.stack.env["PGDATABASE"])
        self.restore(release)
        before = self.stored()
        files = "select pg_relation_filenode ('interactions'), pg_relation_filenode ('predictions')"
        kept = self.stack.sql(files)
        self.stack.sasrec("migrate")
        self.assertEqual(self.stack.sql(files), kept, "a large table was rewritten")
        self.assertEqual(self.stored(), before)
        self.assertEqual(sorted(self.schema("upgraded")), sorted(fresh))

        checkpoint, = release.glob("*.safetensors")
        folder = self.stack.folder / "checkpoints"
        folder.mkdir()
        shutil.copy(checkpoint, folder)
        (folder / "current").write_text(checkpoint.stem + "\n")
        self.stack.serve()
        _, answer, _ = self.stack.post("/recommend", {"history": [1, 2, 3]})
        self.assertEqual((answer["model_version"], answer["source"]), (checkpoint.stem, "model"))
        stored = self.result(1)
        self.assertEqual(stored["status"], "COMPLETED")
        self.assertEqual(answer["result"]["item_ids"], stored["result"]["item_ids"])
        _, by_user, _ = self.stack.post("/recommend", {"user_id": "user_7"})
        self.assertGreater(by_user["history_used"], 0)

        self.assertEqual([self.result(n)["status"] for n in (2, 3)], ["FAILED", "EXPIRED"])
        self.assertEqual(self.result(4)["result"]["item_ids"], stored["result"]["item_ids"])
        wait_for("what was due long ago expires", 60, lambda: self.stack.sql(
            "select count(*) from predictions where status = 'PENDING'") == "0")
        self.assertEqual(self.result(4)["status"], "COMPLETED")
        self.assertEqual(self.result(5)["status"], "EXPIRED")

        self.stack.post("/interactions", {"user_id": "user_7", "item_id": 3, "event": "purchase"})
        report = json.loads(self.stack.sasrec("train", "--epochs", "2", "--json", "--publish", "never").stdout)
        self.assertGreater(report["test"]["users"], 10)
        self.stack.sasrec("evaluate", "--checkpoint", checkpoint.stem)


if __name__ == "__main__":
    unittest.main()
