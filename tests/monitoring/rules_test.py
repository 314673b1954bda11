"""The rules of Prometheus: promtool takes them, each alert is tried both ways
(alerts_test.yml), and each leads to a heading of docs/operate.md."""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "ops/prometheus/rules"
TRIED = pathlib.Path(__file__).with_name("alerts_test.yml")


def kebab(name):
    """DriftWarn: drift-warn; LatencyP99: latency-p99."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


class Rules(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run(["promtool", *arguments], text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def setUp(self):
        self.text = (RULES / "alerts.yml").read_text()
        self.alerts = re.findall(r"- alert: (\w+)", self.text)

    def test_the_configurations_are_valid(self):
        for name in "prometheus.yml", "compose.yml":
            self.promtool("check", "config", ROOT / "ops/prometheus" / name)
        self.promtool("check", "rules", *RULES.glob("*.yml"))

    def test_alerts_fire_and_stay_quiet(self):
        self.promtool("test", "rules", TRIED)

    def test_each_alert_is_tried_both_ways(self):
        text = TRIED.read_text()
        quiet = set(re.findall(r"alertname: (\w+), eval_time: \w+, exp_alerts: \[\]", text))
        fires = set(re.findall(r"alertname: (\w+)\n +eval_time", text))
        self.assertEqual(quiet, set(self.alerts))
        self.assertEqual(fires, set(self.alerts))

    def test_each_alert_says_where_to_read_on(self):
        anchors = re.findall(r"runbook_url: (\S+)", self.text)
        self.assertEqual(anchors, [f"docs/operate.md#alert-{kebab(name)}"
                                   for name in self.alerts])

    def test_what_they_lead_to_is_there(self):
        page = ROOT / "docs/operate.md"
        if not page.exists():
            self.skipTest("not written yet")
        headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
        anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
                   for heading in headings}
        self.assertLessEqual({f"alert-{kebab(name)}" for name in self.alerts}, anchors)

    def test_the_documentation_lists_them(self):
        rows = re.findall(r"^\| (\w+) \| .* \| (page|warn) \|$",
                          (ROOT / "docs/metrics.md").read_text(), re.M)
        severities = re.findall(r"severity: (\w+)", self.text)
        self.assertEqual(dict(rows), dict(zip(self.alerts, severities)))


if __name__ == "__main__":
    unittest.main()
