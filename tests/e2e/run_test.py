"""ops/run itself: the first start reaches a working service, Ctrl-C stops all of it in
order, and the second start is ready in 10 s with its data."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from stack import ROOT, Stack, wait_for


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sasrec-run-"))  # mode 0700
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.client = Stack()  # for its environment and HTTP methods only
        self.addCleanup(shutil.rmtree, self.client.folder, ignore_errors=True)
        self.env = self.client.env | {"SASREC_RUN": str(self.folder / "run")}
        self.env.pop("SASREC_CHECKPOINTS")
        self.env["SASREC_MARTS"] = "off"  # tests/marts

    def start(self, script=ROOT / "ops/run"):
        """Runs ops/run until it is ready; (process, seconds)."""
        began = time.monotonic()
        self.output = self.folder / "output"
        with open(self.output, "w") as output:
            process = subprocess.Popen([script], env=self.env, stdout=output,
                                       stderr=output, start_new_session=True)
        wait_for("ready", 240, lambda: process.poll() is not None or
                 "stop      Ctrl-C" in self.output.read_text())
        if process.poll() is not None:
            self.fail(f"ops/run ended early:\n{self.output.read_text()}")
        self.assertEqual(self.client.status("/readyz"), 200)
        return process, time.monotonic() - began

    def interrupt(self, process):
        """Ctrl-C; what it printed. No process of it may be left."""
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        output = self.output.read_text()
        self.assertLess(time.monotonic() - began, 15)
        self.assertEqual(process.returncode, 0, output)
        marker = f"SASREC_RUN={self.env['SASREC_RUN']}"
        left = [p for p in pathlib.Path("/proc").glob("[0-9]*/environ")
                if self.has(p, marker)]
        self.assertEqual(left, [])
        return output

    @staticmethod
    def has(path, marker):
        try:
            return marker in path.read_text(errors="replace")
        except OSError:
            return False

    def test_somebody_elses_database_is_left_alone(self):
        """POSTGRES_URL is exported, as the README tells people to."""
        with Stack(trained=False) as other:
            url = "postgresql://{PGUSER}:{PGPASSWORD}@{PGHOST}:{PGPORT}/{PGDATABASE}"
            self.env |= {"POSTGRES_URL": url.format(**other.env), "SASREC_SCHEMA": "nowhere"}
            process, _ = self.start()
            output = self.interrupt(process)
            self.assertIn("POSTGRES_URL is set, but is left alone", output)
            self.assertEqual(other.sql("select count(*) from interactions"), "0")

    def test_two_starts(self):
        process, _ = self.start()
        status, answer, _ = self.client.post("/predict", {"history": [10, 20, 30]})
        self.assertEqual(status, 202)
        output = self.interrupt(process)
        self.assertIn(f"http://127.0.0.1:{self.client.port}/", output)

        process, seconds = self.start()
        self.assertLess(seconds, 20)  # 10, and what a busy machine adds
        status, result, _ = self.client.get(f"/result/{answer['request_id']}",
                                            {"Prefer": "wait=10"})
        self.assertEqual((status, result["status"]), (200, "COMPLETED"))
        self.interrupt(process)

    def test_blanks_in_paths_a_proxy_for_the_web_and_every_address(self):
        """The clone is only named so; that it was built under another name is seen, and
        that it is the same folder."""
        place = self.folder / "my clone"
        place.symlink_to(ROOT)
        self.env |= {"SASREC_RUN": str(self.folder / "my run"), "SASREC_BIND": "::", "SASREC_OPEN": "yes",
                     "http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
        process, _ = self.start(place / "ops/run")
        output = self.interrupt(process)
        self.assertIn(f"http://localhost:{self.client.port}/", output)
        self.assertNotIn("building afresh", output)

    def test_a_port_in_use_is_one_clear_line(self):
        with socket.socket() as blocker:
            blocker.bind(("127.0.0.1", self.client.port))
            blocker.listen()
            done = subprocess.run([ROOT / "ops/run"], env=self.env, text=True,
                                  capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn(f"port {self.client.port} is in use", done.stderr)
        self.assertIn("SASREC_HTTP_PORT=", done.stderr)

    def test_a_taken_port_of_a_role_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = subprocess.run(
                [ROOT / "ops/run", "full"], text=True, capture_output=True,
                env=self.env | {"SASREC_WORKER_2_PORT": str(port)})
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"port {port} is in use", done.stderr)
        self.assertIn("SASREC_WORKER_2_PORT=", done.stderr)


if __name__ == "__main__":
    unittest.main()
