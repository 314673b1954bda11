"""The metric is what the service answers: the HR@10 that `evaluate` reports against the
one counted from up to 1,000 calls of /recommend, on data full of repeats and on seeded
data. SASREC_TRUTH_DATA names more files of pairs (a colon between them)."""
import json
import os
import pathlib
import random
import unittest

from stack import Stack

USERS = 1000
CLOSE = 0.01


def repeats(path):
    """People who mostly take again what they had: the target is a seen item."""
    rng = random.Random(1)
    with open(path, "w") as file:
        for user in range(200):
            known = [rng.randrange(300) for _ in range(5)]
            for _ in range(25):
                if rng.random() < 0.2:
                    known.append(rng.randrange(300))
                file.write(f"u{user} {rng.choice(known)}\n")
    return path


def histories(path):
    users = {}
    for line in pathlib.Path(path).read_text().splitlines():
        user, item = line.split()
        users.setdefault(user, []).append(int(item))
    return {user: items for user, items in users.items() if len(items) >= 3}


class Truth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack())
        cls.stack.serve()

    def count(self, users, **more):
        hits = 0
        for items in users.values():
            status, answer, _ = self.stack.post(
                "/recommend", {"history": items[:-1], "k": 10} | more)
            self.assertEqual(status, 200, answer)
            hits += items[-1] in answer["result"]["item_ids"]
        return hits / len(users)

    def check(self, path, *train):
        """Of a model trained on all of the file; counted and reported for the same users."""
        users = dict(list(histories(path).items())[:USERS])
        part = self.stack.folder / "part.txt"
        part.write_text("".join(f"{user} {item}\n" for user, items in users.items()
                                for item in items))
        self.stack.sasrec("train", "--data", str(path), "--publish", "always", *train)
        status, answer, _ = self.stack.post("/models/reload", "")
        self.assertEqual(status, 200, answer)
        for flags, more in ((), {}), (("--include-seen",), {"include_seen": True}):
            report = json.loads(self.stack.sasrec("evaluate", "--json", "--data",
                                                  str(part), *flags).stdout)
            counted = self.count(users, **more)
            print(f"{path}: {len(users)} users, HR@10 {report['hr@10']:.4f} reported, "
                  f"{counted:.4f} counted {flags}, {report['unreachable']} unreachable")
            self.assertEqual(report["users"], len(users))
            self.assertAlmostEqual(report["hr@10"], counted, delta=CLOSE)
        return report

    def test_repeats(self):
        self.check(repeats(self.stack.folder / "repeats.txt"), "--epochs", "10")

    def test_seeded_data(self):
        path = self.stack.folder / "seeded.txt"
        self.stack.sasrec("export", "--format", "pairs", "--out", str(path))
        self.check(path, "--epochs", "20")

    def test_other_data(self):
        for path in filter(None, os.environ.get("SASREC_TRUTH_DATA", "").split(":")):
            with self.subTest(path):
                self.check(path, "--time-limit", "60")


if __name__ == "__main__":
    unittest.main()
