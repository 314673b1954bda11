"""What can go wrong with Kafka in between: scenarios as in scenarios.py, of deployments
that have a broker."""
import collections
import json
import signal
import subprocess
import threading
import time

from deployment import wait_for
from scenarios import scenario
from table_scenarios import expect_steady

PARTITIONS = 12


@scenario(kind="kafka", seconds=120)
def broker_kill(run):
    """The broker ended four times: kill -9, in order, kill -9, and kill -9 with its data
    deleted; back after 3 s."""
    for event, how, forgets in (("kill -9", signal.SIGKILL, False),
                                ("SIGTERM", signal.SIGTERM, False),
                                ("kill -9", signal.SIGKILL, False),
                                ("kill -9, and its data is deleted", signal.SIGKILL, True)):
        if not run.pause(run.rng.uniform(4, 8), tail=15):
            return
        run.note(f"broker: {event}", resumes_within=5)
        run.deployment.broker.end(how)
        if forgets:
            run.deployment.broker.forget()
        run.pause(3)
        run.deployment.broker.start()
        run.note("broker is back, topics created")
    run.expect_alive()


@scenario(kind="kafka", seconds=165)
def broker_outage(run):
    """The broker is stopped for all but 15 s of the load: each request is answered 202 all
    the same, and is COMPLETED once the broker is back."""
    run.pause(5)
    run.note("broker: SIGTERM")
    run.deployment.broker.end(signal.SIGTERM)
    run.pause(run.seconds - 15)
    run.deployment.broker.start()
    waiting = run.deployment.sql("select count(*) from predictions where status = 'PENDING'")
    back = time.monotonic()
    run.note(f"broker is back, topics created; {waiting} wait")
    wait_for("the outage's rows end", 60, lambda: run.deployment.sql(
        "select count(*) from predictions where status = 'PENDING' and created_at < "
        "now() - interval '1 s'") == "0")
    run.tell("rows that waited for the broker", int(waiting))
    run.tell("s from its return to the last of them", round(time.monotonic() - back, 1))
    run.wait_load()
    run.expect("requests not answered 202", run.not_accepted, at_most=0)
    run.expect("longest wait for an answer, s", run.longest_service, at_most=5)
    run.expect_alive()


@scenario(kind="kafka", seconds=40, starts=("api",))
def fresh_start(run):
    """Load on the api alone; then the first start of the broker, then of the db-writer and
    the workers, whose groups find what was sent before they were."""
    run.pause(3)
    run.deployment.broker.start()
    run.note("broker: first start, topics created")
    run.pause(3)
    for name in "db-writer", "worker-1", "worker-2":
        run.deployment.start_role(name)
    run.note("db-writer and workers: first start")
    run.wait_load()
    run.expect("requests not answered 202", run.not_accepted, at_most=0)


def _partitions(run, *names):
    return [run.deployment.metric(name, 'sasrec_kafka_partitions{group="sasrec_worker_group"}')
            for name in names]


def _wait_share(run, event, *names):
    """Until the workers have equal shares; the seconds it took."""
    began = time.monotonic()
    share = [PARTITIONS / len(names)] * len(names)
    wait_for(f"{event}: {share} partitions", 30, lambda: _partitions(run, *names) == share)
    took = time.monotonic() - began
    run.note(f"{event}: {PARTITIONS // len(names)} partitions each after {took:.1f} s")
    return round(took, 1)


@scenario(kind="kafka-3", seconds=50, starts=("broker", "api", "db-writer", "worker-1"))
def three_workers(run):
    """The second and the third worker are started under load, then the first is killed for
    good: the others share its partitions."""
    run.pause(5)
    _wait_share(run, "one worker", "worker-1")
    for number in 2, 3:
        run.deployment.start_role(f"worker-{number}")
        _wait_share(run, f"worker {number} was started",
                    *[f"worker-{i + 1}" for i in range(number)])
        run.pause(5)
    killed_ms = run.now_ms()
    run.note("kill -9 worker-1, for good", resumes_within=5)
    run.roles["worker-1"].kill(for_good=True)
    run.expect("s until the others share", _wait_share(
        run, "worker-1 is dead", "worker-2", "worker-3"), at_most=15)
    run.wait_load()
    run.expect("longest wait for a result, s", lambda: float(run.deployment.sql(
        "select round(max(extract(epoch from updated_at - created_at)), 2) "
        f"from predictions where created_at < to_timestamp({killed_ms / 1000 + 30})")),
        at_most=15)
    run.expect("requests not answered 202", run.not_accepted, at_most=0)


# Poison

def _poison(number):
    """Kinds take turns; each message is another."""
    id_ = f'"request_id":"poison-{number}"'
    return (f"no JSON {number}", f'{{{id_}}}', f'{{{id_},"history":{{}}}}', f"[{number}]",
            f'{{{id_},"history":[1],"k":0}}', f'{{{id_},"history":[1.5]}}',
            f'{{"request_id":{number},"history":[1]}}', f'{{{id_},"history":[1,2',
            f'{{{id_},"history":[1],"k":"ten"}}',
            "\N{REPLACEMENT CHARACTER}" * (300000 if number % 100 == 9 else 10) + str(number),
            )[number % 10]


def _feed_poison(run, poison, seconds):
    kcat = subprocess.Popen(
        ["kcat", "-q", "-P", "-b", run.deployment.env["KAFKA_BOOTSTRAP_SERVERS"], "-t",
         "inference.requests"], stdin=subprocess.PIPE, text=True)
    for line in poison:
        kcat.stdin.write(line + "\n")
        kcat.stdin.flush()
        time.sleep(seconds / len(poison))
    kcat.stdin.close()
    kcat.wait(30)


def _records(run, topic):
    """[(partition, ms, value)] of all there is."""
    done = subprocess.run(
        ["kcat", "-q", "-C", "-b", run.deployment.env["KAFKA_BOOTSTRAP_SERVERS"], "-t",
         topic, "-e", "-f", "%p %T %s\n"], capture_output=True, text=True, check=True)
    return [(int(p), int(at), value) for p, at, value in
            (line.split(" ", 2) for line in done.stdout.splitlines())]


def _request_id(value):
    try:
        return json.loads(value)["request_id"]
    except (ValueError, TypeError, KeyError):
        return None


def _longest_waits(run, wanted):
    """{partition: ms from a request's record to its result's}, of the wanted requests."""
    asked = {_request_id(v): (p, at) for p, at, v in _records(run, "inference.requests")}
    waits = collections.Counter()
    for _, at, value in _records(run, "inference.results"):
        id_ = _request_id(value)
        if id_ in wanted and id_ in asked:
            partition, began = asked[id_]
            waits[partition] = max(waits[partition], at - began)
    return waits


@scenario(kind="kafka", seconds=34, rate=0)
def poison(run):
    """1,000 messages that nobody can read among 10,000 good ones: all of them end as dead
    letters with a reason, and no partition waits."""
    poison = [_poison(n) for n in range(1000)]
    run.load_now(5, rate=300)  # until the groups have met and nothing is cold
    from_ms = run.now_ms()
    feeder = threading.Thread(target=_feed_poison, args=(run, poison, run.seconds - 3))
    feeder.start()
    run.note("load: 10000 requests, 1000 poison messages among them")
    run.load_now(run.seconds + 30, rate=10000 / run.seconds, count=10000)
    feeder.join()

    def dead():
        return json.loads(run.deployment.sasrec("dlq", "list", "--json").stdout)["letters"]
    wait_for("1000 dead letters", 30, lambda: len(dead()) >= len(poison))
    letters = dead()
    reasons = collections.Counter(letter["reason"] for letter in letters)
    run.note("reasons: " + ", ".join(f"{n} x {r}" for r, n in reasons.most_common()))
    run.expect("dead letters", len(letters), at_least=1000, at_most=1000)
    run.expect("dead letters without a reason", reasons[""], at_most=0)
    run.expect("dead letters that are not as they came", len(
        collections.Counter(v for _, _, v in _records(run, "inference.dlq"))
        - collections.Counter(poison)), at_most=0)
    waits = _longest_waits(run, {s.id for s in run.sent if s.status == 202
                                 and s.answered_ms >= from_ms})
    run.expect("partitions with good ones", len(waits), at_least=PARTITIONS)
    run.expect("longest from request to result in Kafka, ms", max(waits.values()),
               at_most=1000)
    run.expect("requests not answered 202", run.not_accepted, at_most=0)


# A request that kills

DEADLY_ITEM = 999999999  # of no history of the load's
ATTEMPTS = 5             # SASREC_MAX_ATTEMPTS


def _deaths(run):
    return sum(len(role.crashes) for role in run.roles.values())


def _send_deadly(run):
    """As a stranger's message, which has no row."""
    run.note("a stranger's request that kills its worker")
    subprocess.run(
        ["kcat", "-P", "-b", run.deployment.env["KAFKA_BOOTSTRAP_SERVERS"], "-t",
         "inference.requests"], check=True, text=True,
        input=json.dumps({"request_id": "deadly", "history": [1, DEADLY_ITEM]}))
    wait_for("it is a dead letter", 60, lambda: [
        letter for letter in json.loads(run.deployment.sasrec(
            "dlq", "list", "--json").stdout)["letters"] if letter["class"] == "deadly"])
    run.note(f"it is a dead letter after {_deaths(run)} deaths")
    run.expect("deaths by a stranger's request", _deaths(run), at_least=ATTEMPTS,
               at_most=ATTEMPTS)
    answers = [json.loads(v) for _, _, v in _records(run, "inference.results")
               if _request_id(v) == "deadly"]
    run.expect("answers that say why", sum("ended" in (a["error"] or "") for a in answers),
               at_least=1)


def _post_deadly(run):
    """The id of such a request. The worker may take the process with it that would have
    answered 202."""
    try:
        status, body, _ = run.deployment.post(
            "/predict", {"user_id": "deadly", "history": [1, DEADLY_ITEM]})
        assert status == 202, body
    except ConnectionError:
        run.note("it has killed who would have answered")
    return run.deployment.sql("select request_id from predictions where user_id = 'deadly'")


@scenario(seconds=75, named=True,
          env={"SASREC_TEST_CRASH_ITEM": str(DEADLY_ITEM)})
def poison_request(run):
    """Requests whose computation kills the worker, one over HTTP and, with Kafka, one of a
    stranger: quarantined after five deliveries, whichever workers those kill, and nothing
    waits."""
    run.pause(5)
    if run.deployment.broker:
        _send_deadly(run)
    before = _deaths(run)
    run.pause(5)
    run.note("POST /predict of such a request")
    request_id = _post_deadly(run)
    run.apart.add(request_id)
    row = f"from predictions where request_id = '{request_id}'"
    wait_for("it has FAILED", 60, lambda: run.deployment.sql(
        f"select status {row}") == "FAILED")
    run.note(f"it has FAILED: {run.deployment.sql(f'select error {row}')}")
    run.expect("deaths by one of HTTP", _deaths(run) - before, at_least=ATTEMPTS,
               at_most=2 * ATTEMPTS)  # its row may be sent twice
    expect_steady(run)
    for role in run.roles.values():  # these were asked for
        role.crashes = [status for status in role.crashes if status != -signal.SIGKILL]
