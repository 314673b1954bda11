"""Keys, end to end: the command makes and revokes them, the running service takes and
refuses them within 5 s, and no secret is found where it must not be."""
import http.client
import json
import pathlib
import re
import signal
import subprocess
import time
import unittest

from stack import Stack, wait_for

PATIENCE_S = 5 + 5  # what is promised, and what a busy machine adds


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(trained=False)
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.__exit__)
        cls.stack.serve(ready=False, LOG_LEVEL="debug", SASREC_AUDIT="all")
        cls.admin = cls.create("keeper", "--scopes", "read,admin")
        wait_for("a key is asked for", PATIENCE_S,
                 lambda: cls.stack.get("/models")[0] == 401)

    @classmethod
    def create(cls, name, *more):
        done = cls.stack.sasrec("keys", "create", "--name", name, *more)
        return done.stdout.strip()

    def await_status(self, expected, path, headers=None):
        wait_for(f"{path} answers {expected}", PATIENCE_S,
                 lambda: self.stack.get(path, headers)[0] == expected)

    def test_a_key_holds_until_it_is_revoked(self):
        key = self.create("shop", "--scopes", "read")
        self.assertRegex(key, r"^sasrec_[a-z0-9]{8}_[a-z0-9]{26}$")
        self.await_status(200, "/models", bearer(key))
        status, body, headers = self.stack.get("/models")
        self.assertEqual((status, body["type"]), (401, "/problems/key-needed"))
        self.assertEqual(headers["WWW-Authenticate"], 'Bearer realm="sasrec"')
        self.assertEqual(self.stack.post("/predict", {"history": [1]}, bearer(key))[0], 403)
        self.stack.sasrec("keys", "revoke", "shop")
        self.await_status(401, "/models", bearer(key))

    def test_the_command_says_what_there_is(self):
        made = json.loads(self.stack.sasrec("keys", "create", "--json", "--name", "listed",
                                            "--scopes", "predict,write", "--rate", "90/m").stdout)
        self.assertEqual(made["key"].split("_")[1], made["prefix"])
        rows = json.loads(self.stack.sasrec("keys", "list", "--json").stdout)["keys"]
        row = next(row for row in rows if row["name"] == "listed")
        self.assertEqual(row["scopes"], ["predict", "write"])
        self.assertEqual((row["rate"], row["prefix"]), ("90/m", made["prefix"]))
        self.assertNotIn("revoked_at", row)
        text = self.stack.sasrec("keys", "list").stdout
        self.assertIn(f"sasrec_{made['prefix']}_...", text)
        self.assertNotIn(made["key"], text + json.dumps(rows))
        again = self.stack.sasrec("keys", "create", "--name", "listed", check=False)
        self.assertEqual((again.returncode, again.stdout), (2, ""))
        self.assertEqual(self.stack.sasrec("keys", "revoke", "nobody", check=False).returncode, 2)

    def test_wrong_usage_is_told(self):
        for words in ((), ("forget",), ("create",), ("revoke",), ("create", "--name", "a b"),
                      ("create", "--name", "a", "--scopes", "all"), ("revoke", self.admin),
                      ("create", "--name", "a", "--rate", "often"), ("list", "more")):
            done = self.stack.sasrec("keys", *words, check=False)
            self.assertEqual(done.returncode, 64, words)
            self.assertNotIn(self.admin, done.stderr)

    def test_a_browser_has_a_session(self):
        key = self.create("browser", "--scopes", "read")
        self.await_status(200, "/models", bearer(key))
        status, body, headers = self.stack.post("/session", "", bearer(key))
        self.assertEqual((status, body["name"], body["scopes"]), (200, "browser", ["read"]))
        cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
        self.assertEqual(self.stack.get("/models", cookie)[0], 200)
        self.assertEqual(self.stack.get("/models", cookie, port=self.stack.ui_port)[0], 200)
        self.stack.sasrec("keys", "revoke", "browser")
        self.await_status(401, "/models", cookie)

    def test_a_revoked_key_loses_its_streams(self):
        key = self.create("listener", "--scopes", "read")
        self.await_status(200, "/models", bearer(key))
        stream = subprocess.Popen(
            ["curl", "-sN", "-H", "@-", f"http://127.0.0.1:{self.stack.port}/events"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stream.stdin.write(f"Authorization: Bearer {key}\n")
        stream.stdin.close()
        self.assertEqual(stream.stdout.readline(), "retry: 2000\n")
        self.stack.sasrec("keys", "revoke", "listener")
        began = time.monotonic()
        stream.stdout.read()
        stream.wait(30)
        stream.stdout.close()
        self.assertLess(time.monotonic() - began, PATIENCE_S)

    def test_who_asked_for_what_is_in_the_log(self):
        self.await_status(200, "/models", bearer(self.admin))
        self.assertEqual(self.stack.request("DELETE", "/users/user_9", None,
                                            bearer(self.admin))[0], 403)
        log = (self.stack.folder / "serve.log").read_text()
        self.assertRegex(log, r"http\.audit method=GET route=/models status=200 .*key=keeper")
        self.assertRegex(log, r"http\.audit method=DELETE route=/users/\{user_id\} status=403 "
                              r".*key=keeper target=user_9")

    def test_a_service_from_its_first_key_on(self):
        """Listening to others it waits for one; those it knows go on without the database."""
        with Stack(trained=False) as stack:
            stack.serve(ready=False, SASREC_BIND="0.0.0.0")
            status, body, _ = stack.get("/models")
            self.assertEqual((status, body["type"]), (401, "/problems/key-needed"))
            ready = stack.get("/readyz?verbose")[1].decode()
            self.assertRegex(ready, r"\[-\]keys failed.*sasrec keys create")
            key = stack.sasrec("keys", "create", "--name", "first").stdout.strip()
            wait_for("the key holds", PATIENCE_S,
                     lambda: stack.get("/models", bearer(key))[0] == 200)
            self.assertIn("[+]keys ok", stack.get("/readyz?verbose")[1].decode())
            stack.stop_server()
            stack.serve(ready=False, SASREC_BIND="0.0.0.0", SASREC_OPEN="yes")
            self.assertEqual(stack.get("/models")[0], 200)
            self.assertIn("topology.open", (stack.folder / "serve.log").read_text())
            stack.stop_server()
            self.known_keys_go_on_without_the_database(stack, key)

    def known_keys_go_on_without_the_database(self, stack, key):
        stack.serve(ready=False)
        self.assertEqual(stack.get("/models", bearer(key))[0], 200)
        stack.stop_postgres(signal.SIGQUIT)
        time.sleep(3)  # more than a look
        self.assertEqual(stack.get("/models", bearer(key))[0], 200)
        self.assertEqual(stack.get("/models")[0], 401)

    def test_a_secret_is_found_nowhere(self):
        """In a log, in the arguments and variables of the process, in an answer, in its memory."""
        canary = self.create("canary", "--scopes", "read")
        wrong = canary[:-1] + ("2" if canary[-1] != "2" else "3")
        self.await_status(200, "/models", bearer(canary))
        answers = []
        for path in ("/models", "/users?limit=x", "/nowhere", "/metrics", "/events?request_id=x"):
            for key in (canary, wrong):
                answers += [self.stack.get(path, bearer(key)),
                            self.stack.post(path, "{", bearer(key)),
                            self.stack.get(path, {"Cookie": f"sasrec_session={key}"}),
                            self.stack.get(path, {"Cookie": f"other={key}; b={key}"})]
        answers += [self.stack.post("/session", "", bearer(key)) for key in (canary, wrong)]
        secrets = [canary.split("_")[2][:20], wrong.split("_")[2][:20]]
        said = " ".join(f"{body} {headers}" for _, body, headers in answers)
        process = pathlib.Path(f"/proc/{self.stack.server.pid}")
        places = {"answers": said.encode(),
                  "log": (self.stack.folder / "serve.log").read_bytes(),
                  "arguments": (process / "cmdline").read_bytes(),
                  "variables": (process / "environ").read_bytes()}
        for name, text in places.items():
            for secret in secrets:
                self.assertNotIn(secret.encode(), text, name)
        marker = "a-marker-that-is-no-secret"
        stream = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=20)
        stream.request("GET", "/events", headers=bearer(canary) | {
            "X-Marker": marker, "Cookie": f"other={canary}"})
        self.assertEqual(stream.getresponse().status, 200)  # in work as long as we look
        self.assertEqual(self.found_in_core([*secrets, marker]), [marker])
        stream.close()

    def found_in_core(self, words):
        """Of what a core dump has: private, writable mappings that are not left out of it (dd)."""
        pid, found = self.stack.server.pid, set()
        smaps = pathlib.Path(f"/proc/{pid}/smaps").read_text()
        mappings = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) .*\n((?:[A-Z].*\n)*)", smaps, re.M)
        self.assertGreater(len(mappings), 50)
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for start, end, rights, rest in mappings:
                flags = re.search(r"^VmFlags: (.*)$", rest, re.M)[1].split()
                if "w" in rights and "dd" not in flags and "Rss:                   0 kB" not in rest:
                    memory.seek(int(start, 16))
                    data = memory.read(int(end, 16) - int(start, 16))
                    found |= {word for word in words if word.encode() in data}
        return sorted(found)


if __name__ == "__main__":
    unittest.main()
