"""Other people's databases: behind pgbouncer in transaction pooling, in a schema of its
own beside a shop's tables, with a right that is missing, with no room left."""
import os
import re
import signal
import subprocess
import time
import unittest

from stack import Stack, free_port, wait_for


class Bouncer:
    """pgbouncer before a stack's PostgreSQL, with two connections to it for everybody."""

    def __init__(self, stack):
        self.stack, self.port = stack, free_port()
        self.folder = stack.folder / "bouncer"
        self.folder.mkdir(mode=0o777)
        self.folder.chmod(0o777)
        env = stack.env
        (self.folder / "users").write_text(f'"{env["PGUSER"]}" "{env["PGPASSWORD"]}"\n')
        (self.folder / "ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={env['PGPORT']}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\n"
            f"unix_socket_dir =\nauth_type = trust\nauth_file = {self.folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 2\n")

    def __enter__(self):
        self.stack.folder.chmod(0o755)
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self.process = subprocess.Popen(
            [*(as_postgres if os.geteuid() == 0 else []), "/usr/sbin/pgbouncer", "-q",
             str(self.folder / "ini")], stderr=subprocess.DEVNULL)
        wait_for("pgbouncer answers", 60, lambda: subprocess.run(
            ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)


class Pooled(unittest.TestCase):
    def test_serves_behind_transaction_pooling(self):
        with Stack() as stack, Bouncer(stack) as bouncer:
            stack.serve(PGPORT=str(bouncer.port), SASREC_RETENTION="30d")
            for _ in range(30):
                self.assertEqual(stack.post("/predict", {"history": [10]})[0], 202)
                self.assertEqual(stack.get("/users?prefix=user_1")[0], 200)
            report = stack.load_report(stack.load("--seconds", "3"))
            self.assertEqual(report.get("refused", 0), 0, report)
            wait_for("all are completed", 60, lambda: stack.sql(
                "select count(*) from predictions where status <> 'COMPLETED'") == "0")
            self.assertGreater(int(stack.sql("select count(*) from predictions")), 100)
            self.assertEqual(stack.sql(
                "select count(*) from pg_locks where locktype = 'advisory'"), "0")
            self.assertEqual(stack.stop_server(), 0)


class Shared(unittest.TestCase):
    """A shop's own tables of the same names, and a schema for ours."""

    def test_serves_from_a_schema_of_its_own(self):
        with Stack(trained=False) as stack:
            stack.sql("drop schema public cascade; create schema public;"
                      "create table items (sku text); insert into items values ('shoe')")
            refused = stack.sasrec("migrate", check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("table items that is not ours", refused.stderr)
            self.assertIn("--schema sasrec", refused.stderr)
            stack.env["SASREC_SCHEMA"] = "sasrec"
            stack.sasrec("migrate")
            stack.sasrec("seed")
            stack.sasrec("train", "--epochs", "3", "--publish", "always", "--out",
                         str(stack.folder / "checkpoints"))
            stack.serve()
            self.assertEqual(stack.post("/predict", {"history": [10]})[0], 202)
            wait_for("it is completed", 60, lambda: stack.sql(
                "select status from sasrec.predictions") == "COMPLETED")
            self.assertEqual(stack.sql("select * from public.items"), "shoe")
            self.assertEqual(stack.sql("select count(*) from pg_class where relnamespace = "
                                       "'public'::regnamespace"), "1")


class Unable(unittest.TestCase):
    """The server is there, but would not do it for anybody."""

    def started(self, stack):
        stack.serve()
        self.assertEqual(stack.post("/predict", {"history": [10]})[0], 202)
        self.log = stack.folder / "serve.log"
        self.before = len(self.log.read_text())

    def lines(self, pattern):
        return re.findall(pattern, self.log.read_text()[self.before:])

    def connections(self, stack):
        return int(stack.sql("select coalesce(sum(sessions), 0) from pg_stat_database "
                             "where datname = 'sasrec'"))

    def test_missing_right_is_named_once_and_no_storm(self):
        with Stack() as stack:
            # sasrec owns the tables; a role that serves is the usual case.
            stack.sql("create role clerk login password 'x';"
                      "grant select on all tables in schema public to clerk;"
                      "grant insert, update on predictions to clerk")
            stack.env |= {"PGUSER": "sasrec"}
            owner = dict(stack.env)
            stack.env |= {"PGUSER": "clerk", "PGPASSWORD": "x"}
            self.started(stack)
            stack.env |= owner
            connections = self.connections(stack)
            stack.sql("revoke insert on predictions from clerk")
            for _ in range(40):
                status, body = stack.post("/predict", {"history": [10]})[:2]
                self.assertEqual(status, 503, body)
                time.sleep(0.05)
            text = str(stack.get("/readyz?verbose"))
            self.assertIn("lacks the right to INSERT on predictions", text)
            self.assertEqual(len(self.lines(r"health\.failing check=schema")), 1)
            self.assertEqual(self.lines(r"db\.lost"), [])
            self.assertLess(self.connections(stack) - connections, 60)  # psql's own, too
            stack.sql("grant insert on predictions to clerk")
            wait_for("it serves again", 60, lambda: stack.post(
                "/predict", {"history": [10]})[0] == 202)

    def test_what_only_readers_meet_is_named(self):
        with Stack() as stack:
            self.started(stack)
            stack.sql("alter table interactions rename column item_id to article")
            self.assertEqual(stack.get("/users/user_1/history")[0], 503)
            wait_for("it is named", 60, lambda: "interactions must have id, user_id, item_id" in
                     str(stack.get("/readyz?verbose")))
            self.assertEqual(stack.status("/readyz"), 503)
            self.assertEqual(len(self.lines(r"health\.failing check=schema")), 1)
            stack.sql("alter table interactions rename column article to item_id")
            wait_for("it is ready again", 60, lambda: stack.status("/readyz") == 200)
            self.assertEqual(stack.get("/users/user_1/history")[0], 200)

    def test_no_room_left_is_named(self):
        with Stack() as stack:
            self.started(stack)
            # What PostgreSQL says then, without filling the disk.
            stack.sql("create function full_() returns trigger language plpgsql as $$ begin "
                      "raise 'could not extend file: No space left on device' "
                      "using errcode = '53100'; end $$;"
                      "create trigger full_ before insert on predictions "
                      "execute function full_()")
            for _ in range(20):
                self.assertEqual(stack.post("/predict", {"history": [10]})[0], 503)
            self.assertIn("No space left", str(stack.get("/readyz?verbose")))
            self.assertEqual(len(self.lines(r"health\.failing check=postgres")), 1)
            self.assertLessEqual(len(self.lines(r"rows\.set_aside")), 1)
            self.assertEqual(self.lines(r"db\.lost"), [])
            stack.sql("drop function full_() cascade")
            self.assertEqual(stack.post("/predict", {"history": [10]})[0], 202)
            wait_for("it is ready again", 60, lambda: stack.status("/readyz") == 200)


if __name__ == "__main__":
    unittest.main()
