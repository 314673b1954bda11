"""When a trained model goes live: each case with the running server watching."""
import json
import pathlib
import signal
import subprocess
import unittest

from stack import BUILD, Stack, wait_for

WATCH_S = 60  # the server looks every 5 s


class Publish(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))
        cls.stack.sasrec("seed")
        cls.first = cls.train()
        assert cls.first["published"], cls.first
        cls.stack.serve()

    @classmethod
    def train(cls, *arguments):
        return json.loads(cls.stack.sasrec("train", "--json", *arguments).stdout)

    def served(self):
        status, answer, _ = self.stack.post("/recommend", {"history": [10, 20, 30]})
        self.assertEqual(status, 200, answer)
        return answer["model_version"]

    def current(self):
        return (self.stack.folder / "checkpoints/current").read_text().strip()

    def assert_stays(self, version, *others):
        """Also when the server is asked to look now."""
        self.stack.post("/models/reload", "")
        self.assertEqual((self.current(), self.served()), (version, version))
        self.assertNotIn(version, others)

    def assert_goes_live(self, version):
        self.assertEqual(self.current(), version)
        wait_for("the server takes it by itself", WATCH_S,
                 lambda: self.served() == version)

    def publish(self, version):
        current = self.stack.folder / "checkpoints/current"
        current.write_text(version + "\n")

    def setUp(self):
        self.publish(self.first["version"])
        wait_for("the first model is back", WATCH_S,
                 lambda: self.stack.post("/models/reload", "")[0] == 200
                 and self.served() == self.first["version"])

    def test_a_run_interrupted_at_once_stays_out(self):
        process = subprocess.Popen(
            [BUILD / "sasrec", "train", "--json", "--seed", "3", "--epochs", "100000"],
            env=self.stack.env, cwd=self.stack.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in process.stderr:  # what it is going to do
            if "data: width" in line:
                break
        process.send_signal(signal.SIGINT)
        out, text = process.communicate(timeout=60)
        if out:  # a step was done: there is a model, and it is no good
            report = json.loads(out)
            self.assertEqual(process.returncode, 0)
            self.assertFalse(report["published"], report)
            self.assertTrue(report["resumable"])
            self.assertIn("--resume", text)
            self.assert_stays(self.first["version"], report["version"])
        else:
            self.assertIn("before anything was learned", text)
            self.assert_stays(self.first["version"])

    def test_a_model_below_the_floors_stays_out(self):
        report = self.train("--epochs", "1")
        self.assertFalse(report["published"], report)
        self.assertIn("does not reach", report["reason"])
        self.assert_stays(self.first["version"], report["version"])

    def test_a_better_one_goes_live(self):
        weak = self.train("--epochs", "2", "--publish", "always")
        self.assertTrue(weak["published"])
        self.assert_goes_live(weak["version"])
        report = self.train()
        self.assertTrue(report["published"], report)
        self.assertIn(weak["version"], report["reason"])
        self.assert_goes_live(report["version"])

    def test_an_equal_one_goes_live(self):
        report = self.train()
        self.assertTrue(report["published"], report)
        self.assertEqual(report["test"], self.first["test"])
        self.assert_goes_live(report["version"])

    def tensors(self, report):
        """The bytes of a checkpoint behind its header, which names times and versions."""
        data = pathlib.Path(report["checkpoint"]).read_bytes()
        return data[8 + int.from_bytes(data[:8], "little"):]

    def test_a_resumed_run_reads_what_it_began_with(self):
        arguments = ("--publish", "never", "--epochs", "30", "--patience", "30")
        whole = self.train(*arguments)
        process = subprocess.Popen(
            [BUILD / "sasrec", "train", "--json", *arguments], env=self.stack.env,
            cwd=self.stack.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        for line in process.stderr:
            if line.startswith("epoch"):
                break
        process.send_signal(signal.SIGINT)
        out, text = process.communicate(timeout=60)
        self.assertTrue(json.loads(out)["resumable"], text)
        self.assertIn("goes on from here", text)
        last = self.stack.sql("select max(id) from interactions")
        self.addCleanup(self.stack.sql, f"delete from interactions where id > {last}")
        self.stack.sql("insert into interactions (user_id, item_id) select "
                       "'user_' || u, u % 50 from generate_series(1, 300) u")
        resumed = self.train("--resume", "--publish", "never")
        self.assertFalse(resumed["resumable"])
        self.assertEqual(resumed["test"], whole["test"])
        self.assertEqual(self.tensors(resumed), self.tensors(whole))
        other = self.train(*arguments)  # a run of its own has the new ones
        self.assertNotEqual(self.tensors(other), self.tensors(whole))

    def test_a_view_with_ids_outside_the_range_is_refused_before_it_is_read(self):
        self.stack.sql("alter table interactions rename to stored; create view interactions "
                       "as select id, user_id, item_id - 5 as item_id, created_at from stored")
        self.addCleanup(self.stack.sql, "drop view interactions; "
                        "alter table stored rename to interactions")
        done = self.stack.sasrec("train", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "the view interactions has item_id -[1-4], user_id ")

    def test_never_is_never(self):
        report = self.train("--publish", "never")
        self.assertFalse(report["published"])
        self.assert_stays(self.first["version"], report["version"])


if __name__ == "__main__":
    unittest.main()
