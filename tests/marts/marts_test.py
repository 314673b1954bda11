"""The marts, by the real dbt over a real PostgreSQL (with-postgres): counts made by hand,
incremental runs, roles, metrics."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SASREC_BUILD"])


class Database(unittest.TestCase):
    """Each test has a database of its own, which belongs to a role that is no superuser."""
    number = 0
    roles = "CREATEROLE"

    def setUp(self):
        Database.number += 1
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sasrec-marts-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        database, user = f"marts_{Database.number}", f"app_{Database.number}"
        self.admin(f"CREATE ROLE {user} LOGIN {self.roles}",
                   f"CREATE DATABASE {database} OWNER {user}")
        self.env = os.environ | {
            "PGDATABASE": database, "PGUSER": user, "SASREC_RUN": str(self.folder),
            "SASREC_DBT_VENV": str(BUILD / "dbt")}
        self.run_ok(BUILD / "sasrec", "migrate")

    @staticmethod
    def admin(*statements):
        for statement in statements:
            subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement],
                           check=True)

    def run_ok(self, *command):
        done = subprocess.run(command, env=self.env, text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def sql(self, statement):
        """Rows of texts, as the app's role."""
        out = self.run_ok("psql", "-XqAt", "-F", "|", "-v", "ON_ERROR_STOP=1", "-c", statement)
        return [tuple(line.split("|")) for line in out.splitlines()]

    def dbt(self, *arguments):
        return self.run_ok(ROOT / "ops/dbt", *(arguments or ("build",)))

    def act(self, user, item, when):
        self.sql("INSERT INTO interactions (user_id, item_id, created_at) "
                 f"VALUES ('{user}', {item}, {when})")

    def predict(self, user, items, when, status="COMPLETED", took="2 s"):
        result = "NULL" if status != "COMPLETED" else (
            f"""'{{"item_ids":{items},"scores":{[1.5 - i for i in range(len(items))]},"""
            """"model_version":"v1","source":"model"}'""")
        self.sql("INSERT INTO predictions (request_id, user_id, status, request_json, "
                 "result_json, model_version, deadline, created_at, updated_at) VALUES "
                 f"(gen_random_uuid (), '{user}', '{status}', '{{}}', {result}, 'v1', "
                 f"{when}, {when}, {when} + interval '{took}')")

    def metrics(self):
        text = (self.folder / "metrics/dbt.prom").read_text()
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                 capture_output=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        return {name: float(value) for name, value in
                re.findall(r"^sasrec_dbt_(\w+) (\S+)$", text, re.M)}


class Marts(Database):
    def test_an_empty_database(self):
        self.dbt()
        self.assertEqual(self.sql("SELECT * FROM dm_daily_stats"), [])
        self.dbt("source", "freshness")

    def test_counts_made_by_hand(self):
        day = "timestamptz '2026-01-02 00:00+00'"
        self.act("ann", 7, f"{day} - interval '1 s'")        # the day before
        self.act("ann", 1, f"{day} + interval '1 h'")
        self.act("ann", 1, f"{day} + interval '1 h'")        # the same event again
        self.act("bob", 1, f"{day} + interval '23.5 h'")
        self.predict("ann", [3, 1, 2], f"{day} + interval '30 min'")      # bob none; hit, place 2
        self.predict("cid", [3, 1], f"{day} + interval '40 min'", took="4 s")
        self.predict("anon", [3, 1], f"{day} + interval '50 min'", took="6 s")
        self.predict("dan", [], f"{day} + interval '2 h'", status="FAILED")
        self.predict("dan", [], f"{day} + interval '2 h'", status="PENDING")
        self.dbt()
        self.assertEqual(
            self.sql("SELECT * FROM dm_daily_stats ORDER BY report_date DESC"),
            [("2026-01-02", "3", "3"), ("2026-01-01", "1", "0")])
        self.assertEqual(
            self.sql("SELECT report_date, item_id, interactions, users "
                     "FROM dm_item_popularity ORDER BY 1, 2"),
            [("2026-01-01", "7", "1", "1"), ("2026-01-02", "1", "2", "2")])
        self.assertEqual(
            self.sql("SELECT report_date, model_version, lists, judged, hits, hit_rate, mrr, "
                     "mean_k FROM dm_model_quality"),
            [("2026-01-02", "v1", "2", "1", "1", "1", "0.5", "2.5")])
        self.assertEqual(
            self.sql("SELECT report_hour, status, requests, p50_s FROM dm_request_outcomes "
                     "ORDER BY 1, 2"),
            [("2026-01-02 00:00:00", "COMPLETED", "3", "4"),
             ("2026-01-02 02:00:00", "FAILED", "1", "2"),
             ("2026-01-02 02:00:00", "PENDING", "1", "")])

    def test_a_later_run_counts_what_came_and_looks_back(self):
        now = "date_trunc ('day', now () AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 s'"
        self.predict("ann", [3, 1, 2], f"{now} - interval '1 day'")
        self.act("ann", 9, f"{now} - interval '40 days'")
        self.dbt()
        self.assertEqual(self.sql("SELECT lists, judged FROM dm_model_quality"), [("1", "0")])
        before = self.sql("SELECT xmin, * FROM dm_daily_stats ORDER BY report_date")
        self.act("ann", 2, now)
        self.dbt()
        self.assertEqual(self.sql("SELECT lists, judged, mrr > 0.33 FROM dm_model_quality"),
                         [("1", "1", "t")])
        after = self.sql("SELECT xmin, * FROM dm_daily_stats ORDER BY report_date")
        self.assertEqual(before[0], after[0])  # not touched: past the look-back
        self.assertEqual(len(after), 3)
        self.dbt("build", "--full-refresh")
        self.assertEqual(len(self.sql("SELECT * FROM dm_daily_stats")), 3)

    def test_after_a_killed_run_the_next_one_is_whole(self):
        self.predict("ann", [1], "now () - interval '1 h'")
        process = subprocess.Popen([ROOT / "ops/dbt"], env=self.env, start_new_session=True)
        end = time.monotonic() + 120
        busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database () " \
            "AND application_name = 'dbt'"
        while self.sql(busy) == [("0",)]:
            self.assertLess(time.monotonic(), end)
            self.assertIsNone(process.poll())
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.dbt()
        self.assertEqual(self.sql("SELECT dau FROM dm_daily_stats"), [("1",)])

    def test_beside_load(self):
        """Rows come and end while two runs count and test them."""
        row = ("INSERT INTO predictions (request_id, user_id, request_json, deadline) VALUES "
               "(gen_random_uuid (), 'ann', '{}', now () + interval '1 h');")
        end = ("UPDATE predictions SET status = 'COMPLETED', model_version = 'v1', updated_at = now (), "
               """result_json = '{"item_ids":[1],"scores":[1.5],"source":"model"}' """
               "WHERE status = 'PENDING';")
        act = "INSERT INTO interactions (user_id, item_id) VALUES ('ann', 1);"
        client = subprocess.Popen(["psql", "-Xq", "-v", "ON_ERROR_STOP=1"], env=self.env,
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        done = threading.Event()

        def load():
            while not done.is_set():
                client.stdin.write("\n".join((row, row, end, row, act, "")))
                client.stdin.flush()
            client.stdin.close()
        thread = threading.Thread(target=load)
        thread.start()
        try:
            self.dbt()
            first = int(self.sql("SELECT sum (requests) FROM dm_request_outcomes")[0][0])
            self.dbt()
        finally:
            done.set()
            thread.join()
        self.assertEqual(client.wait(), 0)
        second = int(self.sql("SELECT sum (requests) FROM dm_request_outcomes")[0][0])
        self.assertLess(0, first)
        self.assertLess(first, second)

    def test_roles(self):
        self.predict("ann", [1], "now () - interval '1 h'")
        self.dbt()
        reader, database = f"reader_{Database.number}", self.env["PGDATABASE"]
        self.admin(f"CREATE ROLE {reader} LOGIN IN ROLE sasrec_reports")
        env = self.env | {"PGUSER": reader}

        def as_reader(statement):
            return subprocess.run(["psql", "-XqAt", "-c", statement], env=env, text=True,
                                  capture_output=True)
        self.assertEqual(as_reader("SELECT dau FROM marts.dm_daily_stats").stdout, "1\n")
        for refused in ("SELECT * FROM predictions", "DELETE FROM marts.dm_daily_stats"):
            self.assertIn("permission denied", as_reader(refused).stderr)
        self.assertEqual(self.sql(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'marts'"),
            [("sasrec_dbt",)])
        denied = self.run_ok("psql", "-XqAt", "-c", "SELECT has_table_privilege ("
                             "'sasrec_dbt', 'predictions', 'UPDATE')")
        self.assertEqual(denied, "f\n")

    def test_metrics_say_when_the_marts_are_stale(self):
        self.dbt()
        good = self.metrics()
        self.assertEqual(good["last_run_success"], 1)
        self.assertAlmostEqual(good["last_success_timestamp_seconds"], time.time(), delta=60)
        self.assertGreater(good["last_run_duration_seconds"], 0)
        self.sql("DROP TABLE predictions CASCADE; CREATE TABLE predictions (x int)")
        done = subprocess.run([ROOT / "ops/dbt"], env=self.env, capture_output=True)
        self.assertNotEqual(done.returncode, 0)
        bad = self.metrics()
        self.assertEqual(bad["last_success_timestamp_seconds"],
                         good["last_success_timestamp_seconds"])
        self.assertEqual(bad["last_run_success"], 0)
        self.assertGreater(bad["last_run_failed_models"], 0)

    def test_documentation_is_made_and_says_what_everything_is(self):
        self.dbt()
        self.dbt("docs", "generate", "--static")
        self.assertTrue((self.folder / "dbt-target/static_index.html").exists())
        self.assertEqual(self.sql(
            "SELECT relname, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid "
            "WHERE relnamespace = 'marts'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 "
            "AND (obj_description (c.oid) IS NULL OR col_description (c.oid, attnum) IS NULL)"),
            [])


class WithoutRoles(Database):
    """Where a DBA makes the roles: nothing is the app's business but what it owns."""
    roles = ""

    def test_the_marts_are_the_apps(self):
        self.dbt()
        self.assertEqual(self.sql("SELECT DISTINCT tableowner = current_user FROM pg_tables "
                                  "WHERE schemaname = 'marts'"), [("t",)])


if __name__ == "__main__":
    unittest.main()
