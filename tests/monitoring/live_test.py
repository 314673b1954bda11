"""The roles with Kafka in between, beside a real Prometheus with our configuration, after a
short load: every target is up, every rule can be evaluated, every panel's query returns
data, and each role answers the families that docs/metrics.md says."""
import json
import math
import os
import re
import subprocess
import sys
import unittest
import urllib.parse
import urllib.request

from dashboards import dashboards, panels
from documented import ROOT, documented

sys.path.insert(0, str(ROOT / "tests/chaos"))
from deployment import Deployment, free_port, wait_for  # noqa: E402

# What a panel stands for, with our intervals.
VARIABLES = {"$job": ".+", "$instance": ".+", "$__rate_interval": "1m"}

# Panels that people had before us: names and labels they rely on.
KNOWN = [
    'sum(rate(http_requests_total[1m])) by (handler)',
    'histogram_quantile(0.95, sum(rate(http_request_duration_seconds_bucket[1m])) by (le, handler))',
    'sum(rate(worker_processed_total[1m])) and sum(rate(worker_errors_total[1m]))',
    'histogram_quantile(0.95, sum(rate(worker_inference_latency_seconds_bucket[1m])) by (le))',
    'sum(increase(worker_history_length_bucket[1m])) by (le)',
    'sum(increase(worker_prediction_score_bucket[1m])) by (le)']


class Prometheus:
    """ops/prometheus/run beside a deployment: Prometheus and the node exporter."""

    def __init__(self, stack):
        self.port = free_port()
        ports = {name: role.port for name, role in stack.roles.items()}
        self.env = stack.env | {
            "SASREC_ADMIN_PORT": str(ports["api"]),
            "SASREC_WORKER_1_PORT": str(ports["worker-1"]),
            "SASREC_WORKER_2_PORT": str(ports["worker-2"]),
            "SASREC_DB_WRITER_PORT": str(ports["db-writer"]),
            "SASREC_PROMETHEUS_PORT": str(self.port), "SASREC_PROMETHEUS_INTERVAL": "1s",
            "SASREC_NODE_EXPORTER_PORT": str(free_port())}
        self.log = open(stack.folder / "prometheus.log", "w")
        self.processes = [self.start(), self.start("node-exporter")]

    def start(self, *arguments):
        return subprocess.Popen([ROOT / "ops/prometheus/run", *arguments], env=self.env,
                                stdout=self.log, stderr=self.log)

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(10)
        self.log.close()

    def get(self, path, **arguments):
        """The data of an answer of its API; None: it does not answer yet."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it starts
                return None
            raise AssertionError(error.read().decode()) from None
        except OSError:
            return None

    def query(self, expr):
        """[(labels, value)], without what is no number."""
        data = self.get("query", query=expr)
        samples = [(one["metric"], float(one["value"][1])) for one in data["result"]]
        return [sample for sample in samples if not math.isnan(sample[1])]


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Deployment("kafka"))
        cls.dbt_has_run()
        cls.prometheus = Prometheus(cls.stack)
        cls.addClassCleanup(cls.prometheus.close)
        wait_for("every target is up", 60, lambda: all(
            target["health"] == "up" for target in cls.targets()) and len(cls.targets()) == 6)
        cls.used = cls.ask()

    @classmethod
    def dbt_has_run(cls):
        metrics = cls.stack.folder / "metrics"
        metrics.mkdir()
        subprocess.run([ROOT / "dbt/metrics.py", "none", metrics / "dbt.prom", "--status", "0",
                        "--seconds", "3"], check=True)

    @classmethod
    def targets(cls):
        found = cls.prometheus.get("targets")
        return found["activeTargets"] if found else []

    @classmethod
    def ask(cls):
        """The routes that were asked for something."""
        load = cls.stack.load("--rate", "400", "--seconds", "4")
        request_id = cls.stack.post("/predict", {"history": [10, 20]})[1]["request_id"]
        for path in ("/users", "/users/user_1/history", f"/result/{request_id}",
                     "/users/user_1/recommendations"):
            assert cls.stack.get(path)[0] == 200, path
        assert cls.stack.post("/recommend", {"history": [10]})[0] == 200
        assert cls.stack.get("/result/nobody")[0] == 404
        cls.stack.load_report(load)
        return {"/predict", "/users", "/users/{user_id}/history", "/result/{request_id}",
                "/users/{user_id}/recommendations", "/recommend"}

    def test_1_every_panel_has_data(self):
        missing = {(board["title"], panel["title"], target["expr"]) for board in dashboards()
                   for panel in panels(board) for target in panel["targets"]}

        def all_have():
            for one in list(missing):
                expr = one[2]
                for name, value in VARIABLES.items():
                    expr = expr.replace(name, value)
                if self.prometheus.query(expr):
                    missing.discard(one)
            return not missing
        try:
            wait_for("data", 60, all_have)
        except AssertionError:
            self.fail("\n".join(map(str, sorted(missing))))

    def test_2_what_people_knew_before_has_a_line_for_each_route_in_use(self):
        for expr in KNOWN:
            self.assertTrue(self.prometheus.query(expr), expr)
        lines = self.prometheus.query(KNOWN[0])
        drawn = {labels["handler"] for labels, value in lines if value > 0}
        self.assertEqual(drawn - {"/readyz", "/metrics"}, self.used)
        self.assertEqual(len(lines), len({labels["handler"] for labels, _ in lines}))
        of_others = self.prometheus.query('http_requests_total{job!="sasrec-api"}')
        self.assertLessEqual({labels["handler"] for labels, _ in of_others},
                             {"/readyz", "/metrics"})

    def test_3_rules_are_evaluated_and_nothing_fires(self):
        rules = [rule for group in self.prometheus.get("rules")["groups"]
                 for rule in group["rules"]]
        self.assertEqual({rule["health"] for rule in rules} - {"ok", "unknown"}, set(), rules)
        self.assertEqual([alert for alert in self.prometheus.get("alerts")["alerts"]
                          if alert["state"] == "firing"], [])
        self.assertTrue(self.prometheus.query("job:http_requests:rate5m"))
        self.assertLess(self.prometheus.query("sasrec:marts_age_seconds")[0][1], 120)

    def test_4_each_role_has_what_is_documented(self):
        for name, role in self.stack.roles.items():
            text = self.stack.get("/metrics", port=role.port)[1].decode()
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                     capture_output=True)
            self.assertEqual(checked.returncode, 0, checked.stderr)
            types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
            found = {family: kind for family, kind in types.items()
                     if not family.startswith("process_")}
            self.assertEqual(found, {
                family: row.type for family, row in documented().items()
                if re.sub(r"-\d$", "", name) in row.roles}, name)
            for family, row in documented().items():
                for labels in re.findall(rf"^{family}(?:_bucket)?\{{(.*)\}} ", text, re.M):
                    keys = set(re.findall(r'(\w+)="', labels)) - {"le"}
                    self.assertEqual(keys, row.labels, family)


if __name__ == "__main__":
    if "SASREC_BUILD" not in os.environ:
        sys.exit("SASREC_BUILD names the build folder")
    unittest.main()
