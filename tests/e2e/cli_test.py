"""The command line, end to end: every subcommand with a real database and a real model."""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from stack import BUILD, Stack


class Cli(unittest.TestCase):
    """Subclasses' shared way to call the program."""

    def run_json(self, *arguments):
        """The one JSON object that --json promises: the only line on stdout."""
        out = self.stack.sasrec(*arguments, "--json").stdout
        self.assertEqual(out.count("\n"), 1, out)
        return json.loads(out)

    def refuse(self, status, *arguments):
        """stderr of a command that must end with the status and answer nothing."""
        done = self.stack.sasrec(*arguments, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def file(self, name, text):
        path = self.stack.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def interactions(self):
        return self.stack.sql("select user_id, item_id from interactions "
                              "order by user_id, created_at, id").splitlines()


class Words(Cli):
    """What needs neither a database nor a model."""

    class NoStack:
        folder = pathlib.Path("/")

        @staticmethod
        def sasrec(*arguments, check=True):
            done = subprocess.run([BUILD / "sasrec", *arguments], cwd="/",
                                  env={"POSTGRES_URL": "postgresql://a:secret@localhost/x"},
                                  capture_output=True, text=True)
            assert not check or done.returncode == 0, done.stderr
            return done

    stack = NoStack
    commands = ("migrate", "seed", "import", "export", "prune", "train", "evaluate",
                "recommend", "serve", "probe", "topics", "dlq", "config", "man", "completion")

    def test_help_lists_the_commands(self):
        text = self.stack.sasrec("--help").stdout
        for command in self.commands:
            self.assertIn(f"\n  {command} ", text)
        self.assertEqual(self.stack.sasrec("help").stdout, text)

    def test_every_command_has_help_usage_and_version(self):
        for command in self.commands:
            text = self.stack.sasrec(command, "--help").stdout
            self.assertTrue(text.startswith(f"Usage: sasrec {command} "), text)
            self.assertEqual(self.stack.sasrec("help", command).stdout, text)
            self.assertEqual(self.stack.sasrec(command, "-h").stdout, text)
            self.assertIn("Usage:", self.stack.sasrec(command, "--usage").stdout)
            self.assertRegex(self.stack.sasrec(command, "--version").stdout,
                             r"^sasrec \d+\.\d+")

    def test_unknown_command_is_64_with_a_suggestion(self):
        self.assertIn("did you mean 'train'?", self.refuse(64, "trian"))
        self.assertIn("'sasrec help' lists them", self.refuse(64, "frobnicate"))
        self.assertIn("Usage:", self.refuse(64))

    def test_unknown_options_and_variables_get_a_suggestion(self):
        self.assertIn("'--colums'; did you mean '--columns'?",
                      self.refuse(64, "import", "--colums=user=a", "x.csv"))
        self.assertIn("'sasrec serve --help' lists them", self.refuse(64, "serve", "--banana"))
        of_scripts = {"SASREC_WORKER_1_PORT": "1", "SASREC_PROMETHEUS_PORT": "2"}
        done = subprocess.run([BUILD / "sasrec", "config"], capture_output=True, text=True,
                              env={"SASREC_CHEKPOINTS": "x"} | of_scripts)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(
            done.stderr, "sasrec config: the variable SASREC_CHEKPOINTS is none of ours; "
            "did you mean SASREC_CHECKPOINTS?\n")

    def test_an_answer_that_cannot_be_written_is_a_failure(self):
        for arguments in (["help"], ["--version"], ["config"], ["config", "--json"],
                          ["import", "--help"], ["man"], ["completion", "bash"]):
            with self.subTest(arguments), open("/dev/full", "w") as full:
                done = subprocess.run([BUILD / "sasrec", *arguments], stdout=full,
                                      stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("No space left", done.stderr)

    def test_wrong_usage_is_64_and_names_the_command(self):
        for arguments in (("train", "--epochs", "x"), ("train", "--epochs", "0"),
                          ("train", "--serve-budget", "0"),
                          ("train", "--serve-budget", "90", "--width", "8"),
                          ("seed", "--items", "29"), ("seed", "--users", "1e3"),
                          ("import",), ("import", "a", "b"), ("import", "a", "-f", "xml"),
                          ("prune",), ("prune", "--before", "2026-02-30"),
                          ("prune", "--before", "soon"), ("export", "--json"),
                          ("evaluate", "--protocol", "some"), ("evaluate", "--split", "x"),
                          ("recommend",), ("recommend", "--history", "[1,-2]"),
                          ("recommend", "--history", "[1"), ("recommend", "--history", "k" * 129),
                          ("recommend", "--history", "1", "-k", "0"),
                          ("recommend", "--history", "1", "-k", "1001"),
                          ("recommend", "--all-users"),
                          ("recommend", "--all-users", "--out", "all.txt"),
                          ("recommend", "--all-users", "--out", "all.csv", "--history", "1"),
                          ("recommend", "--history", "1", "--resume"),
                          ("recommend", "--history", "1", "--exclude", ""),
                          ("recommend", "--history", "1", "--allow", "[1,"),
                          ("recommend", "--history", "1", "--seen", "purchase"),
                          ("recommend", "--history", "1", "--diversity", "2"),
                          ("recommend", "--history", "1", "--min-score", "much"),
                          ("recommend", "--history", "1", "--rules", "a b"),
                          ("serve", "--http-port", "99999"), ("config", "extra")):
            with self.subTest(arguments):
                self.assertTrue(self.refuse(64, *arguments)
                                .startswith(f"sasrec {arguments[0]}: "))

    def test_config_shows_origins_and_masks_secrets(self):
        rows = {s["name"]: s for s in self.run_json("config", "--http-port", "81")["settings"]}
        self.assertEqual((rows["http-port"]["value"], rows["http-port"]["origin"]),
                         ("81", "flag"))
        self.assertEqual(rows["ui-port"]["origin"], "default")
        self.assertEqual(rows["postgres-url"]["origin"], "environment")
        self.assertEqual(rows["http-port"]["env"], "SASREC_HTTP_PORT")
        text = self.stack.sasrec("config").stdout + self.stack.sasrec("config", "--json").stdout
        self.assertNotIn("secret", text)

    def test_no_model_says_what_to_do(self):
        text = self.refuse(1, "recommend", "--history", "10", "--checkpoints", "/nowhere")
        self.assertIn("run 'sasrec train'", text)
        self.refuse(1, "recommend", "--history", "10", "--checkpoint", "/dev/null")
        self.refuse(1, "recommend", "--history", "10", "--checkpoint", "no-such-version")

    def test_probe_says_that_nobody_is_there(self):
        self.assertIn("127.0.0.1, port 9: Connection refused",
                      self.refuse(1, "probe", "--admin-port", "9"))
        self.assertIn("--admin-port is 0", self.refuse(1, "probe", "--admin-port", "0"))

    def test_no_database_is_said_without_the_password(self):
        for command in (("migrate",), ("seed",), ("train",), ("export",),
                        ("prune", "--before", "2026-01-01")):
            text = self.refuse(1, *command, "--postgres-url", "postgresql://a@127.0.0.1:9/x")
            self.assertTrue(text.startswith(f"sasrec {command[0]}: "), text)

    def test_connection_string_that_cannot_be_read_is_wrong_usage_and_not_repeated(self):
        for url in ("postgresql://a:s@cret@db/x", "postgresql://a:s/cret@db/x",
                    "host=db password=s cret", "postgresql://a:cret@db/x"):
            text = self.refuse(64, "migrate", "--postgres-url", url)
            self.assertTrue(text.startswith("sasrec migrate: "), text)
            self.assertNotIn("cret", text.replace("secret", ""))

    def test_roles_that_need_kafka_are_refused(self):
        self.assertIn("Kafka", self.refuse(1, "serve", "--role", "worker"))


class Settings(Cli):
    """The file of settings."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()  # for its environment and folder only
        cls.addClassCleanup(shutil.rmtree, cls.stack.folder, ignore_errors=True)

    def test_settings_come_from_a_file_below_environment_and_flags(self):
        path = self.file("sasrec.conf", "SASREC_HTTP_PORT=81\nSASREC_WORKERS=3\n"
                                        f"SASREC_UI_PORT={self.stack.ui_port + 1}\n")
        rows = {s["name"]: s for s in self.run_json("config", "--config", path, "--workers",
                                                    "4")["settings"]}
        self.assertEqual([(rows[name]["value"], rows[name]["origin"])
                          for name in ("http-port", "ui-port", "workers")],
                         [(str(self.stack.port), "environment"),
                          (str(self.stack.ui_port), "environment"), ("4", "flag")])
        self.stack.env["SASREC_CONFIG"] = path
        self.addCleanup(self.stack.env.update, SASREC_CONFIG="/dev/null")
        rows = {s["name"]: s for s in self.run_json("config")["settings"]}
        self.assertEqual((rows["workers"]["value"], rows["workers"]["origin"]),
                         ("3", "config"))

    def test_a_bad_file_of_settings_stops_every_command_and_says_where(self):
        path = self.file("bad.conf", "# ours\nSASREC_HTTP_PROT=81\nLOG_LEVEL=loud\n")
        for command in (("config",), ("config", "--check"), ("serve",), ("migrate",)):
            text = self.refuse(1, *command, "--config", path)
            self.assertIn(f"{path}:2: SASREC_HTTP_PROT is no setting; did you mean "
                          "SASREC_HTTP_PORT?", text)
            self.assertIn(f"{path}:3: LOG_LEVEL must be one of", text)
        self.assertIn("/nowhere: cannot be read", self.refuse(1, "serve", "--config",
                                                              "/nowhere"))

    def test_check_finds_what_only_a_start_would(self):
        good = self.file("good.conf", "SASREC_HOSTS=rec.example.com\n")
        self.assertEqual(self.stack.sasrec("config", "--check", "--config", good).stdout,
                         "The settings are good.\n")
        self.assertEqual(self.run_json("config", "--check", "--config", good), {"good": True})
        for line, problem in (("SASREC_TRUSTED_PROXIES=10.0.0.0/99", "no address or network"),
                              ("SASREC_KAFKA_CONFIG=no.such=1", "no.such"),
                              ("SASREC_TLS_CERT=/nowhere\nSASREC_TLS_KEY=/nowhere", "cannot read /nowhere"),
                              ("OTEL_TRACES_SAMPLER=traceidratio\nOTEL_TRACES_SAMPLER_ARG=7", "from 0 to 1"),
                              ("SASREC_ADDRESS_RATE=0/s", "like 100/s"),
                              ("PGPASSWORD=secret", "chmod o-r")):
            with self.subTest(line):
                path = self.file("one.conf", line + "\n")
                text = self.refuse(1, "config", "--check", "--config", path)
                self.assertIn(problem, text)
                self.assertNotIn("secret", text)
        (self.stack.folder / "one.conf").chmod(0o600)
        self.stack.sasrec("config", "--check", "--config", path)


class Data(Cli):
    """What goes into the database and comes out of it."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))

    def setUp(self):
        self.stack.sql("truncate interactions, items, imports, predictions")

    def test_migrate_again_changes_nothing(self):
        self.assertEqual(self.run_json("migrate"), {"applied": 0})

    def test_seed_runs_once(self):
        answer = self.run_json("seed", "--users", "20", "--items", "60")
        self.assertEqual((answer["seeded"], answer["users"], answer["items"]), (True, 20, 60))
        again = self.run_json("seed", "--users", "20", "--items", "60")
        self.assertEqual((again["seeded"], again["interactions"]), (False, 0))
        count = int(self.stack.sql("select count(*) from interactions"))
        self.assertEqual(count, answer["interactions"])
        self.stack.sasrec("seed", "--users", "20", "--items", "60", "--append")
        self.assertEqual(int(self.stack.sql("select count(*) from interactions")), count)
        self.stack.sasrec("seed", "--users", "20", "--items", "60", "--append", "--seed", "2")
        self.assertGreater(int(self.stack.sql("select count(*) from interactions")), count)

    def test_seed_has_titles_users_and_the_items_of_the_examples(self):
        self.stack.sasrec("seed")
        self.assertEqual(self.stack.sql(
            "select count(*), count(distinct title), count(distinct category) from items"),
            "500|500|10")
        self.assertEqual(self.stack.sql(
            "select count(*) from items where item_id in (10, 20, 30)"), "3")
        self.assertEqual(self.stack.sql(
            "select count(distinct user_id), min(length(user_id)), bool_and(user_id ~ "
            "'^user_([1-9][0-9]?|100)$') from interactions"), "100|6|t")
        self.assertEqual(self.stack.sql(
            "select max(created_at) <= now() and min(created_at) > now() - interval "
            "'200 days' from interactions"), "t")

    def test_seed_is_the_same_for_the_same_number(self):
        runs = []
        for seed in "7", "7", "8":
            self.stack.sql("truncate interactions, items, imports")
            self.stack.sasrec("seed", "--users", "10", "--seed", seed)
            runs.append(self.interactions())
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])

    def test_import_pairs_keeps_the_order_of_the_file(self):
        path = self.file("a.txt", "bob 5\nann 9\nbob 4\nann 1\n")
        answer = self.run_json("import", path)
        self.assertEqual(answer["interactions"], 4)
        self.assertEqual(self.interactions(), ["ann|9", "ann|1", "bob|5", "bob|4"])

    def test_import_csv_and_jsonl_with_times(self):
        self.stack.sasrec("import", self.file(
            "a.csv", 'user_id,item_id,created_at\n"a, ""b""",2,2026-01-02T00:00:00+01:00\n'
                     '"a, ""b""",1,2026-01-01\n'))
        self.stack.sasrec("import", self.file(
            "a.jsonl", '{"user_id":"zoë","item_id":3,"created_at":1767225600}\n'))
        self.assertEqual(self.interactions(), ['a, "b"|1', 'a, "b"|2', "zoë|3"])
        self.assertEqual(self.stack.sql(
            "select count(*) from interactions where created_at = '2026-01-01T23:00:00Z'"), "1")

    def test_bad_lines_are_told_and_nothing_is_loaded(self):
        lines = [f"u{i} {i}" for i in range(1, 31)]
        for i in range(3, 27, 2):
            lines[i] = "bad"
        text = self.refuse(2, "import", self.file("b.txt", "\n".join(lines) + "\n"))
        self.assertEqual(text.count("sasrec import: "), 11)
        self.assertIn("b.txt:4: ", text)
        self.assertIn("12 bad lines", text)
        self.assertIn("nothing was loaded", text)
        self.assertEqual(self.interactions(), [])
        self.assertEqual(self.stack.sql("select count(*) from imports"), "0")

    def test_a_bad_line_is_told_once_though_the_file_is_read_twice(self):
        rows = 'user_id,item_id,created_at\nann,1,soon\nann,SKU,soon\nann,2,soon\n'
        text = self.refuse(2, "import", self.file("twice.csv", rows))
        self.assertEqual([text.count(f"twice.csv:{line}: created_at") for line in (2, 3, 4)], [1, 1, 1], text)
        self.assertIn("3 bad lines of 3", text)
        rows = '{"id":1,"hidden":"x"}\n{"id":"SKU","hidden":"x"}\n{"id":2,"hidden":"x"}\n'
        text = self.refuse(2, "import", "--items", self.file("twice.jsonl", rows))
        self.assertEqual([text.count(f"twice.jsonl:{line}: hidden") for line in (1, 2, 3)], [1, 1, 1], text)
        self.assertIn("3 bad lines of 3", text)

    def test_a_file_is_loaded_once(self):
        path = self.file("c.txt", "ann 1\nann 2\n")
        self.stack.sasrec("import", path)
        copy = self.file("renamed.txt", "ann 1\nann 2\n")
        self.assertIn("--append", self.refuse(2, "import", copy))
        self.assertEqual(len(self.interactions()), 2)
        self.stack.sasrec("import", copy, "--append")
        self.assertEqual(len(self.interactions()), 2)

    def test_import_reads_standard_input(self):
        done = subprocess.run([BUILD / "sasrec", "import", "-"], env=self.stack.env,
                              input="ann 1\nann 2\n", text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.interactions(), ["ann|1", "ann|2"])

    def test_import_of_nothing(self):
        self.refuse(2, "import", self.file("empty.txt", "\n\n"))
        self.assertIn("No such file", self.refuse(1, "import", "no-such-file"))
        self.assertIn("directory", self.refuse(1, "import", "/tmp"))

    def test_export_comes_back_the_same(self):
        self.stack.sasrec("import", self.file(
            "d.csv", 'user_id,item_id,created_at\n"x,""y""",7,1700000000.123456\nb,0,5\n'))
        everything = "select user_id, item_id, created_at from interactions order by 1, 3"
        before = self.stack.sql(everything)
        for name in "out.csv", "out.jsonl":
            path = str(self.stack.folder / name)
            self.assertEqual(self.run_json("export", "--out", path)["interactions"], 2)
            self.stack.sql("truncate interactions, imports")
            self.stack.sasrec("import", path)
            self.assertEqual(self.stack.sql(everything), before)
        out = self.stack.sasrec("export", "--format", "pairs").stdout
        self.assertEqual(sorted(out.splitlines()), ["b 0", 'x,"y" 7'])

    def test_export_leaves_the_old_file_when_it_fails(self):
        self.stack.sasrec("import", self.file("e.csv", "user_id,item_id\na b,1\n"))
        path = self.file("kept.txt", "old")
        self.assertIn("--format csv", self.refuse(1, "export", "--out", path,
                                                  "--format", "pairs"))
        self.assertEqual(pathlib.Path(path).read_text(), "old")
        self.assertEqual(list(self.stack.folder.glob("kept.txt.*")), [])

    def test_prune_deletes_old_finished_predictions(self):
        for day, status, more in (("01", "COMPLETED", "'{}', 'v'"), ("01", "PENDING", "null, null"),
                                  ("03", "COMPLETED", "'{}', 'v'")):
            self.stack.sql(
                "insert into predictions (request_id, user_id, status, request_json, "
                "result_json, model_version, deadline, created_at) values "
                f"(gen_random_uuid(), 'a', '{status}', '{{}}', {more}, now(), "
                f"'2026-01-{day}')")
        self.assertEqual(self.run_json("prune", "--before", "2026-01-02")["deleted"], 1)
        self.assertEqual(self.stack.sql("select count(*) from predictions"), "2")

    def test_train_without_interactions_says_what_to_do(self):
        text = self.refuse(1, "train")
        self.assertTrue(text.endswith("; run 'sasrec seed' or 'sasrec import FILE'\n"), text)
        self.assertIn('no interactions in database "', text)

    def test_a_database_without_tables(self):
        self.stack.sql("create database bare")
        self.assertIn("run 'sasrec migrate'", self.refuse(1, "seed", "--pgdatabase", "bare"))
        self.assertIn("run 'sasrec migrate'", self.refuse(1, "seed", "--pgdatabase", "none"))
        self.stack.sasrec("migrate", "--pgdatabase", "bare")
        self.stack.sasrec("seed", "--pgdatabase", "bare", "--users", "3")


class Model(Cli):
    """What needs a model."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))
        cls.stack.sasrec("seed")
        cls.report = json.loads(cls.stack.sasrec("train", "--json").stdout)

    def test_train_reports_what_it_promises(self):
        report = self.report
        self.assertEqual(set(report["floors"]), {"popularity", "markov"})
        for part in report["valid"], report["test"], *report["floors"].values():
            for name in "ndcg@10", "hr@10":
                self.assertTrue(0 <= part[name] <= 1)
        self.assertGreater(report["seconds"], 0)
        self.assertGreater(report["epochs"], 0)
        self.assertGreater(report["positions_per_second"], 0)
        self.assertGreater(report["serving_ms"], 0)
        self.assertTrue(pathlib.Path(report["checkpoint"]).is_file())
        current = self.stack.folder / "checkpoints/current"
        self.assertEqual(current.read_text().strip(), report["version"])

    def test_a_budget_for_serving_chooses_the_width(self):
        """Of what its own width costs a half is too little for it, and everything enough."""
        folder = str(self.stack.folder / "budget")
        def train(budget_us, *more):
            return self.stack.sasrec("train", "--epochs", "1", "--publish", "never", "--out",
                                     folder, "--serve-budget", str(budget_us), *more).stderr
        own = self.report["serving_ms"] * 1000
        self.assertIn("Serving: width 64 takes", train(20 * own))
        said = re.search(r"Serving: width (\d+) takes (\d+) us", train(own / 2))
        self.assertIn(said[1], ("48", "32", "16"))
        self.assertLessEqual(int(said[2]), own / 2 + 1)
        self.assertIn("--serve-budget 1: width 16 already takes",
                      self.refuse(1, "train", "--serve-budget", "1", "--out", folder))
        self.assertIn("divide", self.refuse(1, "train", "--serve-budget", "1", "--out", folder,
                                            "--heads", "3"))

    def test_the_model_beats_the_floors(self):
        hit = self.report["test"]["hr@10"]
        floors = self.report["floors"]
        self.assertGreaterEqual(hit, 3 * floors["popularity"]["hr@10"])
        self.assertGreater(hit, floors["markov"]["hr@10"])

    def test_evaluate_agrees_with_train(self):
        answer = self.run_json("evaluate")
        for name in "ndcg@10", "hr@10":
            self.assertAlmostEqual(answer[name], self.report["test"][name], 6)
        self.assertEqual(answer["floors"], self.report["floors"])
        valid = self.run_json("evaluate", "--split", "valid",
                              "--checkpoint", self.report["version"])
        self.assertAlmostEqual(valid["hr@10"], self.report["valid"]["hr@10"], 6)

    def test_evaluate_sampled_is_easier(self):
        answer = self.run_json("evaluate", "--protocol", "sampled100",
                               "--checkpoint", self.report["checkpoint"])
        self.assertGreater(answer["hr@10"], self.report["test"]["hr@10"])
        self.assertNotIn("floors", answer)

    def test_recommend(self):
        answer = self.run_json("recommend", "--history", "10,20,30")
        self.assertEqual(len(set(answer["item_ids"]) - {10, 20, 30}), 10)
        self.assertEqual(answer["scores"], sorted(answer["scores"], reverse=True))
        self.assertEqual((answer["source"], answer["history_used"], answer["unknown_dropped"]),
                         ("model", 3, 0))
        five = self.run_json("recommend", "--history", "10,20,30", "-k", "5")
        self.assertEqual(five["item_ids"], answer["item_ids"][:5])

    def test_recommend_with_rules(self):
        def ask(*more):
            return self.run_json("recommend", "--history", "10,20", "-k", "20", *more)["item_ids"]
        every = ask()
        first = ",".join(map(str, every[:2]))
        self.assertEqual(ask("--exclude", first)[:18], every[2:])
        self.assertEqual(ask("--exclude", json.dumps(every[:2] + ["a,b"]))[:18], every[2:])
        self.assertEqual(ask("--allow", first + ",no such,10"), every[:2])
        self.assertEqual(sorted(ask("--seen", "only")), [10, 20])
        scores = self.run_json("recommend", "--history", "10,20", "-k", "20")["scores"]
        self.assertEqual(ask("--min-score", str(scores[4])), every[:5])
        self.assertNotEqual(ask("--diversity", "0.9"), every)
        self.assertNotEqual(ask("--popularity", "1"), every)
        self.stack.sql("insert into rule_sets (name, rules) values "
                       f"('front', '{{\"exclude\": [{first}]}}'), ('seen', '{{\"seen\": \"purchase\"}}')")
        self.addCleanup(self.stack.sql, "delete from rule_sets")
        self.assertEqual(ask("--rules", "front", "--exclude", str(every[2]))[:17], every[3:])
        for name in "none-such", "seen":
            self.assertIn(name, self.refuse(1, "recommend", "--history", "10", "--rules", name))
        some = ask("--categories-any", "Mystery,Travel", "--categories-none", "Poetry")
        rows = self.stack.sql("select distinct category from items where item_id = any (array"
                              f"{some})").split()
        self.assertLessEqual(set(rows), {"Mystery", "Travel"})
        self.assertEqual(len(some), 20)
        self.stack.sql(f"update items set hidden = true where item_id = {some[0]}")
        self.addCleanup(self.stack.sql, "update items set hidden = false")
        again = ("--categories-any", "Mystery,Travel", "--categories-none", "Poetry")
        self.assertEqual(ask(*again)[:19], some[1:])
        self.assertEqual(ask(*again, "--include-hidden"), some)

    def test_recommend_for_everybody_with_rules(self):
        plain = [json.loads(line) for line in self.everybody("plain.jsonl", "-k", "5").splitlines()]
        gone = plain[0]["item_ids"][:2]
        answers = self.everybody("ruled.jsonl", "-k", "5", "--exclude", ",".join(map(str, gone)), "--diversity", "0")
        for answer, before in zip(map(json.loads, answers.splitlines()), plain, strict=True):
            left = [item for item in before["item_ids"] if item not in gone]
            self.assertEqual(answer["item_ids"][:len(left)], left)
            self.assertEqual(len(answer["item_ids"]), 5)
            self.assertFalse(set(answer["item_ids"]) & set(gone))

    def everybody(self, name, *more):
        path = self.stack.folder / name
        answer = self.run_json("recommend", "--all-users", "--out", str(path), *more)
        self.assertEqual((answer["file"], answer["users"]), (str(path), 100))
        self.assertEqual(answer["model_version"], self.report["version"])
        self.assertEqual(sorted(self.stack.folder.glob(name + "*")), [path])
        return path.read_text()

    def assert_same(self, answer, direct):
        self.assertEqual(answer["item_ids"], direct["item_ids"])
        for one, other in zip(answer["scores"], direct["scores"], strict=True):
            self.assertAlmostEqual(one, other, places=4)

    def test_recommend_for_everybody(self):
        answers = [json.loads(line) for line in self.everybody("all.jsonl").splitlines()]
        self.assertEqual([answer.pop("user_id") for answer in answers],
                         sorted(f"user_{i}" for i in range(1, 101)))
        histories = {}
        for row in self.interactions():
            user, item = row.split("|")
            histories.setdefault(user, []).append(item)
        for place in 0, 50, 99:
            direct = self.run_json("recommend", "--history", ",".join(sorted(histories.items())[place][1]))
            self.assertEqual(set(direct), set(answers[place]))
            self.assert_same(answers[place], direct)

    def test_recommend_for_everybody_as_csv(self):
        lines = self.everybody("all.csv", "-k", "3", "--include-seen", "--threads", "3").splitlines()
        self.assertEqual(lines[0], "user_id,rank,item_id,score")
        rows = [line.split(",") for line in lines[1:]]
        self.assertEqual([row[:2] for row in rows],
                         [[f"user_{i}", str(rank)] for i in sorted(range(1, 101), key=str) for rank in (1, 2, 3)])

    def test_recommend_for_everybody_leaves_out_what_is_not_on_offer(self):
        best = self.stack.sql("select string_agg (item_id::text, ',') from (select item_id from "
                              "interactions group by 1 order by count (*) desc limit 60) t")
        self.addCleanup(self.stack.sql, "update items set hidden = false, expires_at = null")
        hidden, expired = best.split(",")[:30], best.split(",")[30:]
        self.stack.sql(f"update items set hidden = true where item_id in ({','.join(hidden)})")
        self.stack.sql(f"update items set expires_at = now () where item_id in ({','.join(expired)})")
        answers = [json.loads(line) for line in self.everybody("offered.jsonl").splitlines()]
        recommended = {item for answer in answers for item in answer["item_ids"]}
        self.assertFalse(recommended & set(map(int, hidden + expired)))
        self.assertEqual({len(answer["item_ids"]) for answer in answers}, {10})

    def test_recommend_for_everybody_goes_on_after_a_kill(self):
        whole = self.everybody("whole.jsonl", "-k", "5").splitlines(keepends=True)
        done = "".join(whole[:70])
        terms = {"model_version": self.report["version"], "k": 5, "include_seen": False, "format": "jsonl"}
        part = self.stack.folder / "gone_on.jsonl.part"
        part.write_text(done + whole[70][:40])
        state = {"terms": terms, "last_user": json.loads(whole[69])["user_id"], "users": 70,
                 "interactions": 2800, "bytes": len(done)}
        self.file("gone_on.jsonl.part.json", json.dumps(state))
        for more in ("-k", "6"), ("-k", "5", "--include-seen"):
            self.assertIn('"k":5', self.refuse(1, "recommend", "--all-users", "--resume", "--out",
                                               str(self.stack.folder / "gone_on.jsonl"), *more))
        text = self.everybody("gone_on.jsonl", "-k", "5", "--resume")
        self.assertTrue(text.startswith(done))
        for line, other in zip(text.splitlines(), whole, strict=True):
            self.assert_same(json.loads(line), json.loads(other))

    def test_recommend_for_everybody_says_what_it_cannot(self):
        place = str(self.stack.folder / "all.jsonl")
        self.assertIn("run 'sasrec migrate'", self.refuse(
            1, "recommend", "--all-users", "--out", place, "--pgdatabase", "none"))
        self.assertIn("No such file", self.refuse(1, "recommend", "--all-users", "--out", "/nowhere/all.csv"))

    def test_openblas_uses_what_the_cpu_can_do(self):
        """Also on a CPU that it does not know, unless somebody chose otherwise."""
        def said(**env):
            rest = {k: v for k, v in self.stack.env.items() if k != "OPENBLAS_CORETYPE"}
            return subprocess.run([BUILD / "sasrec", "evaluate"],
                                  env=rest | env, cwd=self.stack.folder, check=True,
                                  capture_output=True, text=True).stderr
        self.assertNotIn("blas.held_back", said())
        if " avx2 " in pathlib.Path("/proc/cpuinfo").read_text():
            self.assertIn("blas.held_back", said(OPENBLAS_CORETYPE="Prescott"))

    def test_recommend_for_an_empty_or_unknown_history(self):
        for history, unknown in ("", 0), ("99999,99998", 2):
            answer = self.run_json("recommend", "--history", history)
            self.assertEqual((answer["source"], answer["unknown_dropped"]),
                             ("popular", unknown))
            self.assertEqual(len(answer["item_ids"]), 10)

    def test_same_seed_same_weights(self):
        data = str(self.stack.folder / "pairs.txt")
        self.stack.sasrec("export", "--format", "pairs", "--out", data)
        runs = [self.run_json("train", "--data", data, "--seed", "5", "--epochs", "2",
                              "--out", str(self.stack.folder / name))
                for name in ("one", "two")]
        self.assertEqual(runs[0]["test"], runs[1]["test"])
        answers = [self.run_json("recommend", "--history", "10,20", "--checkpoint",
                                 run["checkpoint"]) for run in runs]
        self.assertEqual(answers[0]["scores"], answers[1]["scores"])

    def test_interrupted_training_keeps_the_best_so_far(self):
        folder = self.stack.folder / "interrupted"
        process = subprocess.Popen(
            [BUILD / "sasrec", "train", "--json", "--epochs", "100000", "--patience",
             "100000", "--out", str(folder)], env=self.stack.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in process.stderr:  # after the first epoch
            if "epoch" in line and "valid" in line:
                break
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertLess(time.monotonic() - started, 30)
        self.assertTrue(pathlib.Path(json.loads(out)["checkpoint"]).is_file())

    def test_time_limit(self):
        report = self.run_json("train", "--epochs", "100000", "--patience", "100000",
                               "--time-limit", "1", "--out",
                               str(self.stack.folder / "limited"))
        self.assertLess(report["seconds"], 20)

    def test_damaged_checkpoint_is_refused(self):
        data = bytearray(pathlib.Path(self.report["checkpoint"]).read_bytes())
        data[-8] ^= 0x40
        path = self.file("damaged.safetensors", bytes(data))
        self.assertIn("damaged.safetensors",
                      self.refuse(1, "recommend", "--history", "10", "--checkpoint", path))


if __name__ == "__main__":
    unittest.main()
