"""docs/operate.md: its commands, run as they stand there, in their order; and what it says of
an older program. A block that begins with "# not run by that test" is for people."""
import os
import re
import subprocess
import unittest

from stack import BUILD, ROOT, Stack

PAGE = (ROOT / "docs/operate.md").read_text()
MARK = "# not run by that test: "
# Alerts of ops/prometheus lead to these.
ALERTS = ("role-down", "not-ready", "error-ratio", "clients-refused", "latency-p99", "oldest-unfinished-row", "consumer-lag",
          "dead-letters", "reload-refused", "drift-warn", "drift-page", "marts-stale",
          "disk-full", "results-stuck")


def blocks():
    """(line, text) of each block of commands."""
    for match in re.finditer(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S):
        yield PAGE.count("\n", 0, match.start()) + 2, match[1]


class Operate(unittest.TestCase):
    def test_every_alert_has_its_heading(self):
        headings = re.findall(r"^### (Alert: .*)$", PAGE, re.M)
        anchors = [re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings]
        self.assertEqual(anchors, [f"alert-{name}" for name in ALERTS])

    def test_what_is_not_run_says_why(self):
        for line, text in blocks():
            if text.startswith("# not run"):
                self.assertRegex(text, f"^{re.escape(MARK)}.{{10,}}", f"line {line}")

    def test_links_lead_somewhere(self):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE):
            self.assertTrue((ROOT / "docs" / target).exists(), target)
        for anchor in re.findall(r"\]\(#([^)]+)\)", PAGE):
            self.assertIn(anchor, [re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-")
                                   for h in re.findall(r"^#+ (.*)$", PAGE, re.M)])


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack())
        cls.stack.serve()
        work = cls.stack.folder / "work"
        work.mkdir()
        cls.work = work

    def run_block(self, text):
        stack = self.stack
        text = text.replace("localhost:8000", f"localhost:{stack.port}").replace(
            "localhost:8004", f"localhost:{stack.admin_port}")
        env = stack.env | {"PATH": f"{BUILD}:{os.environ['PATH']}", "no_proxy": "*"}
        for name in ("SASREC_HTTP_PORT", "SASREC_UI_PORT", "SASREC_ADMIN_PORT", "SASREC_RUN",
                     "SASREC_BUILD", "SASREC_PGPORT"):
            env.pop(name)
        return subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.work, env=env,
                              capture_output=True, text=True, timeout=120)

    def test_1_the_page_s_commands_do_what_it_says(self):
        self.assertEqual(self.stack.post("/predict", {"history": [10, 20, 30],
                                                      "user_id": "user_7"})[0], 202)
        outputs = {}
        for line, text in blocks():
            if text.startswith(MARK):
                continue
            with self.subTest(line=line):
                done = self.run_block(text)
                self.assertEqual(done.returncode, 0,
                                 f"line {line}:\n{text}\n{done.stdout}{done.stderr}")
                outputs[line] = done.stdout
        self.assertGreater(len(outputs), 15)
        together = "\n".join(outputs.values())
        for words in ("The settings are good.", "[+]postgres ok", "004_roles.sql",
                      "[+]model ok"):
            self.assertIn(words, together)
        self.assertRegex((self.work / "user_1.txt").read_text(), r"\d+ \| \d{4}-\d\d-\d\d")

    def test_2_a_restored_database_holds_what_the_other_did(self):
        tables = "SELECT (SELECT count (*) FROM items), (SELECT count (*) FROM schema_migrations)"
        there = self.stack.sql(tables)
        self.stack.env["PGDATABASE"], kept = "sasrec_restored", self.stack.env["PGDATABASE"]
        try:
            self.assertEqual(self.stack.sql(tables), there)
            self.assertGreater(int(self.stack.sql("SELECT count (*) FROM predictions "
                                                  "WHERE user_id = 'user_7'")), 0)
        finally:
            self.stack.env["PGDATABASE"] = kept

    def test_3_a_deleted_user_is_gone(self):
        for table in ("interactions", "predictions"):
            self.assertEqual(self.stack.sql(f"SELECT count (*) FROM {table} "
                                            "WHERE user_id = 'user_7'"), "0")
        self.assertEqual(self.stack.get("/users/user_7/history")[0], 404)

    def test_4_an_older_program_serves_on_newer_tables_and_does_not_migrate_them(self):
        self.stack.stop_server()
        self.stack.sql("INSERT INTO schema_migrations (name, checksum) VALUES ('999_new.sql', 'x')")
        done = self.stack.sasrec("migrate", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("use a newer sasrec", done.stderr)
        self.stack.serve()
        self.assertEqual(self.stack.post("/predict", {"history": [10]})[0], 202)


if __name__ == "__main__":
    unittest.main()
