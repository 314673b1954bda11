"""What people do to the table predictions while the service is under load: they lock rows,
guard them by triggers, and leave transactions open."""
import contextlib
import subprocess

from scenarios import scenario

# What an owner's trigger may do: raise SQLSTATEs, some of its own, some of the server's; or
# keep the row as it is without a word.
ACTS = [f"raise exception 'not this one' using errcode = '{code}'" for code in (
    "45000", "SHOP1", "P0001", "XX001", "42P01", "42501", "53100", "40001", "57P01")]
ACTS.append("return null")

LONGEST_PAUSE = """
    select coalesce(max(gap), 0) from (
        select extract(epoch from updated_at - lag(updated_at) over (order by updated_at)) gap
        from predictions where status = 'COMPLETED'
        and created_at < to_timestamp({until_ms} / 1000.0)) t"""


class Person:
    """A psql with a transaction open."""

    def __init__(self, run, begin="begin"):
        self.process = subprocess.Popen(
            ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1"], env=run.deployment.env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ask(begin + ";")

    def ask(self, sql):
        self.process.stdin.write(sql + "\n\\echo done\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline()) != "done\n":
            assert line, "psql ended"
            lines.append(line.rstrip("\n"))
        return lines

    def leave(self):
        self.ask("commit;")
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def names_results(run):
    """A role says in /readyz that results are unwritten."""
    for role in run.roles.values():
        with contextlib.suppress(OSError):
            text = run.deployment.get("/readyz?verbose", port=role.port)[1]
            if b"[-]results" in (text if isinstance(text, bytes) else str(text).encode()):
                return True
    return False


def expect_steady(run):
    """The completions of the others never paused for longer than 3 s."""
    until_ms = run.now_ms()
    run.wait_load()
    pause = run.deployment.sql(LONGEST_PAUSE.format(until_ms=until_ms))
    run.expect("longest pause between completions, s", round(float(pause), 2), at_most=3)


@scenario(seconds=60)
def locked_row(run):
    """Somebody's psql holds PENDING rows FOR UPDATE, 3 at a time, for a third of the load;
    then another one."""
    named = False
    locked = []
    for _ in range(2):
        run.pause(3)
        person = Person(run)
        person.ask("create temp table mine (id uuid) on commit drop;")
        for _ in range(3):
            person.ask(
                "do $$ declare found_id uuid; begin loop select request_id into found_id"
                " from predictions where status = 'PENDING' and request_id not in (select id from mine)"
                " limit 1 for update skip locked;"
                " exit when found_id is not null; end loop;"
                " insert into mine values (found_id); end $$;")
        run.note("3 rows are locked")
        for _ in range(int(run.seconds / 3)):
            run.pause(1)
            named = named or names_results(run)
        locked += person.ask("select id from mine;")
        person.leave()
        run.note("the locks are gone")
    ids = {line for line in locked if len(line) == 36}
    run.tell("rows that were locked", len(ids))
    run.expect("rows that were locked", len(ids), at_least=4)
    run.expect("/readyz named results", int(named), at_least=1)
    expect_steady(run)
    run.expect_alive()


@scenario(seconds=60)
def refused_row(run):
    """An owner's trigger refuses changes of one row in a hundred, with nine SQLSTATEs in
    turn and at last without a word, for three quarters of the load."""
    sql = run.deployment.sql
    run.pause(3)
    for act in ACTS:
        sql(None, script=f"""
            create or replace function guard() returns trigger language plpgsql as $$
            begin
                if get_byte(uuid_send(new.request_id), 15) < 3 then
                    {act};
                end if;
                return new;
            end $$;
            create or replace trigger guard before update on predictions
                for each row execute function guard();""")
        run.note(f"1 % of the rows are refused: {act}")
        run.pause((run.seconds * 0.75 - 3) / len(ACTS))
    waiting = sql("select count(*) from predictions where status = 'PENDING'")
    run.tell("rows refused until now", int(waiting))
    run.expect("rows refused until now", int(waiting), at_least=10)
    sql(None, script="drop trigger guard on predictions")
    run.note("the trigger is gone")
    expect_steady(run)
    run.expect_alive()


@scenario(seconds=780, rate=5000, connections=64)
def open_transaction(run):
    """A report's transaction stays open for all but 3 minutes of a load of 5,000/s: accepted
    and completed requests before, in its last minute and after it, and the table's size."""
    sql = run.deployment.sql
    minute = min(60.0, run.seconds / 8)

    def completed(seconds):
        begin = run.now_ms()
        run.pause(seconds)
        count = sql(f"""select count(*) from predictions where status = 'COMPLETED'
            and updated_at between to_timestamp({begin} / 1000.0) and now()""")
        return int(count) / (run.now_ms() - begin) * 1000

    def told(when):
        dead = sql("select n_dead_tup from pg_stat_user_tables where relname = 'predictions'")
        size = sql("select pg_total_relation_size('predictions') / 1048576")
        rows = sql("select n_live_tup from pg_stat_user_tables where relname = 'predictions'")
        run.tell(f"{when}: MB", int(size))
        run.tell(f"{when}: rows / dead", f"{rows} / {dead}")
        return int(dead)

    run.pause(5)
    before = completed(minute)
    quiet = (run.now_ms() - minute * 1000, run.now_ms())
    person = Person(run, "begin isolation level repeatable read; select count(*) from items")
    run.note("a transaction is open")
    run.pause(run.seconds - 4 * minute - 5)
    during = completed(minute)
    late = (run.now_ms() - minute * 1000, run.now_ms())
    told("at its end")
    person.leave()
    run.note("the transaction has ended")
    after = completed(minute)
    dead = told("a minute later")
    expect_steady(run)
    run.tell("p99 ms before / at its end", f"{run.p99_ms(*quiet):.1f} / {run.p99_ms(*late):.1f}")
    run.tell("completed/s before", round(before))
    run.tell("completed/s in its last minute", round(during))
    run.tell("completed/s after it", round(after))
    run.expect("throughput beside it / before", round(during / before, 3), at_least=0.9)
    run.expect("dead rows a minute later / load", round(dead / run.rate, 1), at_most=60)
    run.expect_alive()
