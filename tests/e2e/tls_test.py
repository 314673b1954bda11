"""TLS by the service itself: what it shows, what it refuses, and a certificate that is renewed
while it runs."""
import http.client
import signal
import socket
import ssl
import subprocess
import unittest

from stack import BUILD, Stack, wait_for


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(trained=False)
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.__exit__)
        cls.cert, cls.key = (str(cls.stack.folder / name) for name in ("cert.pem", "key.pem"))
        cls.make("first")
        cls.stack.env |= {"SASREC_TLS_CERT": cls.cert, "SASREC_TLS_KEY": cls.key}

    def setUp(self):
        self.make("first")
        self.start()

    def tearDown(self):
        self.stack.stop_server()

    @classmethod
    def make(cls, name, key=None):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", key or cls.key, "-out", cls.cert], check=True, capture_output=True)

    def start(self, **env):
        with open(self.stack.folder / "serve.log", "a") as log:
            self.stack.server = subprocess.Popen(
                [BUILD / "sasrec", "serve"], env=self.stack.env | env, cwd=self.stack.folder,
                stdout=log, stderr=log)
        wait_for("it listens", 60, self.listens)

    def listens(self):
        """The page's listener is the last to be opened: the probes answer before it does."""
        try:
            socket.create_connection(("127.0.0.1", self.stack.ui_port), timeout=5).close()
            return True
        except OSError:
            return False

    def ask(self, method, path, headers=None, port=None, context=None):
        """By who trusts the certificate that is in the file now."""
        context = context or ssl.create_default_context(cafile=self.cert)
        connection = http.client.HTTPSConnection("127.0.0.1", port or self.stack.port,
                                                 timeout=20, context=context)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def shown(self):
        """The name in the certificate that the service shows."""
        text = ssl.get_server_certificate(("127.0.0.1", self.stack.port))
        done = subprocess.run(["openssl", "x509", "-noout", "-subject"], input=text, text=True,
                              check=True, capture_output=True)
        return done.stdout.split("=")[-1].strip()

    def test_api_and_page_speak_it(self):
        for port in self.stack.port, self.stack.ui_port:
            self.assertEqual(self.ask("GET", "/", port=port)[0], 200)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.ask("GET", "/", context=old)
        with self.assertRaises((http.client.HTTPException, ConnectionError)):
            self.stack.get("/livez")  # in plain text

    def test_a_session_is_for_tls_alone(self):
        key = self.stack.sasrec("keys", "create", "--name", self.id().split(".")[-1][:60]).stdout
        headers = {"Authorization": f"Bearer {key.strip()}"}
        wait_for("the key holds", 60, lambda: self.ask("POST", "/session", headers)[0] == 200)
        cookie = self.ask("POST", "/session", headers)[1]["Set-Cookie"]
        self.assertIn("; Secure", cookie)
        self.stack.sql("delete from api_keys")

    def test_a_renewed_certificate_is_taken_on_sighup(self):
        self.assertEqual(self.shown(), "first")
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.stack.port, timeout=20,
            context=ssl.create_default_context(cafile=self.cert))
        connection.request("GET", "/livez")
        connection.getresponse().read()
        self.make("second")
        self.assertEqual(self.shown(), "first")
        self.stack.server.send_signal(signal.SIGHUP)
        wait_for("the second is shown", 60, lambda: self.shown() == "second")
        connection.request("GET", "/livez")  # who came before goes on
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()

    def test_a_certificate_is_taken_whatever_becomes_of_the_log(self):
        folder = self.stack.folder / "logs"
        folder.mkdir()
        self.stack.stop_server()
        self.start(LOG_FILE=str(folder / "log"))
        folder.rename(self.stack.folder / "moved")
        self.make("second")
        self.stack.server.send_signal(signal.SIGHUP)
        wait_for("the second is shown", 60, lambda: self.shown() == "second")
        log = self.stack.folder / "moved/log"
        wait_for("it is told", 60, lambda: "cannot open the log" in log.read_text())

    def test_a_broken_one_is_not_taken(self):
        self.make("broken", key=str(self.stack.folder / "other.pem"))  # not of this key
        self.stack.server.send_signal(signal.SIGHUP)
        log = self.stack.folder / "serve.log"
        wait_for("it is told", 60, lambda: "topology.reload_failed" in log.read_text())
        self.assertIn("is not the key of", log.read_text())
        self.assertEqual(self.shown(), "first")

    def test_what_cannot_be_is_said_at_the_start(self):
        self.stack.stop_server()
        for env, words in (({"SASREC_TLS_CERT": "/nowhere"}, "cannot read /nowhere"),
                           ({"SASREC_TLS_CERT": ""}, "belong together")):
            done = subprocess.run([BUILD / "sasrec", "serve"], env=self.stack.env | env, text=True,
                                  capture_output=True, timeout=30, cwd=self.stack.folder)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
