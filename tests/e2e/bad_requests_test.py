"""Bad requests: each gets its 4xx and a problem that says what is wrong, nothing is
written, the server stays up and does not grow. Slow and endless ones are cut off."""
import json
import pathlib
import re
import socket
import threading
import time
import unittest

from stack import Stack

LIMIT = 256 * 1024
CUT_OFF_S = 10
UNKNOWN = "/result/00000000-0000-7000-8000-000000000000"
ALLOW_POST, ALLOW_GET = "POST, OPTIONS", "GET, HEAD, OPTIONS"
LINE = "line"  # the problem must have line and column


def field(**fields):
    return json.dumps({"history": [10, 20, 30]} | fields)


def items(text):
    return '{"history":[%s]}' % text


# Texts that are no JSON object: 400. Where the text is JSON but no object: no line.
TEXTS = [
    ("empty", b"", LINE),
    ("blank", b" \n ", LINE),
    ("open brace", b"{", LINE),
    ("cut in an array", b'{"history":[1,2,', LINE),
    ("cut in a string", b'{"history":[1],"user_id":"a', LINE),
    ("comma before the end", b'{"history":[1,]}', LINE),
    ("no comma", b'{"history":[1 2]}', LINE),
    ("single quotes", b"{'history':[1]}", LINE),
    ("bare key", b"{history:[1]}", LINE),
    ("rubbish behind", b'{"history":[1]} x', LINE),
    ("two objects", b'{"history":[1]}{"history":[1]}', LINE),
    ("comment", b'{"history":[1] /* all */}', LINE),
    ("leading zero", items("01"), LINE),
    ("plus sign", items("+1"), LINE),
    ("leading point", items(".5"), LINE),
    ("hexadecimal", items("0x10"), LINE),
    ("NaN", items("NaN"), LINE),
    ("Infinity", items("Infinity"), LINE),
    ("-Infinity", items("-Infinity"), LINE),
    ("half a word", b'{"history":[1],"include_seen":tru}', LINE),
    ("history twice", b'{"history":[1],"history":[2]}', LINE),
    ("k twice", b'{"history":[1],"k":1,"k":2}', LINE),
    ("9 levels", items("[" * 7 + "]" * 7), LINE),
    ("100,000 arrays", b"[" * 100_000, LINE),
    ("objects without end", b'{"a":' * 40_000, LINE),
    ("depth behind a string", b'{"a":"]]]]","b":' + b"[" * 1000, LINE),
    ("invalid UTF-8", b'{"history":[1],"user_id":"\xff\xfe"}', LINE),
    ("overlong UTF-8", b'{"history":[1],"user_id":"\xc0\x80"}', LINE),
    ("cut UTF-8", b'{"history":[1],"user_id":"\xe2\x82"}', LINE),
    ("lone surrogate", rb'{"history":[1],"user_id":"\ud800"}', LINE),
    ("raw NUL", b'{"history":[1],"user_id":"a\0b"}', LINE),
    ("raw line break in a string", b'{"history":[1],"user_id":"a\nb"}', LINE),
    ("NUL behind", b'{"history":[1]}\0', LINE),
    ("byte order mark", b'\xef\xbb\xbf{"history":[1]}', LINE),
    ("UTF-16", '{"history":[1]}'.encode("utf-16"), LINE),
    ("a form", b"history=1&k=10", LINE),
    ("an array", b"[10,20,30]", None),
    ("a number", b"10", None),
    ("a string", b'"history"', None),
    ("null", b"null", None),
]

# Fields of the wrong type or out of range: 422 with the pointer.
FIELDS = [
    ("no history", "{}", "/history"),
    ("history misspelt", '{"histroy":[1]}', "/history"),
    ("anon has no stored history", '{"user_id":"anon"}', "/history"),
    ("append for nobody", field(append=True), "/append"),
    ("append is a string", field(user_id="u", append="yes"), "/append"),
    ("only k", '{"k":10}', "/history"),
    ("history is null", '{"history":null}', "/history"),
    ("history is a string", '{"history":"10,20"}', "/history"),
    ("history is a number", '{"history":10}', "/history"),
    ("history is an object", '{"history":{"0":10}}', "/history"),
    ("item is true", items("10,true"), "/history/1"),
    ("item is null", items("10,20,null"), "/history/2"),
    ("item is no key", items('""'), "/history/0"),
    ("item has a control character", items(r'"a\nb"'), "/history/0"),
    ("item is a key of 129 bytes", items(f'10,"{"k" * 129}"'), "/history/1"),
    ("item is an array", items("[10]"), "/history/0"),
    ("item is 1.5", items("1.5"), "/history/0"),
    ("item is 1e-3", items("1e-3"), "/history/0"),
    ("item is -1", items("-1"), "/history/0"),
    ("item is -1.0", items("-1.0"), "/history/0"),
    ("item is 2^53", items(str(2**53)), "/history/0"),
    ("item is 2^53 + 1", items(str(2**53 + 1)), "/history/0"),
    ("item is 2^63", items(str(2**63)), "/history/0"),
    ("item is -2^63-1", items(str(-2**63 - 1)), "/history/0"),
    ("item of 100 digits", items("9" * 100), "/history/0"),
    ("item of 400 digits", items("9" * 400), "/history/0"),
    ("item is 1e400", items("10,1e400"), "/history/1"),
    ("min_score is -1e400", '{"history":[1],"min_score":-1e400}', "/min_score"),
    ("user is 1e400", '{"history":[1],"user_id":1e400}', "/user_id"),
    ("item is 2^63 - 1", items(str(2**63 - 1)), "/history/0"),
    ("item is -2^63", items(str(-2**63)), "/history/0"),
    ("10,001 items", items(",".join(["1"] * 10001)), "/history"),
    ("k is 0", field(k=0), "/k"),
    ("k is -1", field(k=-1), "/k"),
    ("k is 1001", field(k=1001), "/k"),
    ("k is 2^63 - 1", field(k=2**63 - 1), "/k"),
    ("k is 2^63", field(k=2**63), "/k"),
    ("k is 1.5", field(k=1.5), "/k"),
    ("k is a string", field(k="10"), "/k"),
    ("k is true", field(k=True), "/k"),
    ("k is an array", field(k=[10]), "/k"),
    ("user is empty", field(user_id=""), "/user_id"),
    ("user of 129 bytes", field(user_id="u" * 129), "/user_id"),
    ("user of 65 letters, 130 bytes", field(user_id="é" * 65), "/user_id"),
    ("user with a line break", field(user_id="a\nb"), "/user_id"),
    ("user with U+0001", field(user_id="\x01"), "/user_id"),
    ("user with DEL", field(user_id="a\x7f"), "/user_id"),
    ("user with U+0000", field(user_id="a\0b"), "/user_id"),
    ("user is a number", field(user_id=7), "/user_id"),
    ("user is an object", field(user_id={}), "/user_id"),
    ("include_seen is a string", field(include_seen="yes"), "/include_seen"),
    ("include_seen is 1", field(include_seen=1), "/include_seen"),
    ("seen is another word", field(seen="no"), "/seen"),
    ("seen is said twice", field(seen="only", include_seen=True), "/include_seen"),
    ("exclude is a number", field(exclude=7), "/exclude"),
    ("an excluded item is -1", field(exclude=[1, -1]), "/exclude/1"),
    ("10,001 excluded items", field(exclude=[1] * 10001), "/exclude"),
    ("1,001 allowed items", field(allow=[1] * 1001), "/allow"),
    ("an allowed item is no key", field(allow=[1, ""]), "/allow/1"),
    ("min_score is a string", field(min_score="0"), "/min_score"),
    ("min_score is 1e10", field(min_score=1e10), "/min_score"),
    ("diversity is 2", field(diversity=2), "/diversity"),
    ("diversity is true", field(diversity=True), "/diversity"),
    ("popularity is -0.1", field(popularity=-0.1), "/popularity"),
    ("popularity is an array", field(popularity=[0.5]), "/popularity"),
    ("rules are an object", field(rules={}), "/rules"),
    ("rules have no such name", field(rules="a b"), "/rules"),
    ("there are no such rules", field(rules="nobody-s"), "/rules"),
    ("deadline is 0", field(deadline_s=0), "/deadline_s"),
    ("deadline is 86401", field(deadline_s=86401), "/deadline_s"),
    ("deadline is 1.5", field(deadline_s=1.5), "/deadline_s"),
]

# Parameters of the URL: 422 with the name.
PARAMETERS = [
    ("/users?limit=0", "limit"),
    ("/users?limit=10001", "limit"),
    ("/users?limit=-1", "limit"),
    ("/users?limit=1.5", "limit"),
    ("/users?limit=", "limit"),
    ("/users?limit=99999999999999999999", "limit"),
    ("/users?limit=1&limit=2", "limit"),
    ("/users?prefix=" + "u" * 129, "prefix"),
    ("/users?prefix=%ff", "prefix"),
    ("/users?prefix=%zz", "prefix"),
    ("/users?after=a%00b", "after"),
    ("/users?after=%0a", "after"),
    ("/users/" + "u" * 129 + "/history", "user_id"),
    ("/users/a%0ab/history", "user_id"),
    ("/users/%ff%fe/history", "user_id"),
    ("/users/user_1/history?limit=0", "limit"),
    ("/users/user_1/recommendations?k=0", "k"),
    ("/users/user_1/recommendations?k=1001", "k"),
    ("/users/user_1/recommendations?k=ten", "k"),
    ("/users/user_1/recommendations?history=0", "history"),
    ("/users/user_1/recommendations?history=10001", "history"),
    ("/users/user_1/recommendations?include_seen=perhaps", "include_seen"),
    ("/items?limit=0", "limit"),
    ("/items?ids=", "ids"),
    ("/items?ids=1,,2", "ids"),
    ("/items?ids=a%0Ab", "ids"),
    ("/items?ids=1," + "k" * 129, "ids"),
    ("/items?ids=" + ",".join(["1"] * 1001), "ids"),
    ("/events?request_id=" + "x" * 129, "request_id"),
    ("/events?request_id=%01", "request_id"),
    ("/readyz?verbose=perhaps", "verbose"),
]

PATHS = [  # 404
    "/nothing", "/predict/", "//predict", "/PREDICT", "/users/",
    "/users//history", "/users/user_1/history/", "/users/no%2Fbody/history",
    "/users/%zz/history", "/users/%00/history", "/result/", "/result/1", "/result/%27%20or%201=1",
    UNKNOWN, UNKNOWN[:-1], UNKNOWN + "0", UNKNOWN.replace("7", "x"), "/assets/",
    "/assets/../server.c", "/assets/..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/../../etc/passwd", "/assets/none.js", "/events?request_id=" + UNKNOWN[8:],
]

METHODS = [  # 405
    ("GET", "/predict", ALLOW_POST), ("PUT", "/predict", ALLOW_POST),
    ("DELETE", "/predict", ALLOW_POST), ("BREW", "/predict", ALLOW_POST),
    ("HEAD", "/recommend", ALLOW_POST), ("GET", "/models/reload", ALLOW_POST),
    ("GET", "/users/user_1", "DELETE, OPTIONS"), ("GET", "/interactions", ALLOW_POST),
    ("POST", "/users", ALLOW_GET), ("PATCH", "/users/user_1/history", ALLOW_GET),
    ("DELETE", UNKNOWN, ALLOW_GET), ("POST", "/metrics", ALLOW_GET), ("PUT", "/", ALLOW_GET),
]

ORIGINS = ["https://evil.example", "null", "http://localhost.evil.example", "http://127.0.0.1:1"]

RAW = [  # no HTTP: an error or a closed connection, and nothing worse
    b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
    b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n{}",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"ffffffffffffffff1\r\n{}\r\n0\r\n\r\n",
]


def event(**fields):
    return {"user_id": "u", "item_id": 1} | fields


INTERACTIONS = [  # 422 with the pointers, and nothing is written
    ("no fields", {}, ["/user_id"]),
    ("no item", [event(), {"user_id": "u"}, event(item_id=-1)], ["/1/item_id", "/2/item_id"]),
    ("item is 1.5", event(item_id=1.5), ["/item_id"]),
    ("event id is no UUID", [event(event_id="7")], ["/0/event_id"]),
    ("time without a zone", event(created_at="2026-01-31T06:07:08"), ["/created_at"]),
    ("time that is none", event(created_at="2026-02-30T06:07:08Z"), ["/created_at"]),
    ("no object", [[event()]], ["/0"]),
    ("in lines", "\n".join([json.dumps(event()), "", "7"]), ["/1"]),
    ("many", [event(user_id="")] * 100, [f"/{i}/user_id" for i in range(20)]),
]


class BadRequests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack())
        # A sanitizer keeps what was freed for a while; here memory is watched.
        cls.stack.serve(ASAN_OPTIONS="quarantine_size_mb=1")
        cls.description = cls.stack.get("/openapi.json")[1]

    def setUp(self):
        self.rows = self.count_rows()

    def tearDown(self):
        self.assertEqual(self.stack.status("/livez"), 200)
        self.assertEqual(self.count_rows(), self.rows, "something was written")

    def count_rows(self):
        return self.stack.sql("select (select count(*) from predictions), count(*) from interactions")

    def memory_kib(self):
        status = pathlib.Path(f"/proc/{self.stack.server.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def refused(self, expected, method, path, body=None, headers=None):
        """The problem and the headers of a request that must be refused so."""
        if isinstance(body, str):
            body = body.encode()
        status, problem, answered = self.stack.request(method, path, body, headers)
        self.assertEqual(status, expected, problem)
        self.check_described(method, path, status)
        self.assertEqual(answered["Content-Type"], "application/problem+json")
        self.assertTrue(answered["X-Request-Id"])
        if method != "HEAD":
            self.assertEqual(problem["status"], expected)
            self.assertTrue(problem["type"].startswith("/problems/"), problem)
            self.assertTrue(problem["title"] and problem["detail"], problem)
        return problem, answered

    def check_described(self, method, path, status):
        """openapi.json knows that this route may answer so. Wrong methods and paths that
        lead nowhere are not repeated at each operation."""
        path = path.split("?")[0]
        for template, operations in self.description["paths"].items():
            pattern = re.sub(r"{\w+}", "[^/]+", template)
            operation = operations.get(method.lower())
            if operation and re.fullmatch(pattern, path) and "%zz" not in path:
                self.assertIn(str(status), operation["responses"], (template, method))

    def check_text(self, path, body, named):
        problem, _ = self.refused(400, "POST", path, body)
        self.assertEqual(problem["type"], "/problems/invalid-json")
        if named == LINE:
            self.assertGreaterEqual(min(problem["line"], problem["column"]), 1)

    def check_field(self, path, body, pointer):
        problem, _ = self.refused(422, "POST", path, body)
        self.assertEqual(problem["type"], "/problems/invalid-field")
        self.assertEqual([e["pointer"] for e in problem["errors"]], [pointer])

    def check_parameter(self, path, name):
        problem, _ = self.refused(422, "GET", path)
        self.assertEqual(problem["type"], "/problems/invalid-parameter")
        self.assertEqual([e["parameter"] for e in problem["errors"]], [name])

    def test_texts_that_are_no_json_object(self):
        for name, body, named in TEXTS:
            for path in "/predict", "/recommend":
                with self.subTest(name, path=path):
                    self.check_text(path, body, named)

    def test_bad_fields(self):
        for name, body, pointer in FIELDS:
            for path in "/predict", "/recommend":
                with self.subTest(name, path=path):
                    self.check_field(path, body, pointer)

    def test_bad_interactions(self):
        for name, body, pointers in INTERACTIONS:
            with self.subTest(name):
                body = body if isinstance(body, str) else json.dumps(body)
                problem, _ = self.refused(422, "POST", "/interactions", body)
                self.assertEqual([e["pointer"] for e in problem["errors"]], pointers)

    def test_interactions_that_are_no_json(self):
        for name, body, line in (("empty", "", 1), ("half an array", "[{}", 1),
                                 ("a bad line", '{"a":1}\n{"b":}\n', 2)):
            with self.subTest(name):
                problem, _ = self.refused(400, "POST", "/interactions", body)
                self.assertEqual(problem["line"], line)

    def test_bad_parameters(self):
        for path, name in PARAMETERS:
            with self.subTest(path[:60]):
                self.check_parameter(path, name)

    def test_unknown_paths(self):
        for path in PATHS:
            with self.subTest(path):
                self.refused(404, "GET", path)

    def test_wrong_methods(self):
        for method, path, allow in METHODS:
            with self.subTest(f"{method} {path}"):
                _, headers = self.refused(405, method, path)
                self.assertEqual(headers["Allow"], allow)

    def test_foreign_origins(self):
        for origin in ORIGINS:
            for path in "/predict", "/recommend", "/interactions", "/models/reload":
                with self.subTest(origin, path=path):
                    self.refused(403, "POST", path, field(), {"Origin": origin})

    def test_bodies_past_the_limit(self):
        for size in LIMIT + 1, 1 << 20, 8 << 20:
            with self.subTest(size):
                body = field().encode().ljust(size)
                self.refused(413, "POST", "/predict", body)

    def test_bodies_in_chunks(self):
        for name, chunk, count, statuses in (
                ("past the limit", b"400\r\n" + b" " * 1024 + b"\r\n", 300, (b"413",)),
                # a sanitized build takes too long for so many, and says so
                ("tiny", b"1\r\n[\r\n", 100_000, (b"400", b"408"))):
            with self.subTest(name), \
                    socket.create_connection(("127.0.0.1", self.stack.port), timeout=30) as s:
                s.sendall(Slow.POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * count
                          + b"0\r\n\r\n")
                self.assertIn(s.recv(100)[9:12], statuses)

    def test_preferences_that_make_no_sense_are_ignored(self):
        for value in "wait", "wait=", "wait=-1", "wait=ten", "wait=1e9", "wait=\"3\"", "=", ",,;":
            with self.subTest(value):
                started = time.monotonic()
                _, headers = self.refused(404, "GET", UNKNOWN, None, {"Prefer": value})
                self.assertIsNone(headers["Preference-Applied"])
                self.assertLess(time.monotonic() - started, 2.9)

    def test_what_is_no_http(self):
        for data in RAW:
            with self.subTest(data[:40]), \
                    socket.create_connection(("127.0.0.1", self.stack.port), timeout=15) as s:
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    answer = s.recv(100)
                except OSError:
                    answer = b""
                self.assertTrue(answer == b"" or answer[9:10] in b"45", answer)

    def test_memory_does_not_grow(self):
        def storm():
            for _, body, _ in TEXTS + FIELDS:
                self.stack.post("/predict", body if isinstance(body, bytes) else body.encode())
            for path in PATHS:
                self.stack.get(path)
            for _ in range(20):
                self.stack.post("/predict", b" " * (LIMIT + 1))
        def grown():
            before = self.memory_kib()
            for _ in range(5):
                storm()
            return self.memory_kib() - before
        # An allocator settles; what leaks grows every time.
        rounds = []
        while not rounds or rounds[-1] > 512:
            self.assertLess(len(rounds), 5, f"KiB in each round: {rounds}")
            rounds.append(grown())

    def test_slow_and_endless_clients_are_cut_off(self):
        clients = [Slow(self.stack.port, *case) for case in Slow.CASES]
        for client in clients:
            client.start()
        while any(client.is_alive() for client in clients):  # others are served meanwhile
            started = time.monotonic()
            self.assertEqual(self.stack.status("/livez"), 200)
            self.assertLess(time.monotonic() - started, 5)
            time.sleep(0.2)
        for client in clients:
            with self.subTest(client.name):
                self.assertLess(client.lasted_s, CUT_OFF_S)
                self.assertGreater(client.lasted_s, 1)


class Slow(threading.Thread):
    """A client that never finishes its request: how long the server puts up with it."""

    POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
    KEPT = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    CASES = [  # name, sent at once, then sent again and again, every so many seconds
        ("silent", b"", b"", 0.5),
        ("slow request line", b"", b"G", 0.5),
        ("slow headers", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n", 0.5),
        ("slow body", POST + b"Content-Length: 1000\r\n\r\n", b" ", 0.5),
        ("slow chunks", POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.5),
        ("body that stops", POST + b"Content-Length: 1000\r\n\r\n{", b"", 0.5),
        ("endless body", POST + b"Content-Length: 1000000000000\r\n\r\n", b" " * 65536, 0.01),
        ("endless chunks", POST + b"Transfer-Encoding: chunked\r\n\r\n",
         b"8000\r\n" + b" " * 0x8000 + b"\r\n", 0.01),
        ("endless headers", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X: " + b"y" * 100 + b"\r\n", 0.5),
        ("slow second request line", KEPT, b"G", 0.5),
        ("slow second headers", KEPT + b"GET / HTTP/1.1\r\n", b"X: y\r\n", 0.5),
        ("slow second body", KEPT + POST + b"Content-Length: 1000\r\n\r\n", b" ", 0.5),
    ]

    def __init__(self, port, name, first, then, every_s):
        super().__init__(name=name, daemon=True)
        self.port, self.first, self.then, self.every_s = port, first, then, every_s
        self.lasted_s = float("inf")

    def run(self):
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as s:
            try:
                s.sendall(self.first)
                while time.monotonic() - started < 2 * CUT_OFF_S:
                    s.sendall(self.then)
                    s.settimeout(self.every_s)
                    try:
                        if s.recv(4096) == b"":
                            break
                    except TimeoutError:
                        pass
                    s.settimeout(20)
                else:
                    return
            except ConnectionError:
                pass
        self.lasted_s = time.monotonic() - started


if __name__ == "__main__":
    unittest.main()
