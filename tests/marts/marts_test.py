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


class Database:
    """One for a test, or for some that only look at it. It belongs to a role that is no
    superuser."""
    number = 0

    def __init__(self, roles="CREATEROLE"):
        Database.number += 1
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sasrec-marts-"))
        database, user = f"marts_{Database.number}", f"app_{Database.number}"
        self.admin(f"CREATE ROLE {user} LOGIN {roles}",
                   f"CREATE DATABASE {database} OWNER {user}")
        self.env = os.environ | {
            "PGDATABASE": database, "PGUSER": user, "SASREC_RUN": str(self.folder),
            "SASREC_DBT_VENV": str(BUILD / "dbt"), "SASREC_DBT_REST_S": "0"}
        self.run_ok(BUILD / "sasrec", "migrate")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def admin(*statements):
        for statement in statements:
            subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement],
                           check=True)

    def run_ok(self, *command):
        done = subprocess.run(command, env=self.env, text=True, capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
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
        assert checked.returncode == 0, checked.stdout + checked.stderr
        return {name: float(value) for name, value in
                re.findall(r"^sasrec_dbt_(\w+) (\S+)$", text, re.M)}


class MadeByHand(unittest.TestCase):
    """What one run leaves, looked at from all sides; the counts are made by hand."""

    @classmethod
    def setUpClass(cls):
        cls.db = Database()
        cls.addClassCleanup(cls.db.close)
        day = "timestamptz '2026-01-02 00:00+00'"
        cls.db.act("ann", 7, f"{day} - interval '1 s'")        # the day before
        cls.db.act("ann", 1, f"{day} + interval '1 h'")
        cls.db.act("ann", 1, f"{day} + interval '1 h'")        # the same event again
        cls.db.act("bob", 1, f"{day} + interval '23.5 h'")
        cls.db.predict("ann", [3, 1, 2], f"{day} + interval '30 min'")      # bob none; hit, place 2
        cls.db.predict("cid", [3, 1], f"{day} + interval '40 min'", took="4 s")
        cls.db.predict("anon", [3, 1], f"{day} + interval '50 min'", took="6 s")
        cls.db.predict("dan", [], f"{day} + interval '2 h'", status="FAILED")
        cls.db.predict("dan", [], f"{day} + interval '2 h'", status="PENDING")
        cls.db.dbt()

    def test_counts(self):
        self.assertEqual(
            self.db.sql("SELECT * FROM dm_daily_stats ORDER BY report_date DESC"),
            [("2026-01-02", "3", "3"), ("2026-01-01", "1", "0")])
        self.assertEqual(
            self.db.sql("SELECT report_date, item_id, interactions, users "
                        "FROM dm_item_popularity ORDER BY 1, 2"),
            [("2026-01-01", "7", "1", "1"), ("2026-01-02", "1", "2", "2")])
        self.assertEqual(
            self.db.sql("SELECT report_date, model_version, lists, judged, hits, hit_rate, mrr, "
                        "mean_k FROM dm_model_quality"),
            [("2026-01-02", "v1", "2", "1", "1", "1", "0.5", "2.5")])
        self.assertEqual(
            self.db.sql("SELECT report_hour, status, requests, p50_s FROM dm_request_outcomes "
                        "ORDER BY 1, 2"),
            [("2026-01-02 00:00:00", "COMPLETED", "3", "4"),
             ("2026-01-02 02:00:00", "FAILED", "1", "2"),
             ("2026-01-02 02:00:00", "PENDING", "1", "")])

    def test_roles(self):
        reader = "marts_reader"
        self.db.admin(f"CREATE ROLE {reader} LOGIN IN ROLE sasrec_reports")
        env = self.db.env | {"PGUSER": reader}

        def as_reader(statement):
            return subprocess.run(["psql", "-XqAt", "-c", statement], env=env, text=True,
                                  capture_output=True)
        self.assertEqual(
            as_reader("SELECT dau FROM marts.dm_daily_stats ORDER BY report_date").stdout, "1\n3\n")
        for refused in ("SELECT * FROM predictions", "DELETE FROM marts.dm_daily_stats"):
            self.assertIn("permission denied", as_reader(refused).stderr)
        self.assertEqual(self.db.sql(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'marts'"),
            [("sasrec_dbt",)])
        self.assertEqual(self.db.sql("SELECT has_table_privilege ('sasrec_dbt', 'predictions', "
                                     "'UPDATE')"), [("f",)])

    def test_metrics_say_when_the_marts_are_stale(self):
        good = self.db.metrics()
        self.assertEqual(good["last_run_success"], 1)
        self.assertAlmostEqual(good["last_success_timestamp_seconds"], time.time(), delta=300)
        self.assertGreater(good["last_run_duration_seconds"], 0)
        self.db.sql("ALTER TABLE predictions RENAME TO kept; CREATE TABLE predictions (x int)")
        self.addCleanup(
            self.db.sql, "DROP TABLE predictions; ALTER TABLE kept RENAME TO predictions")
        done = subprocess.run([ROOT / "ops/dbt"], env=self.db.env, capture_output=True)
        self.assertNotEqual(done.returncode, 0)
        bad = self.db.metrics()
        self.assertEqual(bad["last_success_timestamp_seconds"],
                         good["last_success_timestamp_seconds"])
        self.assertEqual(bad["last_run_success"], 0)
        self.assertGreater(bad["last_run_failed_models"], 0)

    def test_documentation_is_made_and_says_what_everything_is(self):
        self.db.dbt("docs", "generate", "--static")
        self.assertTrue((self.db.folder / "dbt-target/static_index.html").exists())
        self.assertEqual(self.db.sql(
            "SELECT relname, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid "
            "WHERE relnamespace = 'marts'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 "
            "AND (obj_description (c.oid) IS NULL OR col_description (c.oid, attnum) IS NULL)"),
            [])


class Runs(unittest.TestCase):
    """Each test has a database of its own."""

    def setUp(self):
        self.db = Database()
        self.addCleanup(self.db.close)

    def test_an_empty_database(self):
        self.db.dbt()
        self.assertEqual(self.db.sql("SELECT * FROM dm_daily_stats"), [])
        self.db.dbt("source", "freshness")

    def test_a_later_run_counts_what_came_and_looks_back(self):
        now = "date_trunc ('day', now () AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 s'"
        self.db.predict("ann", [3, 1, 2], f"{now} - interval '1 day'")
        self.db.act("ann", 9, f"{now} - interval '40 days'")
        self.db.dbt()
        self.assertEqual(self.db.sql("SELECT lists, judged FROM dm_model_quality"), [("1", "0")])
        before = self.db.sql("SELECT xmin, * FROM dm_daily_stats ORDER BY report_date")
        self.db.act("ann", 2, now)
        self.db.dbt()
        self.assertEqual(self.db.sql("SELECT lists, judged, mrr > 0.33 FROM dm_model_quality"),
                         [("1", "1", "t")])
        after = self.db.sql("SELECT xmin, * FROM dm_daily_stats ORDER BY report_date")
        self.assertEqual(before[0], after[0])  # not touched: past the look-back
        self.assertEqual(len(after), 3)
        self.db.dbt("build", "--full-refresh")
        self.assertEqual(len(self.db.sql("SELECT * FROM dm_daily_stats")), 3)

    def test_after_a_killed_run_the_next_one_is_whole(self):
        self.db.predict("ann", [1], "now () - interval '1 h'")
        process = subprocess.Popen([ROOT / "ops/dbt"], env=self.db.env, start_new_session=True)
        end = time.monotonic() + 120
        busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database () " \
            "AND application_name = 'dbt'"
        while self.db.sql(busy) == [("0",)]:
            self.assertLess(time.monotonic(), end)
            self.assertIsNone(process.poll())
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.db.dbt()
        self.assertEqual(self.db.sql("SELECT dau FROM dm_daily_stats"), [("1",)])

    def test_it_rests_and_holds_nothing_meanwhile(self):
        self.db.dbt()
        process = subprocess.Popen([ROOT / "ops/dbt"], env=self.db.env | {
            "SASREC_DBT_REST_S": "8"}, start_new_session=True)
        self.addCleanup(process.wait)
        began, resting_s, holding = time.monotonic(), 0, []
        while process.poll() is None:
            seen = time.monotonic()
            busy = self.db.sql(
                "SELECT state, extract (epoch FROM clock_timestamp () - state_change) "
                "FROM pg_stat_activity WHERE application_name = 'dbt' AND state <> 'idle' "
                "AND datname = current_database ()")
            holding += [row for row in busy if row[0] != "active" and float(row[1]) > 1]
            time.sleep(0.05)
            resting_s += 0 if busy else time.monotonic() - seen
        self.assertEqual(process.returncode, 0)
        self.assertGreater(resting_s, 8)
        self.assertLess(resting_s, time.monotonic() - began)  # something was seen at work
        self.assertEqual(holding, [])

    def test_beside_load(self):
        """Rows come and end while two runs count and test them. At a pace of its own: as
        fast as it can, a slow machine's runs would have ever more to count."""
        row = ("INSERT INTO predictions (request_id, user_id, request_json, deadline) VALUES "
               "(gen_random_uuid (), 'ann', '{}', now () + interval '1 h');")
        end = ("UPDATE predictions SET status = 'COMPLETED', model_version = 'v1', updated_at = now (), "
               """result_json = '{"item_ids":[1],"scores":[1.5],"source":"model"}' """
               "WHERE status = 'PENDING';")
        act = "INSERT INTO interactions (user_id, item_id) VALUES ('ann', 1);"
        client = subprocess.Popen(["psql", "-Xq", "-v", "ON_ERROR_STOP=1"], env=self.db.env,
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        done = threading.Event()

        def load():
            while not done.wait(0.02):
                client.stdin.write("\n".join((row, row, end, row, act, "")))
                client.stdin.flush()
            client.stdin.close()
        thread = threading.Thread(target=load)
        thread.start()
        try:
            self.db.dbt()
            first = int(self.db.sql("SELECT sum (requests) FROM dm_request_outcomes")[0][0])
            self.db.dbt()
        finally:
            done.set()
            thread.join()
        self.assertEqual(client.wait(), 0)
        second = int(self.db.sql("SELECT sum (requests) FROM dm_request_outcomes")[0][0])
        self.assertLess(0, first)
        self.assertLess(first, second)


class WithoutRoles(unittest.TestCase):
    """Where a DBA makes the roles: nothing is the app's business but what it owns."""

    def test_the_marts_are_the_apps(self):
        db = Database(roles="")
        self.addCleanup(db.close)
        db.dbt()
        self.assertEqual(db.sql("SELECT DISTINCT tableowner = current_user FROM pg_tables "
                                "WHERE schemaname = 'marts'"), [("t",)])


if __name__ == "__main__":
    unittest.main()
