"""The dashboards keep the rules of Grafana's public dashboard linter (grafana/
dashboard-linter, docs/index.md; its names stand beside the tests), and show nothing that
docs/metrics.md does not have. live_test.py runs their queries."""
import itertools
import re
import unittest

from dashboards import DASHBOARDS, dashboards, metric_names, panels, targets
from documented import ROOT, documented

# Of the linter's list, those we use.
UNITS = {"none", "short", "percentunit", "reqps", "ops", "s", "bytes", "bool_yes_no",
         "dateTimeFromNow"}
MATCHERS = 'job=~"$job",instance=~"$instance"'
OTHERS = re.compile(r"up$|process_\w+$|node_filesystem_(avail|size)_bytes$")


class Dashboards(unittest.TestCase):
    @staticmethod
    def each(of):
        """Every item of every dashboard."""
        return [item for board in dashboards() for item in of(board)]

    def variable(self, board, name):
        found = [v for v in board["templating"]["list"] if v["name"] == name]
        self.assertEqual(len(found), 1, name)
        return found[0]

    def test_there_are_two_that_nobody_edits(self):  # template-uneditable-rule
        self.assertEqual({b["uid"] for b in dashboards()}, {"sasrec-overview", "sasrec-model"})
        for board in dashboards():
            self.assertIs(board["editable"], False)
            self.assertTrue(board["title"] and board["description"])
            self.assertNotIn("id", board)  # Grafana's own to give

    def test_the_data_source_is_a_variable(self):  # template-datasource-rule
        for board in dashboards():
            source = self.variable(board, "datasource")
            self.assertEqual((source["type"], source["query"], source["label"]),
                             ("datasource", "prometheus", "Data source"))

    def test_job_and_instance_are_variables(self):
        # template-job-rule, template-instance-rule, template-label-promql-rule,
        # template-on-time-change-reload-rule
        for board, name in itertools.product(dashboards(), ("job", "instance")):
            found = self.variable(board, name)
            self.assertEqual(found["type"], "query")
            self.assertEqual(found["datasource"]["uid"], "${datasource}")
            self.assertEqual(found["label"], name.capitalize())
            self.assertIs(found["multi"], True)
            self.assertIs(found["includeAll"], True)
            self.assertEqual(found["allValue"], ".+")
            self.assertEqual(found["refresh"], 2)
            self.assertRegex(found["query"], rf"^label_values\(up.*, {name}\)$")

    def test_panels_use_the_data_source_of_the_variable(self):  # panel-datasource-rule
        for item in self.each(panels) + self.each(targets):
            self.assertEqual(item["datasource"],
                             {"type": "prometheus", "uid": "${datasource}"}, item)

    def test_panels_say_what_they_show(self):
        # panel-title-description-rule, panel-units-rule, panel-no-targets-rule
        for panel in self.each(panels):
            self.assertTrue(panel["title"], panel)
            self.assertRegex(panel["description"], r"\.$", panel["title"])
            self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS, panel["title"])
            self.assertTrue(panel["targets"], panel["title"])

    def test_panels_lie_beside_each_other(self):
        for board in dashboards():
            places, ids = set(), [panel["id"] for panel in board["panels"]]
            self.assertEqual(len(ids), len(set(ids)))
            for panel in board["panels"]:
                at = panel["gridPos"]
                self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
                mine = set(itertools.product(range(at["x"], at["x"] + at["w"]),
                                             range(at["y"], at["y"] + at["h"])))
                self.assertFalse(mine & places, panel["title"])
                places |= mine

    def test_queries_follow_the_variables(self):  # target-job-rule, target-instance-rule
        for target in self.each(targets):
            for name in metric_names(target["expr"]):
                for found in re.finditer(rf"\b{name}\b", target["expr"]):
                    self.assertTrue(
                        target["expr"][found.end():].startswith("{" + MATCHERS), name)

    def test_rates_follow_the_resolution(self):
        # target-rate-interval-rule, target-counter-agg-rule
        for target in self.each(targets):
            expr = target["expr"]
            unquoted = re.sub(r'"[^"]*"', '""', expr)
            self.assertEqual(set(re.findall(r"\[([^]]*)\]", unquoted)) - {"$__rate_interval"},
                             set(), expr)
            self.assertEqual(
                len(re.findall(r"\w_total\{", expr)),
                len(re.findall(r"(?:rate|irate|increase)\(\w+_total\{[^}]*\}\[", expr)), expr)

    def test_heat_maps_are_of_cumulative_buckets(self):
        maps = [panel for panel in self.each(panels) if panel["type"] == "heatmap"]
        self.assertEqual(len(maps), 2)
        for panel in maps:
            self.assertIs(panel["options"]["calculate"], False)
            for target in panel["targets"]:
                self.assertEqual((target["format"], target["legendFormat"]),
                                 ("heatmap", "{{le}}"))
                self.assertRegex(target["expr"], r"^sum by \(le\) \(increase\(\w+_bucket\{")

    def test_what_they_show_is_documented(self):
        known = set(documented())
        known |= {name + suffix for name, row in documented().items()
                  if row.type == "histogram" for suffix in ("_bucket", "_sum", "_count")}
        for target in self.each(targets):
            for name in metric_names(target["expr"]):
                self.assertTrue(name in known or OTHERS.match(name), name)

    def test_they_are_where_grafana_is_told(self):
        provider = (ROOT / "ops/grafana/provisioning/dashboards/sasrec.yaml").read_text()
        path = re.search(r"path: (\S+)", provider)[1]
        compose = ROOT / "ops/compose.yaml"
        self.assertTrue(path.endswith(f"/{DASHBOARDS.name}"))
        if compose.exists():
            self.assertIn(f"./grafana/dashboards:{path}", compose.read_text())


if __name__ == "__main__":
    unittest.main()
