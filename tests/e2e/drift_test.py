"""Drift as a number: near 0 while people ask as in training, above 0.25 once they ask for
something else."""
import http.client
import json
import math
import random
import re
import unittest

from stack import Stack, wait_for

FEATURES = {"history_length", "unknown_items", "history_popularity", "score",
            "recommended_popularity"}
ENOUGH = 500  # requests in a window that gives a number


class Drift(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack())
        cls.stack.serve()
        cls.version = (cls.stack.folder / "checkpoints/current").read_text().strip()
        rows = cls.stack.sql("select item_id, count(*) from interactions group by 1 "
                             "order by 2, 1").splitlines()
        cls.rare = [int(row.split("|")[0]) for row in rows[:100]]
        rows = cls.stack.sql("select json_agg(item_id order by created_at, id) from "
                             "interactions group by user_id order by user_id").splitlines()
        cls.histories = [json.loads(row) for row in rows]

    def ask(self, histories):
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=30)
        for history in histories:
            connection.request("POST", "/recommend", json.dumps({"history": history}))
            answer = connection.getresponse()
            body = answer.read()
            self.assertEqual(answer.status, 200, body)
        connection.close()

    def metrics(self):
        return self.stack.get("/metrics")[1].decode()

    def requests(self):
        found = re.search(r'^sasrec_drift_window_requests\{model_version="(.*)"\} (\S+)$',
                          self.metrics(), re.M)
        self.assertEqual(found[1], self.version)
        return int(found[2])

    def index(self):
        series = re.findall(r'^sasrec_drift_psi\{feature="(\w+)",model_version="(.*)"\} (\S+)$',
                            self.metrics(), re.M)
        self.assertLessEqual({version for _, version, _ in series}, {self.version})
        return {feature: float(value) for feature, _, value in series}

    def score_bounds(self):
        return re.findall(r'^worker_prediction_score_bucket\{le="(.*)"\}', self.metrics(),
                          re.M)

    def test_it_is_near_zero_as_in_training_and_large_when_all_is_different(self):
        wait_for("the model is named", 60,
                 lambda: "sasrec_drift_window_requests{" in self.metrics())
        self.assertEqual(self.requests(), 0)
        self.assertTrue(all(map(math.isnan, self.index().values())), self.index())
        draw = random.Random(1)
        asked = draw.choices(self.histories, k=ENOUGH + 100)
        self.ask(asked)
        wait_for("all are counted", 60, lambda: self.requests() == len(asked))
        usual = self.index()
        self.assertEqual(set(usual), FEATURES)
        self.assertLess(max(usual.values()), 0.05, usual)

        other = [[draw.choice(self.rare), 10**6 + i] for i in range(3 * len(asked))]
        self.ask(other)
        wait_for("all are counted", 60,
                 lambda: self.requests() == len(asked) + len(other))
        self.assertGreater(min(self.index().values()), 0.25, self.index())

    def test_the_buckets_of_scores_are_those_of_the_model(self):
        self.ask(self.histories[:1])
        metadata = self.metadata()
        bounds = json.loads(metadata["reference"])["scores"]["bounds"]
        self.assertEqual([float(bound) for bound in self.score_bounds()],
                         bounds + [float("inf")])
        inside = json.loads(metadata["reference"])["scores"]["counts"][1:-1]
        self.assertGreater(sum(inside), 980, "of 1,000 scores of 100 users")

    def metadata(self):
        with open(self.stack.folder / f"checkpoints/{self.version}.safetensors", "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            return json.loads(file.read(length))["__metadata__"]


if __name__ == "__main__":
    unittest.main()
