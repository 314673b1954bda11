"""Files as databases, libraries and public data sets write them, with the command lines
of docs/data.md: what is stored is right in number, order and time."""
import gzip
import json
import pathlib
import shlex
import subprocess
import tempfile
import unittest

from stack import BUILD, ROOT, Stack, wait_for

FILES = ROOT / "tests/fixtures/files"


def fixture_table():
    """expected.tsv: file, options, what is stored."""
    lines = (FILES / "expected.tsv").read_text().splitlines()
    return [line.split("\t") for line in lines[1:]]


class Formats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Stack(trained=False))

    def setUp(self):
        self.stack.sql("truncate interactions, imports, items")

    def file(self, name, text):
        path = self.stack.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def load(self, path, *options, status=0):
        done = self.stack.sasrec("import", str(path), *options, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def stored(self):
        """As expected.tsv has it: users in order, each one's items oldest first with their
        times."""
        return self.stack.sql(
            "select string_agg(rows, '; ' order by user_id) from (select user_id, user_id || "
            "': ' || string_agg(coalesce(item_key, item_id::text) || ' ' || to_char(interactions.created_at at time zone 'UTC', "
            "'YYYY-MM-DD\"T\"HH24:MI:SS.MS'), ', ' order by interactions.created_at, id) as rows "
            "from interactions left join items using (item_id) group by user_id) t")

    def test_every_format_is_loaded_right(self):
        for name, options, expected in fixture_table():
            with self.subTest(name):
                self.setUp()
                if expected.startswith("refused: "):
                    done = self.load(FILES / name, *shlex.split(options), status=2)
                    self.assertIn(expected.removeprefix("refused: "), done.stderr)
                    self.assertEqual(self.stored(), "")
                    continue
                self.load(FILES / name, *shlex.split(options))
                self.assertEqual(self.stored(), expected)

    def test_no_fixture_is_forgotten(self):
        names = {path.name for path in FILES.iterdir()} - {"expected.tsv"}
        self.assertEqual({row[0] for row in fixture_table()}, names)

    def test_the_guide_has_these_command_lines(self):
        guide = (ROOT / "docs/data.md").read_text()
        for name, options, _ in fixture_table():
            if options:
                self.assertIn(options, guide, name)

    def test_train_reads_what_import_reads(self):
        """With the same order: a model that only sees the last two items of each user."""
        lines = ["u,i,t"] + [f"user_{u},{(u + s) % 9},{900 - 100 * s if u % 2 else 100 * s}"
                             for u in range(40) for s in range(1, 9)]
        path = self.file("unsorted.csv", "\n".join(lines) + "\n")
        options = ("--columns", "user=u,item=i,time=t")
        self.load(path, *options)
        out = str(self.stack.folder / "sorted.jsonl")
        self.stack.sasrec("export", "--out", out)
        train = ("--epochs", "1", "--seed", "3", "--json", "--checkpoints")
        reports = []
        for index, data in enumerate(((path, *options), (out,))):
            folder = str(self.stack.folder / f"model{index}")
            done = self.stack.sasrec("train", "--data", *data, *train, folder)
            reports.append(json.loads(done.stdout)["floors"])
        self.assertEqual(reports[0], reports[1])

    def test_compressed_and_from_a_pipe(self):
        text = (FILES / "movielens-latest.csv").read_bytes()
        self.load(FILES / "movielens-latest.csv")
        plain = self.stored()
        packed = {"a.csv.gz": gzip.compress(text),
                  "a.csv.zst": subprocess.run(["zstd", "-c"], input=text, check=True,
                                              capture_output=True).stdout}
        for name, data in packed.items():
            self.setUp()
            self.load(self.file(name, data))
            self.assertEqual(self.stored(), plain)
            self.setUp()
            subprocess.run([BUILD / "sasrec", "import", "-"], env=self.stack.env, input=data,
                           check=True, capture_output=True)
            self.assertEqual(self.stored(), plain)
        self.setUp()
        self.load(self.file("cut.csv.gz", packed["a.csv.gz"][:-12]), status=1)

    def test_what_was_understood_is_told_before_loading(self):
        done = self.load(FILES / "retailrocket.csv")
        self.assertIn("user is visitorid, item is itemid, time is timestamp (unix "
                      "milliseconds), kind is event; left out: transactionid", done.stderr)
        done = self.load(FILES / "pandas-naive.csv")
        self.assertEqual((done.stdout + done.stderr).count("UTC)"), 1)

    def test_overlapping_exports_count_each_event_once(self):
        day1 = "user_id,item_id,created_at\n" + "".join(
            f"u{i % 50},{i},2026-01-{1 + i % 28:02} 10:00:00+00\n" for i in range(1000))
        day2 = day1 + "u1,5000,2026-02-01 10:00:00+00\n"
        self.load(self.file("day1.csv", day1))
        done = self.load(self.file("day2.csv", day2))
        self.assertIn("Loaded 1 interaction ", done.stdout)
        self.assertIn("1000 skipped", done.stdout)
        self.assertEqual(self.stack.sql("select count(*) from interactions"), "1001")

    def test_events_and_values_go_round(self):
        text = ("user_id,item_id,created_at,event,value\n"
                "ann,1,2026-01-01T10:00:00.000000Z,view,\n"
                "ann,1,2026-01-01T10:00:00.000000Z,\"buy, now\",0.1\n"
                "ann,2,2026-01-01T10:00:01.000000Z,,-3\n"
                "bob,1,2026-01-01T10:00:02.000000Z,,\n")
        self.load(self.file("events.csv", text))
        for name in "out.csv", "out.jsonl":
            path = self.stack.folder / name
            self.stack.sasrec("export", "--out", str(path))
            self.setUp()
            self.load(path)
            self.assertEqual(self.stack.sasrec("export").stdout, text)
        self.assertNotIn("event", path.read_text().splitlines()[3])

    def test_what_has_no_events_is_exported_as_before(self):
        self.load(FILES / "movielens-latest.csv")
        self.assertEqual(self.stack.sasrec("export").stdout.splitlines()[0], "user_id,item_id,created_at")

    def test_an_overlap_with_an_older_load_without_events(self):
        self.load(FILES / "retailrocket.csv", "--columns", "kind=")
        self.load(FILES / "retailrocket.csv", "--append")
        self.assertEqual(self.stack.sql("select count(*), count(event) from interactions"), "3|0")

    def test_train_takes_events_from_a_file_as_from_the_database(self):
        rows = [f"user_{u},{(u + s) % 9 + (20 if s % 2 else 0)},{s},{'buy' if s % 2 else 'view'}"
                for u in range(40) for s in range(1, 11)]
        rows += [f"user_{u},77,{s}.5,dislike" for u in range(40) for s in (3, 8)]
        path = self.file("shop.csv", "\n".join(["user,item,ts,event"] + rows) + "\n")
        self.load(path)
        train = ("train", "--epochs", "2", "--json", "--events", "buy", "--event-weight", "buy=2",
                 "--drop-events", "dislike", "--seen", "buy", "--checkpoints")
        reports = []
        for index, data in enumerate(((), ("--data", path))):
            folder = self.stack.folder / f"shop{index}"
            done = self.stack.sasrec(*train, str(folder), *data)
            self.assertIn("targets are buy; they weigh buy=2; without dislike; seen is what had buy", done.stderr)
            self.assertIn("40 users, 18 items, 400 interactions", done.stderr)
            reports.append(json.loads(done.stdout))
        self.assertEqual(reports[0]["floors"], reports[1]["floors"])
        measured = json.loads(self.stack.sasrec(
            "evaluate", "--json", "--checkpoint", reports[0]["checkpoint"], "--events", "buy",
            "--drop-events", "dislike", "--seen", "buy").stdout)
        self.assertEqual(measured["floors"], reports[0]["floors"])
        done = self.stack.sasrec(*train, str(folder), "--events", "purchse", check=False)
        self.assertIn("--event-weight gives buy a weight", done.stderr)
        done = self.stack.sasrec("train", "--events", "purchse", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no interaction has the event purchse", done.stderr)

    def test_an_event_id_counts_once(self):
        event = "0190b0a0-0000-7000-8000-000000000001"
        self.load(self.file("e.csv", "user_id,item_id,created_at,event_id\n" +
                            f"ann,1,2026-01-01,{event}\n" * 2))
        self.load(self.file("f.jsonl", json.dumps(
            {"user": "ann", "item": 1, "ts": 1767300000, "event_id": event}) + "\n"))
        self.assertEqual(self.stack.sql("select count(*), min(event_id::text) "
                                        "from interactions"), f"1|{event}")

    def test_append_adds_what_is_missing(self):
        for name, text in (("a.csv", "user,item,ts\nann,1,900\nbob,2,901\n"),
                           ("a.pairs", "ann 1\nann 1\nbob 2\n")):
            self.setUp()
            path = self.file(name, text)
            self.load(path)
            before = self.stored()
            self.assertIn("--append", self.load(path, status=2).stderr)
            self.load(path, "--append")
            self.assertEqual(self.stored(), before)
            self.stack.sql("delete from interactions where user_id = 'bob'")
            self.load(path, "--append")
            self.assertEqual(self.stored(), before)

    def test_export_writes_into_what_is_not_a_file(self):
        self.load(self.file("a.csv", "user,item,ts\nann,1,900\n"))
        line = "ann,1,1970-01-01T00:15:00.000000Z"
        backup = self.stack.folder / "a.bak"
        self.stack.sasrec("export", "--out", str(backup))
        self.assertIn(line, backup.read_text())
        link = self.stack.folder / "link.csv"
        link.symlink_to(backup)
        backup.write_text("old")
        self.stack.sasrec("export", "--out", str(link))
        self.assertTrue(link.is_symlink())
        self.assertIn(line, backup.read_text())
        done = self.stack.sasrec("export", "--out", "/dev/full", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(pathlib.Path("/dev/full").is_char_device())

    def test_interrupted_export_leaves_no_file(self):
        self.load(self.file("a.csv", "user,item,ts\nann,1,900\n"))
        folder = self.stack.folder / "out"
        folder.mkdir()
        lock = subprocess.Popen(["psql", "-qAt"], env=self.stack.env, text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        lock.stdin.write("begin; lock table interactions; select 'locked';\n")
        lock.stdin.flush()
        self.assertEqual(lock.stdout.readline(), "locked\n")
        export = subprocess.Popen([BUILD / "sasrec", "export", "--out", folder / "a.csv"],
                                  env=self.stack.env)
        wait_for("the export has begun", 60, lambda: list(folder.iterdir()))
        export.terminate()
        export.wait(30)
        lock.communicate("rollback;\n")
        self.assertEqual(list(folder.iterdir()), [])


class Installed(unittest.TestCase):
    """The manual page and the completions, as cmake --install puts them."""

    def test_manual_and_completions(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            subprocess.run(["cmake", "--install", BUILD, "--prefix", folder], check=True,
                           capture_output=True)
            page = (folder / "share/man/man1/sasrec.1").read_text()
            for text in (".SS \"sasrec import [OPTION...] FILE\"", "\\-\\-no\\-header",
                         "SASREC_CHECKPOINTS", "EXIT STATUS"):
                self.assertIn(text, page)
            self.assertIn("-l no-header -r", (
                folder / "share/fish/vendor_completions.d/sasrec.fish").read_text())
            self.assertIn("'--no-header=[", (
                folder / "share/zsh/site-functions/_sasrec").read_text())
            script = folder / "share/bash-completion/completions/sasrec"
            for words, expected in (("im", "import"), ("import --no-h", "--no-header")):
                done = subprocess.run(
                    ["bash", "-c", f"source {script}; COMP_WORDS=(sasrec {words}); "
                     "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _sasrec; "
                     "echo ${COMPREPLY[@]}"], check=True, capture_output=True, text=True)
                self.assertEqual(done.stdout.strip(), expected)


if __name__ == "__main__":
    unittest.main()
