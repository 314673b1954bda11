"""docs/metrics.md lists exactly the families that the source registers. (What each role
answers is compared with it in tests/monitoring.)"""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "monitoring"))
from documented import ROOT, documented  # noqa: E402

FOLDERS = ("base", "model", "proto", "store", "bridge", "actors")
KEPT = re.compile("sasrec_|http_requests_total|http_request_duration_seconds|worker_"
                  "(processed_total|errors_total|inference_latency_seconds|history_length"
                  "|prediction_score)$")


def registered():
    """{name: type}. A family's name stands in the call, or in a variable of its file."""
    found = {}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.c"):
            text = path.read_text()
            for kind, literal, variable in re.findall(
                    r'metrics_(counter|gauge|histogram) \(\s*(?:"(\w+)"|(\w+),)', text):
                if variable:
                    literal = re.search(rf'\b{variable} = "(\w+)"', text)
                    literal = literal and literal[1]
                if literal:  # else it is the definition in base/metrics.c
                    found[literal] = kind
    return found


class Metrics(unittest.TestCase):
    def test_the_source_and_the_documentation_have_the_same(self):
        rendered = {"sasrec_ready", "sasrec_health"}  # base/health.c
        dbt = set(re.findall(r'"(sasrec_dbt_\w+)"', (ROOT / "dbt/metrics.py").read_text()))
        self.assertEqual(set(documented()), set(registered()) | rendered | dbt)

    def test_types_are_as_documented(self):
        kinds = {name: row.type for name, row in documented().items()}
        for name, kind in registered().items():
            self.assertEqual(kinds[name], kind, name)

    def test_names_are_kept_or_ours(self):
        for name in registered():
            self.assertRegex(name, KEPT)
            self.assertEqual(name.endswith("_total"), registered()[name] == "counter", name)


if __name__ == "__main__":
    unittest.main()
