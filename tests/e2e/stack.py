"""A whole sasrec of its own for one test: a private PostgreSQL (ops/postgres), a seeded
and trained model, the real program. Everything lives in a temporary folder and on free
ports, and is gone afterwards.

    with Stack() as stack:
        stack.serve()
        status, body, headers = stack.post("/predict", {"history": [10, 20, 30]})
"""
import http.client
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SASREC_BUILD", ROOT / "build/release"))


_ports = itertools.count(os.getpid() * 31)


def _bindable(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(count=1):
    """The first of so many free ports in a row; others at each call. Not of the kernel's
    choice: tests/actors/free_port.h says why."""
    for start in _ports:
        port = 10000 + start * 2 % 20000
        if all(_bindable(port + i) for i in range(count)):
            return port


def wait_for(what, seconds, ask):
    """ask() until it is true; its value. Fails with what after the seconds: 60, which is no
    claim but what a busy machine may need, unless it is about how long something takes."""
    end = time.monotonic() + seconds
    while True:
        value = ask()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


class Stack:
    def __init__(self, trained=True):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sasrec-e2e-"))
        self.trained = trained
        self.port, self.ui_port, self.admin_port = free_port(), free_port(), free_port()
        self.postgres = self.server = None
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("PG", "SASREC_", "POSTGRES_"))}
        self.env |= {
            "SASREC_RUN": str(self.folder), "SASREC_PGPORT": str(free_port()),
            "SASREC_BUILD": str(BUILD), "SASREC_HTTP_PORT": str(self.port),
            "SASREC_UI_PORT": str(self.ui_port), "LOG_FORMAT": "text",
            "SASREC_ADMIN_PORT": str(self.admin_port), "SASREC_CONFIG": "/dev/null",
            "SASREC_CHECKPOINTS": str(self.folder / "checkpoints"),
        }

    def __enter__(self):
        try:
            self.start_postgres()
            self.sasrec("migrate")
            if self.trained:
                self.sasrec("seed")
                # How good the model is matters elsewhere (cli_test.py, run_test.py).
                self.sasrec("train", "--epochs", "20", "--publish", "always", "--out",
                            str(self.folder / "checkpoints"))
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind=None, *_):
        self.stop_server(signal.SIGTERM)
        if self.postgres:
            self.stop_postgres(signal.SIGQUIT)
        if kind:
            for name in ("serve.log", "postgres.log"):
                path = self.folder / name
                if path.exists():
                    print(f"--- end of {name}:", *path.read_text().splitlines()[-40:],
                          sep="\n", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    # PostgreSQL

    def start_postgres(self):
        self._spawn_postgres()
        wait_for("PostgreSQL answers", 60, self._postgres_answers)

    def _spawn_postgres(self):
        with open(self.folder / "postgres.log", "a") as log:
            self.postgres = subprocess.Popen([ROOT / "ops/postgres"], env=self.env,
                                             stdout=log, stderr=log)

    def _postgres_answers(self):
        if self.postgres.poll() is not None:  # a killed one's children hold its lock a while
            time.sleep(0.1)
            self._spawn_postgres()
        env_file = self.folder / "env"
        if not env_file.exists():
            return False
        for line in env_file.read_text().splitlines():
            key, _, value = line.partition("=")
            self.env[key] = value
        self.env["SASREC_PGPORT"] = self.env["PGPORT"]
        return subprocess.run(["psql", "-qAt", "-d", "postgres", "-c", "select 1"],
                              env=self.env, capture_output=True).returncode == 0

    def stop_postgres(self, how=signal.SIGINT):
        self.postgres.send_signal(how)
        self.postgres.wait(60)

    def sql(self, query, script=None):
        """The output of a query, or of a psql script."""
        ask = ["-f", "-"] if script else ["-c", query]
        done = subprocess.run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", *ask], env=self.env,
                              input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # The program

    def sasrec(self, *arguments, check=True):
        done = subprocess.run([BUILD / "sasrec", *arguments], env=self.env,
                              cwd=self.folder, capture_output=True, text=True)
        assert not check or done.returncode == 0, \
            f"sasrec {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def serve(self, ready=True, **env):
        with open(self.folder / "serve.log", "a") as log:
            self.server = subprocess.Popen([BUILD / "sasrec", "serve", "--role", "all"],
                                           env=self.env | env, cwd=self.folder,
                                           stdout=log, stderr=log)
        path = "/readyz" if ready else "/livez"
        wait_for(f"{path} answers 200", 60, lambda: self.status(path) == 200)

    def stop_server(self, how=signal.SIGTERM):
        """Signals the server and waits; its exit status (None: there was none)."""
        if self.server and self.server.poll() is None:
            self.server.send_signal(how)
            self.server.wait(60)
        return self.server and self.server.returncode

    def load(self, *arguments, ledger=None):
        """Starts the load client; its JSON line is read by load_report()."""
        command = [BUILD / "tests/sasrec-load", "--port", str(self.port), *arguments]
        if ledger:
            command += ["--ledger", str(ledger)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    @staticmethod
    def load_report(process):
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return json.loads(out)

    def unfinished(self, ids):
        """How many of these request ids have no row, or one that is not COMPLETED."""
        path = self.folder / "ids"
        path.write_text("".join(f"{i}\n" for i in ids))
        return int(self.sql(None, script=(
            "create temp table ids (id uuid);\n"
            f"\\copy ids from '{path}'\n"
            "select count(*) from ids left join predictions on request_id = id "
            "where status is distinct from 'COMPLETED';\n")))

    # HTTP

    def request(self, method, path, body=None, headers=None, port=None, timeout=40):
        """(status, body, headers); the body is parsed when it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port,
                                                timeout=timeout)
        try:
            if isinstance(body, (dict, list)):  # others are sent as they are, in chunks
                body = json.dumps(body)
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            data = answer.read()
            if "json" in answer.headers.get("Content-Type", "") and data:
                data = json.loads(data)
            return answer.status, data, answer.headers
        finally:
            connection.close()

    def get(self, path, headers=None, **more):
        return self.request("GET", path, None, headers, **more)

    def post(self, path, body, headers=None, **more):
        return self.request("POST", path, body, headers, **more)

    def status(self, path):
        try:
            return self.get(path, timeout=5)[0]
        except OSError:
            return 0


def accepted(ledger):
    """The request ids that a ledger says were answered 202."""
    rows = (line.split() for line in pathlib.Path(ledger).read_text().splitlines())
    return [row[1] for row in rows if row[0] == "202"]
