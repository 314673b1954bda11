"""The images that tests/container/run built, used: what is in them, and the whole way from an
empty database to an answer, each command as the image's user on a root that cannot be written."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from stack import Stack, free_port, wait_for  # noqa: E402

VERSION = re.search(r"project\(sasrec VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
MB = 1000 * 1000


def output(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


class Image:
    """One image, laid out in a folder."""

    def __init__(self, name):
        self.container = output("buildah", "from", "--pull-never", f"localhost/{name}:{VERSION}")
        self.root = pathlib.Path(output("buildah", "mount", self.container))
        image = json.loads(output("buildah", "inspect", "--type", "image",
                                  f"localhost/{name}:{VERSION}"))
        self.config = image["Docker"]["config"]
        self.user = self.config["User"].split(":")[0]

    def remove(self):
        subprocess.run(["buildah", "rm", self.container], check=True, stdout=subprocess.DEVNULL)

    def command(self, *arguments, env=(), folders=(), entrypoint=True):
        """The command line that runs arguments in it."""
        settings = self.config["Env"] + [f"{k}={v}" for k, v in dict(env).items()]
        return [ROOT / "tests/container/in-root", self.root, self.user,
                *(f"{folder}:{place}" for folder, place in dict(folders).items()), "--",
                *settings, *(self.config["Entrypoint"] if entrypoint else ()), *arguments]

    def files(self):
        """[(path, status)] of all but what the mounts of a running one need."""
        found = []
        for folder, folders, names in os.walk(self.root):
            if folder == str(self.root):
                folders[:] = sorted(set(folders) - {"dev", "proc", "run"})
            found += [(pathlib.Path(folder, name).relative_to(self.root),
                       pathlib.Path(folder, name).lstat()) for name in names]
        return found

    def size(self):
        return sum({s.st_ino: s.st_size for _, s in self.files()}.values())


class InImage(unittest.TestCase):
    name = "sasrec"

    @classmethod
    def setUpClass(cls):
        cls.image = Image(cls.name)
        cls.addClassCleanup(cls.image.remove)


class Content(InImage):
    def test_size(self):
        size = self.image.size()
        packed = int(output("sh", "-c", f"tar -C {self.image.root} -c . | gzip | wc -c"))
        print(f"\n    sasrec:{VERSION}: {size / MB:.1f} MB, {packed / MB:.1f} MB packed",
              file=sys.stderr)
        self.assertLess(size, 80 * MB)

    def test_only_the_program_can_be_run(self):
        programs = [str(path) for path, status in self.image.files()
                    if status.st_mode & 0o111 and not path.is_symlink()
                    and re.match(r"usr/s?bin/", str(path))]
        self.assertEqual(programs, ["usr/bin/sasrec"])

    def test_its_user_owns_nothing_but_its_data(self):
        own = [path for path, status in self.image.files()
               if status.st_uid != 0 or status.st_mode & 0o6022 and not
               (self.image.root / path).is_symlink()]
        self.assertEqual(own, [])
        data = self.image.root / "var/lib/sasrec/checkpoints"
        self.assertEqual(data.stat().st_uid, int(self.image.user))

    def test_configuration(self):
        self.assertEqual(self.image.config["User"], "65532:65532")
        self.assertEqual(self.image.config["Entrypoint"], ["/usr/bin/sasrec"])
        self.assertEqual(self.image.config["Cmd"], ["serve"])
        self.assertEqual(self.image.config["Healthcheck"]["Test"],
                         ["CMD", "/usr/bin/sasrec", "probe"])
        self.assertIn("/var/lib/sasrec/checkpoints", self.image.config["Volumes"])

    def test_certificates_and_time_zones_are_there(self):
        bundle = (self.image.root / "etc/ssl/certs/ca-certificates.crt").read_text()
        self.assertGreater(bundle.count("BEGIN CERTIFICATE"), 50)
        self.assertEqual(os.readlink(self.image.root / "usr/lib/ssl/cert.pem"),
                         "/etc/ssl/certs/ca-certificates.crt")
        self.assertTrue((self.image.root / "usr/share/zoneinfo/Europe/Berlin").exists())

    def test_the_list_of_parts_names_every_library_with_its_licence(self):
        doc = self.image.root / "usr/share/doc"
        parts = json.loads((doc / "sasrec/sasrec.spdx.json").read_text())["packages"]
        packages = [part["name"] for part in parts
                    if part["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/")]
        self.assertGreater(len(packages), 20)
        for package in packages:
            self.assertGreater((doc / package / "copyright.gz").stat().st_size, 100, package)
        libraries = [path for path, _ in self.image.files() if ".so." in path.name]
        self.assertGreaterEqual(len(libraries), len(packages) - 3)


class Running(InImage):
    """Beside a PostgreSQL of its own, from whose emptiness the image has made a service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack = Stack(trained=False)
        cls.addClassCleanup(cls.stack.__exit__)
        cls.stack.start_postgres()
        cls.data = cls.stack.folder / "volume"
        cls.data.mkdir()
        cls.env = {k: cls.stack.env[k] for k in
                   ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")} | {
            "SASREC_HTTP_PORT": str(cls.stack.port), "SASREC_UI_PORT": str(cls.stack.ui_port),
            "SASREC_ADMIN_PORT": str(cls.stack.admin_port), "SASREC_OPEN": "yes"}
        for command in ("migrate",), ("seed",), ("train", "--epochs", "20", "--publish", "always"):
            cls.run_ok(*command)
        cls.start()

    @classmethod
    def command(cls, *arguments):
        return cls.image.command(*arguments, env=cls.env,
                                 folders={cls.data: "/var/lib/sasrec/checkpoints"})

    @classmethod
    def run_ok(cls, *arguments):
        done = subprocess.run(cls.command(*arguments), text=True, capture_output=True)
        assert done.returncode == 0, (arguments, done.stdout + done.stderr)
        return done.stdout

    @classmethod
    def start(cls):
        begun = time.monotonic()
        with open(cls.stack.folder / "serve.log", "a") as log:
            cls.stack.server = subprocess.Popen(cls.command("serve"), stdout=log, stderr=log)
        wait_for("ready", 30, lambda: cls.stack.status("/readyz") == 200)
        print(f"\n    ready {time.monotonic() - begun:.2f} s after its start", file=sys.stderr)


class Use(Running):
    def test_an_empty_database_became_an_answer(self):
        status, answer, _ = self.stack.post("/predict", {"history": [10, 20, 30]})
        self.assertEqual(status, 202, answer)
        status, result, _ = self.stack.get(f"/result/{answer['request_id']}",
                                           {"Prefer": "wait=10"})
        self.assertEqual((status, result["status"]), (200, "COMPLETED"), result)
        self.assertEqual(len(result["result"]["item_ids"]), 10)
        self.assertEqual(result["result"]["source"], "model")

    def test_the_page_is_served(self):
        status, page, _ = self.stack.get("/", port=self.stack.ui_port)
        self.assertEqual(status, 200)
        self.assertIn(b"<html", page)

    def test_the_health_check_tells_ready_from_away(self):
        check = self.image.config["Healthcheck"]["Test"][1:]
        run = lambda env: subprocess.run(  # noqa: E731
            self.image.command(*check, env=env, entrypoint=False), capture_output=True).returncode
        self.assertEqual(run(self.env), 0)
        self.assertEqual(run(self.env | {"SASREC_ADMIN_PORT": str(free_port())}), 1)

    def test_it_has_no_rights_and_nowhere_to_write(self):
        process = pathlib.Path(f"/proc/{self.stack.server.pid}")
        status = (process / "status").read_text()
        self.assertRegex(status, r"Uid:\s65532\s65532")
        self.assertRegex(status, r"Gid:\s65532\s65532")
        self.assertRegex(status, r"Groups:\s*\n")
        self.assertRegex(status, r"CapEff:\s0+\n")
        self.assertRegex(status, r"NoNewPrivs:\s1")
        for line in (process / "mounts").read_text().splitlines():
            _, place, kind, options, *_ = line.split()
            if place == "/":
                self.assertIn("ro", options.split(","))

    def test_sigterm_stops_it_in_time_and_it_starts_again(self):
        begun = time.monotonic()
        self.assertEqual(self.stack.stop_server(signal.SIGTERM), 0)
        self.assertLess(time.monotonic() - begun, 10)
        self.start()


class Marts(Running):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dbt = Image("sasrec-dbt")
        cls.addClassCleanup(cls.dbt.remove)

    def test_marts_are_made_and_told_of(self):
        """The other image, over the database the first one has filled."""
        folders = {}
        for place in "/run/sasrec", "/var/lib/metrics":
            folder = self.stack.folder / pathlib.Path(place).name
            folder.mkdir()
            self.addCleanup(shutil.rmtree, folder)
            folders[folder] = place
        done = subprocess.run(
            self.dbt.command("/opt/sasrec/ops/dbt", env=self.env | {"SASREC_DBT_REST_S": "0"},
                             folders=folders, entrypoint=False), text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertGreater(int(self.stack.sql("SELECT count(*) FROM dm_daily_stats")), 0)
        self.assertIn("sasrec_dbt_last_run_success 1",
                      (self.stack.folder / "metrics/dbt.prom").read_text())


if __name__ == "__main__":
    unittest.main()
