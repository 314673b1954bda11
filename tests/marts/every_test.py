"""ops/every: at once, again after the period, sooner after a failure, alone, and with all
that it started gone when it is stopped."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def wait_for(what, seconds, ask):
    end = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.05)


class Every(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sasrec-every-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.env = os.environ | {"SASREC_RUN": str(self.folder)}
        self.marks = self.folder / "marks"

    def start(self, period, script, name="job"):
        self.errors = open(self.folder / "errors", "a+")
        process = subprocess.Popen(
            [ROOT / "ops/every", period, name, "bash", "-c", script, "job", self.marks],
            env=self.env, stdout=self.errors, stderr=self.errors)
        self.addCleanup(self.errors.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def count(self):
        return len(self.marks.read_text().splitlines()) if self.marks.exists() else 0

    def said(self):
        return (self.folder / "errors").read_text()

    def test_at_once_and_then_every_period(self):
        began = time.monotonic()
        self.start("1s", "echo >>$1")
        wait_for("three runs", 60, lambda: self.count() >= 3)
        self.assertGreater(time.monotonic() - began, 1.5)

    def test_a_failed_run_is_told_and_tried_again_soon(self):
        self.start("20s", "echo >>$1; exit 3")
        wait_for("the second run", 17, lambda: self.count() >= 2)
        self.assertIn("job failed with status 3; trying again in 3 s", self.said())

    def test_one_of_a_name_runs_at_a_time(self):
        self.start("1h", "echo >>$1; sleep 300")
        wait_for("the first", 60, lambda: self.count() == 1)
        self.start("1h", "echo >>$1")
        wait_for("it says so", 60, lambda: "job runs already" in self.said())
        self.start("1h", "echo >>$1", name="another")
        wait_for("another name", 60, lambda: self.count() == 2)

    def test_what_it_started_ends_with_it(self):
        process = self.start("1h", "sleep 300 & echo $! >>$1; wait")
        wait_for("the run", 60, lambda: self.count() == 1)
        sleeper = int(self.marks.read_text())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        wait_for("the sleeper is gone", 60,
                 lambda: not pathlib.Path(f"/proc/{sleeper}").exists())

    def test_it_ends_whenever_it_is_told(self):
        """Between a run and the pause after it, too, which lasts an hour."""
        for step in range(100):
            process = self.start("1h", "echo >>$1", name=f"job-{step}")
            while self.count() == step:
                time.sleep(0.0005)
            time.sleep(step % 20 / 5000)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)

    def test_nonsense_is_refused(self):
        for period in ("", "1d", "s", "-1s", "0s"):
            done = subprocess.run([ROOT / "ops/every", period, "job", "true"],
                                  env=self.env, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 1, period)


if __name__ == "__main__":
    unittest.main()
