"""The edge of the real program: who is answered, through what, and how it behaves as a
daemon. What a raw socket can do to one listener is in tests/actors/http_edge_test.c."""
import http.client
import pathlib
import re
import resource
import signal
import socket
import subprocess
import threading
import unittest
from urllib.parse import urljoin

from nginx import Nginx
from stack import BUILD, Stack, wait_for

USERS = """
insert into interactions (user_id, item_id)
    select 'user_' || u, 1 from generate_series(1, 10050) u;
insert into interactions (user_id, item_id) values ('ä b&c', 2);
"""
NAMED = {"SASREC_TRUSTED_PROXIES": "127.0.0.1"}


def all_users(stack, url):
    """Everything that Link: rel="next" leads to; (users, pages)."""
    users, pages = [], 0
    while url:
        status, page, headers = stack.get(url)
        assert status == 200, page
        users, pages = users + page, pages + 1
        link = re.fullmatch(r'<(.*)>; rel="next"', headers["Link"] or "")
        url = link and urljoin(url, link[1])
    return users, pages


class Reads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))
        cls.stack.sql(None, script=USERS)
        cls.stack.serve(ready=False, **NAMED)

    def test_all_users_up_to_ten_thousand_and_a_link_beyond(self):
        users, pages = all_users(self.stack, "/users")
        self.assertEqual(pages, 2)
        self.assertEqual(len(users), 10051)
        self.assertEqual(len(set(users)), 10051)
        self.assertEqual(self.stack.get("/users")[2]["Link"],
                         '<?after=user_10000&limit=10000>; rel="next"')

    def test_probe_tells_what_is_away(self):
        done = self.stack.sasrec("probe", check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("not ready", done.stderr)
        self.assertIn("[-]model", done.stderr)
        self.assertEqual(self.stack.sasrec("probe", "--live").returncode, 0)

    def test_links_keep_what_was_asked(self):
        users, pages = all_users(self.stack, "/users?prefix=user_100&limit=7")
        self.assertEqual(len(users), 1 + 10 + 51)  # user_100, user_1000-9, user_10000-50
        self.assertEqual(pages, 9)
        users, _ = all_users(self.stack, "/users?prefix=%C3%A4&limit=1")
        self.assertEqual(users, ["ä b&c"])

    def test_ten_readers_of_all_users_do_not_starve_the_others(self):
        stop = threading.Event()
        statuses = []

        def read():
            while not stop.is_set():
                statuses.append(self.stack.get("/users?prefix=user_1")[0])
        readers = [threading.Thread(target=read) for _ in range(10)]
        for reader in readers:
            reader.start()
        unknown = "/result/01900000-0000-7000-8000-000000000000"
        results = [self.stack.status(unknown) for _ in range(50)]
        stop.set()
        for reader in readers:
            reader.join()
        self.assertEqual(set(results), {404})
        self.assertLessEqual(set(statuses), {200, 503})
        self.assertIn(200, statuses)

    def test_full_listeners_silence_neither_the_probes_nor_the_database(self):
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        idle = []
        log = self.stack.folder / "serve.log"
        refusing = 'http.refusing listener=api limit="in all"'
        try:
            for port in (self.stack.port, self.stack.ui_port) * 550:
                idle.append(socket.create_connection(("127.0.0.1", port), timeout=5))
            self.assertEqual(self.stack.get("/livez", port=self.stack.admin_port)[0], 200)
            _, text, _ = self.stack.get("/readyz?verbose", port=self.stack.admin_port)
            self.assertIn("[+]postgres ok", text.decode())
            wait_for("the log says so", 60, lambda: refusing in log.read_text())
        finally:
            for connection in idle:
                connection.close()
        wait_for("the clients are served again", 60,
                 lambda: self.stack.status("/livez") == 200)
        self.assertEqual(log.read_text().count("http.refusing listener=api"), 1)

    def test_a_prefix_behind_nginx(self):
        with Nginx([self.stack.port]) as nginx:
            def get(path, headers=None):
                return self.stack.get(path, headers, port=nginx.port)
            self.assertEqual(get("/rec/livez")[0], 200)
            status, page, _ = get("/rec/")
            self.assertEqual(status, 200)
            self.assertIn(b"<html", page)
            self.assertEqual(get("/rec/openapi.json")[1]["servers"], [{"url": "./"}])
            _, first, headers = get("/rec/users?limit=10")
            following = urljoin(nginx.url + "users", headers["Link"][1:].split(">")[0])
            _, second, _ = get(following[len(f"http://127.0.0.1:{nginx.port}"):])
            self.assertEqual([len(first), second[0]], [10, "user_11"])
            self.assertEqual(get("/rec/users", {"Host": "evil.example"})[0], 421)
            origin = {"Origin": f"http://127.0.0.1:{nginx.port}"}
            status, _, _ = self.stack.request("POST", "/rec/recommend", "{}", origin,
                                              port=nginx.port)
            self.assertEqual(status, 422)  # it came as far as the fields
            origin["Origin"] = "http://evil.example"
            status, _, _ = self.stack.request("POST", "/rec/recommend", "{}", origin,
                                              port=nginx.port)
            self.assertEqual(status, 403)


class Daemon(unittest.TestCase):
    """Without a database: alive, not ready."""

    def setUp(self):
        self.stack = Stack()
        self.addCleanup(self.stack.__exit__)
        self.env = self.stack.env | {"PGPORT": "1"}

    def start(self, *arguments, **more):
        process = subprocess.Popen(
            [BUILD / "sasrec", "serve", *arguments], cwd=self.stack.folder,
            start_new_session=True, **({"env": self.env} | more))
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.kill)
        return process

    def wait_alive(self, process):
        def alive():
            self.assertIsNone(process.poll(), "it ended early")
            return self.stack.status("/livez") == 200
        wait_for("/livez answers", 60, alive)

    def test_systemd_is_told_and_a_hangup_opens_the_log_anew(self):
        path = str(self.stack.folder / "notify")
        systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        systemd.bind(path)
        self.addCleanup(systemd.close)
        systemd.settimeout(15)
        log = self.stack.folder / "log"
        process = self.start(env=self.env | {"NOTIFY_SOCKET": path, "LOG_FILE": str(log)})
        self.assertEqual(systemd.recv(100), b"READY=1")
        self.assertEqual(self.stack.status("/livez"), 200)
        log.rename(self.stack.folder / "log.1")
        process.send_signal(signal.SIGHUP)
        self.assertRegex(systemd.recv(100), rb"RELOADING=1\nMONOTONIC_USEC=\d+")
        self.assertEqual(systemd.recv(100), b"READY=1")
        self.assertIn("topology.reloaded", log.read_text())
        self.assertEqual(self.stack.status("/livez"), 200)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(systemd.recv(100), b"STOPPING=1")
        self.assertEqual(process.wait(10), 0)

    def test_a_log_nobody_reads_stops_nothing(self):
        process = self.start(env=self.env | {"LOG_LEVEL": "debug"}, stderr=subprocess.PIPE,
                             stdout=subprocess.DEVNULL)
        self.wait_alive(process)
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=20)
        for _ in range(1000):  # some 200 bytes of log each; a pipe holds 64 KiB
            connection.request("GET", "/livez")
            connection.getresponse().read()
        connection.close()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)
        process.stderr.close()

    def test_too_few_open_files_are_said(self):
        done = subprocess.run(["sh", "-c", 'ulimit -n 64; exec "$0" serve', BUILD / "sasrec"],
                              env=self.env, cwd=self.stack.folder, capture_output=True,
                              text=True, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("64 open files are too few", done.stderr.splitlines()[-1])

    def test_few_open_files_are_fewer_connections(self):
        process = subprocess.Popen(
            ["sh", "-c", 'ulimit -n 400; exec "$0" serve', BUILD / "sasrec"], env=self.env,
            cwd=self.stack.folder, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.terminate)
        self.assertIn("topology.fewer_connections configured=512", process.stderr.readline())
        self.wait_alive(process)

    @unittest.skipUnless(pathlib.Path("/proc/net/if_inet6").exists() and
                         pathlib.Path("/proc/net/if_inet6").read_text(), "no IPv6 here")
    def test_two_colons_are_every_address(self):
        process = self.start("--bind", "::")
        self.wait_alive(process)
        for address in "127.0.0.1", "::1":
            connection = http.client.HTTPConnection(address, self.stack.port, timeout=10)
            connection.request("GET", "/livez")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()


if __name__ == "__main__":
    unittest.main()
