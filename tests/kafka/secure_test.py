"""A broker that wants TLS and a password: every role, every tool."""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
os.environ["SASREC_KAFKA_SECURE"] = "1"
from deployment import Deployment, wait_for  # noqa: E402


class Secure(unittest.TestCase):
    """One deployment for all; the tests run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Deployment("kafka"))

    def topics(self, **env):
        saved = dict(self.stack.env)
        self.stack.env.update(env)
        try:
            return self.stack.sasrec("topics", "create", check=False)
        finally:
            self.stack.env.clear()
            self.stack.env.update(saved)

    def test_1_a_prediction_takes_the_way_over_kafka(self):
        self.assertEqual(self.stack.env["KAFKA_SECURITY_PROTOCOL"], "SASL_SSL")
        status, body, _ = self.stack.post("/predict", {"history": [10, 20, 30]})
        self.assertEqual(status, 202, body)
        wait_for("COMPLETED", 60, lambda: self.stack.unfinished([body["request_id"]]) == 0)

    def test_2_a_wrong_password_is_told(self):
        done = self.topics(KAFKA_SASL_PASSWORD="guessed")
        self.assertEqual(done.returncode, 1)
        self.assertIn("uthentication", done.stderr)
        self.assertNotIn("guessed", done.stderr)

    def test_3_a_foreign_certificate_is_told(self):
        done = self.topics(KAFKA_SSL_CA_LOCATION="/etc/ssl/certs/ca-certificates.crt")
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificate", done.stderr)

    def test_4_settings_of_librdkafka_are_taken_or_refused(self):
        done = self.topics(SASREC_KAFKA_CONFIG="client.rack=a;socket.timeout.ms=9000")
        self.assertEqual(done.returncode, 0, done.stderr)
        for setting, word in (("acks=0", "not to be changed"), ("no.such=1", "knows none"),
                              ("debug=nonsense", "refuses"), ("nothing", "name=value")):
            done = self.topics(SASREC_KAFKA_CONFIG=setting)
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
